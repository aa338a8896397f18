// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DeliveryLog: the last texts that were sent on one socket and that its client has not confirmed,
// so that the next socket, on whatever node, gets what this one takes into the grave. Bounded in
// number, bytes and age. Empty, it owns no memory.
#ifndef PAIRWIRE_SIGNALING_CORE_DELIVERY_LOG_H_
#define PAIRWIRE_SIGNALING_CORE_DELIVERY_LOG_H_

#include <array>
#include <charconv>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signaling/protocol/limits.h"
#include "signaling/protocol/time.h"
#include "signaling/store/store.h"

namespace pairwire::relay {

// The number of a delivery, "3.17" on the wire: the socket's epoch, then counted. What a later
// socket repeats keeps its number, so a client's numbers grow over all its sockets.
struct DeliveryId {
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;

  auto operator<=>(const DeliveryId&) const = default;

  std::string ToString() const;
  // The same without an allocation.
  class Text;
  Text ToText() const;
  // Anything else is smaller than every number of ours.
  static DeliveryId Parse(std::string_view text) {
    DeliveryId id;
    const char* const end = text.data() + text.size();
    const auto [dot, error] = std::from_chars(text.data(), end, id.epoch);
    if (error != std::errc() || dot == end || *dot != '.') return {};
    const auto [last, second_error] = std::from_chars(dot + 1, end, id.number);
    if (second_error != std::errc() || last != end) return {};
    return id;
  }
};

class DeliveryId::Text {
 public:
  explicit Text(const DeliveryId& id) {
    char* const end = text_.data() + text_.size();
    char* at = std::to_chars(text_.data(), end, id.epoch).ptr;
    *at++ = '.';
    at = std::to_chars(at, end, id.number).ptr;
    size_ = static_cast<std::size_t>(at - text_.data());
  }
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 2 * 20 + 1> text_{};  // Two numbers of 64 bits.
  std::size_t size_ = 0;
};
inline DeliveryId::Text DeliveryId::ToText() const { return Text(*this); }
inline std::string DeliveryId::ToString() const { return std::string(ToText().view()); }

class DeliveryLog {
 public:
  // In the order of the ids.
  void Add(DeliveryId id, std::string text, protocol::TimePoint now) {
    bytes_ += text.size();
    sent_.push_back({id, std::move(text), now});
    while (size() > protocol::kMaxKeptMessages || bytes_ > protocol::kMaxKeptBytes) Pop();
  }
  // The client has everything up to `id`.
  void DropUpTo(DeliveryId id) {
    while (size() > 0 && sent_[first_].id <= id) Pop();
  }
  void DropOlderThan(protocol::TimePoint oldest) {
    while (size() > 0 && sent_[first_].when < oldest) Pop();
  }
  // Oldest first; leaves nothing.
  std::vector<KeptText> TakeAll() {
    std::vector<KeptText> all;
    for (; first_ < sent_.size(); ++first_) {
      all.push_back({sent_[first_].id.ToString(), std::move(sent_[first_].text)});
    }
    sent_ = {};
    first_ = bytes_ = 0;
    return all;
  }
  std::size_t size() const { return sent_.size() - first_; }

 private:
  struct Sent {
    DeliveryId id;
    std::string text;
    protocol::TimePoint when;
  };
  void Pop() {
    bytes_ -= sent_[first_].text.size();
    sent_[first_].text = {};
    ++first_;
    if (first_ == sent_.size()) {
      sent_ = {};
      first_ = 0;
    } else if (first_ * 2 >= sent_.size() && first_ >= kCompact) {
      sent_.erase(sent_.begin(), sent_.begin() + static_cast<std::ptrdiff_t>(first_));
      first_ = 0;
    }
  }

  // Fewer are not worth moving the rest.
  static constexpr std::size_t kCompact = 16;

  std::vector<Sent> sent_;  // From first_ on; what is in front is empty.
  std::size_t first_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_CORE_DELIVERY_LOG_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// FieldReader: takes a step's answer apart, one field after the other. What is not as it should be
// gives an empty value and makes the reader not ok: the server may be anybody, so nothing here is
// a check. Netstrings: what scripts pack (lib.lua), "3:abc0:".
#ifndef PAIRWIRE_SIGNALING_REDIS_FIELDS_H_
#define PAIRWIRE_SIGNALING_REDIS_FIELDS_H_

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signaling/redis/resp.h"
#include "signaling/store/store.h"

namespace pairwire::redis {

template <typename T>
std::optional<T> ToNumber(std::string_view text) {
  T number{};
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

std::optional<relay::Role> RoleFrom(std::string_view text);

class FieldReader {
 public:
  explicit FieldReader(std::vector<Reply> fields) : fields_(std::move(fields)) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return next_ >= fields_.size(); }

  std::string Text() {
    Reply* field = Take();
    if (field == nullptr || !field->IsText()) return Fail<std::string>();
    return std::move(field->text);
  }
  // An integer, or its digits.
  std::uint64_t Number() {
    const Reply* field = Take();
    if (field == nullptr) return Fail<std::uint64_t>();
    if (field->IsInteger() && field->integer >= 0) {
      return static_cast<std::uint64_t>(field->integer);
    }
    const auto number = ToNumber<std::uint64_t>(field->text);
    return number ? *number : Fail<std::uint64_t>();
  }
  bool Flag() { return Number() != 0; }
  FieldReader List() {
    Reply* field = Take();
    if (field == nullptr || !field->IsArray()) return FieldReader(Fail<std::vector<Reply>>());
    return FieldReader(std::move(field->elements));
  }
  relay::Role Role() {
    const auto role = RoleFrom(Text());
    return role ? *role : Fail<relay::Role>();
  }
  // One after the other.
  std::vector<relay::TokenHash> Hashes() {
    const std::string text = Text();
    const std::size_t size = relay::TokenHash{}.size();
    if (text.size() % size != 0) return Fail<std::vector<relay::TokenHash>>();
    std::vector<relay::TokenHash> hashes(text.size() / size);
    for (std::size_t i = 0; i < text.size(); ++i) {
      hashes[i / size][i % size] = static_cast<std::uint8_t>(text[i]);
    }
    return hashes;
  }
  // One, or none.
  std::optional<relay::TokenHash> Hash() {
    const std::vector<relay::TokenHash> hashes = Hashes();
    if (hashes.empty()) return std::nullopt;
    return hashes.front();
  }
  void Adopt(const FieldReader& inner) { ok_ = ok_ && inner.ok_; }
  // What a field said is not as it should be.
  void Reject() { ok_ = false; }

 private:
  Reply* Take() { return AtEnd() ? nullptr : &fields_[next_++]; }
  template <typename T>
  T Fail() {
    ok_ = false;
    return T{};
  }

  std::vector<Reply> fields_;
  std::size_t next_ = 0;
  bool ok_ = true;
};

// Nothing when the bytes are not netstrings to their end.
std::optional<std::vector<std::string_view>> ParseNetstrings(std::string_view bytes);
void AppendNetstring(std::string_view text, std::string& out);

// Seats, one after the other: of each member the node where it has its socket (or none), epoch, id,
// role and name. Nothing when one of them is not as it should be.
std::optional<std::vector<relay::Present>> ParseSeats(std::string_view bytes);

// What one entry of a node's inbox tells it: one message, or one for each of several members.
// Nothing when it is none that we know.
std::vector<relay::NodeMessage> ParseNodeMessages(const std::vector<std::string_view>& parts);

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_FIELDS_H_

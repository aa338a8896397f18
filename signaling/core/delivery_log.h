// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DeliveryLog: the last messages that were sent to one member, so that a resumed socket gets what
// its predecessor took into the grave. Bounded in number, bytes and age.
#ifndef PAIRWIRE_SIGNALING_CORE_DELIVERY_LOG_H_
#define PAIRWIRE_SIGNALING_CORE_DELIVERY_LOG_H_

#include <algorithm>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signaling/protocol/limits.h"
#include "signaling/protocol/time.h"

namespace pairwire::relay {

class DeliveryLog {
 public:
  void Add(std::string id, std::string text, protocol::TimePoint now) {
    bytes_ += text.size();
    sent_.push_back({std::move(id), std::move(text), now});
    while (sent_.size() > protocol::kMaxKeptMessages || bytes_ > protocol::kMaxKeptBytes) Pop();
  }
  // The texts after the one with `last_id`; all of them when it is not (or no longer) here.
  std::vector<std::string> After(std::string_view last_id) const {
    const auto found = std::find_if(sent_.begin(), sent_.end(),
                                    [&](const Sent& sent) { return sent.id == last_id; });
    std::vector<std::string> texts;
    for (auto it = found == sent_.end() ? sent_.begin() : found + 1; it != sent_.end(); ++it) {
      texts.push_back(it->text);
    }
    return texts;
  }
  void DropOlderThan(protocol::TimePoint oldest) {
    while (!sent_.empty() && sent_.front().when < oldest) Pop();
  }
  std::size_t size() const { return sent_.size(); }

 private:
  struct Sent {
    std::string id;
    std::string text;
    protocol::TimePoint when;
  };
  void Pop() {
    bytes_ -= sent_.front().text.size();
    sent_.pop_front();
  }

  std::deque<Sent> sent_;
  std::size_t bytes_ = 0;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_CORE_DELIVERY_LOG_H_

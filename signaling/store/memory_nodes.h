// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the memory store knows of nodes and of the past. Inside this folder only.
#ifndef PAIRWIRE_SIGNALING_STORE_MEMORY_NODES_H_
#define PAIRWIRE_SIGNALING_STORE_MEMORY_NODES_H_

#include <charconv>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "signaling/store/event_log.h"
#include "signaling/store/memory_session.h"
#include "signaling/store/registry.h"

namespace pairwire::relay {

// A node that announced itself.
struct MemoryNode {
  NodeInfo info;
  TimePoint until{};
  DueHandle due;
};

// The newest `bound` changes.
class MemoryEvents {
 public:
  explicit MemoryEvents(std::size_t bound) : bound_(bound) {}

  void Add(LoggedEvent event) {
    if (bound_ == 0) return;
    if (events_.size() >= bound_) events_.pop_front();
    event.cursor = std::to_string(++last_);
    events_.push_back(std::move(event));
  }
  std::vector<LoggedEvent> After(const std::string& cursor, std::size_t limit) const {
    std::uint64_t after = 0;
    std::from_chars(cursor.data(), cursor.data() + cursor.size(), after);
    std::vector<LoggedEvent> found;
    const std::uint64_t first = last_ - events_.size() + 1;
    for (std::size_t i = after < first ? 0 : static_cast<std::size_t>(after - first + 1);
         i < events_.size() && found.size() < limit; ++i) {
      found.push_back(events_[i]);
    }
    return found;
  }

 private:
  const std::size_t bound_;
  std::deque<LoggedEvent> events_;
  std::uint64_t last_ = 0;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_MEMORY_NODES_H_

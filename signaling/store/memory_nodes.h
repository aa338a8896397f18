// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the memory store knows of nodes and of the past. Inside this folder only.
#ifndef PAIRWIRE_SIGNALING_STORE_MEMORY_NODES_H_
#define PAIRWIRE_SIGNALING_STORE_MEMORY_NODES_H_

#include <charconv>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "signaling/store/event_log.h"
#include "signaling/store/memory_session.h"
#include "signaling/store/registry.h"

namespace pairwire::relay {

// A node that announced itself.
struct MemoryNode : DueWork {
  MemoryNode() : DueWork(DueKind::kNode) {}
  NodeInfo info;
  TimePoint until{};
};

// The ids of nodes by number, so that a member does not carry a string. None is forgotten: they are
// configured, and a process has one.
class NodeNames {
 public:
  // The same for the same id; 0 for the empty one.
  NodeNumber NumberOf(const std::string& id) {
    if (id.empty()) return 0;
    const auto [found, added] = numbers_.try_emplace(id, static_cast<NodeNumber>(names_.size()));
    if (added) names_.push_back(id);
    return found->second;
  }
  const std::string& NameOf(NodeNumber number) const { return names_[number]; }

 private:
  std::vector<std::string> names_ = {""};
  std::unordered_map<std::string, NodeNumber> numbers_;
};

// The newest `bound` changes, one at least.
class MemoryEvents {
 public:
  explicit MemoryEvents(std::size_t bound) : bound_(bound) {}

  void Add(LoggedEvent event) {
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

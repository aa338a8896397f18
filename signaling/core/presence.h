// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Presence: gathers signs of life of this node's members and tells the store of them as one step a
// second, so that 10,000 members, each alive every ten seconds, cost four steps a second. A member
// that falls silent is closed by its socket's own deadline, not here.
#ifndef PAIRWIRE_SIGNALING_CORE_PRESENCE_H_
#define PAIRWIRE_SIGNALING_CORE_PRESENCE_H_

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "signaling/store/store.h"

namespace pairwire::relay {

class Presence {
 public:
  static constexpr std::chrono::seconds kPeriod{1};

  // `store` outlives it.
  explicit Presence(Store& store) : store_(store) {}

  void Alive(const std::string& session_id, const std::string& member_id, TimePoint now) {
    if (alive_.empty()) due_ = now + kPeriod;
    alive_.emplace(session_id, member_id);
  }
  void Tick(TimePoint now) {
    if (due_ > now) return;
    due_ = TimePoint::max();
    std::vector<Touch> touches;
    for (const auto& [session_id, member_id] : std::exchange(alive_, {})) {
      touches.push_back({session_id, member_id});
      if (touches.size() == kMaxTouches) Tell(std::exchange(touches, {}), now);
    }
    if (!touches.empty()) Tell(std::move(touches), now);
  }
  TimePoint NextDeadline() const { return due_; }

 private:
  // A step that fails is not repeated: the next sign of life follows within ten seconds, and the
  // store's terms are three times that.
  void Tell(std::vector<Touch> touches, TimePoint now) {
    store_.Heartbeat(std::move(touches), now, [](StoreResult<std::size_t>) {});
  }

  Store& store_;
  std::set<std::pair<std::string, std::string>> alive_;
  TimePoint due_ = TimePoint::max();
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_CORE_PRESENCE_H_

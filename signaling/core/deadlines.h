// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Deadlines: what is due when, in order; nothing is ever scanned. Work is a plain value, so that a
// late one finds its object gone instead of dangling.
#ifndef PAIRWIRE_SIGNALING_CORE_DEADLINES_H_
#define PAIRWIRE_SIGNALING_CORE_DEADLINES_H_

#include <map>
#include <optional>
#include <utility>

#include "signaling/protocol/time.h"

namespace pairwire::relay {

using protocol::TimePoint;

template <typename Work>
class Deadlines {
 public:
  using Handle = std::optional<typename std::multimap<TimePoint, Work>::iterator>;

  void Schedule(Handle& handle, TimePoint when, Work work) {
    Cancel(handle);
    handle = due_.emplace(when, std::move(work));
  }
  void Cancel(Handle& handle) {
    if (handle) due_.erase(*handle);
    handle.reset();
  }
  // The first that is due. Its owner's handle stays set until the owner cancels it.
  std::optional<Work> FirstDue(TimePoint now) const {
    if (due_.empty() || due_.begin()->first > now) return std::nullopt;
    return due_.begin()->second;
  }
  TimePoint Next() const { return due_.empty() ? TimePoint::max() : due_.begin()->first; }
  std::size_t size() const { return due_.size(); }

 private:
  std::multimap<TimePoint, Work> due_;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_CORE_DEADLINES_H_

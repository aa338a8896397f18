// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DisplayHealth: whether a display is online or degraded, second by second, from the frames it
// showed and the path it has. Pure. Not here: offline, which nobody can say of himself: who hears
// nothing of a display for 30 s takes it for that (display_watch.h, the relay's status service).
#ifndef PAIRWIRE_PEER_SESSION_DISPLAY_HEALTH_H_
#define PAIRWIRE_PEER_SESSION_DISPLAY_HEALTH_H_

#include <pairwire/events.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace pairwire {

// What was counted since the second before.
struct FrameCounts {
  std::uint64_t shown = 0;  // late ones included
  std::uint64_t late = 0;
  std::uint64_t dropped = 0;
};

class DisplayHealth {
 public:
  // Half of the usual rate is what a viewer sees as stuttering.
  static constexpr double kLeastOfMedian = 0.5;
  static constexpr double kMostLate = 0.05;
  static constexpr std::size_t kMedianSeconds = 60;
  static constexpr std::size_t kLateSeconds = 10;
  // A median of fewer seconds says nothing.
  static constexpr std::size_t kLeastSeconds = 5;

  struct Verdict {
    events::DisplayState state = events::DisplayState::kOnline;
    std::optional<double> fps;  // of this interval; empty: no frame was due
    std::string why;            // one reason for a person; empty when online
  };

  // One interval, a second or what became of it on a busy machine. `presenting`: frames are due all
  // the time, so an interval without one counts too.
  Verdict Tick(std::chrono::nanoseconds took, const FrameCounts& counts, bool presenting,
               bool relayed);

 private:
  double Median() const;

  std::deque<double> rates_;        // at most kMedianSeconds
  std::deque<FrameCounts> counts_;  // at most kLateSeconds
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_DISPLAY_HEALTH_H_

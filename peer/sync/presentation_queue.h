// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PresentationQueue: frames that wait for the moment at which all displays show them. It knows ids
// and times only; the frames themselves, and the timer, are its owner's. All times are microseconds
// of one clock, the reference (clock_estimate.h gives it on each display); that clock may be set
// while frames wait.
#ifndef PAIRWIRE_PEER_SYNC_PRESENTATION_QUEUE_H_
#define PAIRWIRE_PEER_SYNC_PRESENTATION_QUEUE_H_

#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace pairwire::sync {

class PresentationQueue {
 public:
  static constexpr std::size_t kMaxFrames = 64;
  static constexpr std::int64_t kMaxAheadUs = 10'000'000;
  // Later than this is late: one refresh of a screen at 60 Hz, and a little.
  static constexpr std::int64_t kLateUs = 20'000;
  // As ClockEstimate's: sums and differences always fit.
  static constexpr std::int64_t kMaxTimeUs = std::int64_t{1} << 60;

  struct Due {
    std::uint64_t id = 0;
    std::int64_t late_us = 0;  // how long ago its moment was; 0 or more
  };
  struct Stats {
    std::uint64_t shown = 0;
    std::uint64_t late = 0;  // of those shown
    // Refused by Push, or given up because the clock was set back under them.
    std::uint64_t dropped = 0;
    std::int64_t worst_late_us = 0;
  };

  // A frame whose moment has passed is taken, to be shown at once. kLimitExceeded: kMaxFrames wait,
  // or it is more than kMaxAheadUs ahead. kInvalidArgument: `at_us` is no time. Ids are the
  // caller's; two frames may have the same.
  Result<void> Push(std::uint64_t id, std::int64_t at_us, std::int64_t now_us);

  // The moment of the next frame; none while nothing waits. May have passed.
  std::optional<std::int64_t> NextDue() const;

  // The earliest frame that is due, in the order of their moments, then of Push. Call it until
  // there is none: after a stall several are due, and whether to show each or only the last is the
  // caller's choice.
  std::optional<Due> Take(std::int64_t now_us);

  // The clock was set back, and this frame is more than kMaxAheadUs ahead now: nobody means it any
  // more. Call it until there is none, after Take.
  std::optional<std::uint64_t> TakeUnreachable(std::int64_t now_us);

  void Clear();

  std::size_t size() const { return frames_.size(); }
  const Stats& stats() const { return stats_; }

 private:
  std::multimap<std::int64_t, std::uint64_t> frames_;  // equal keys keep the order of Push
  Stats stats_;
};

}  // namespace pairwire::sync

#endif  // PAIRWIRE_PEER_SYNC_PRESENTATION_QUEUE_H_

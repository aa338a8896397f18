// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// StallWatch: notices that something is outstanding and nothing moves.
//
//   idle <-> watching -> quiet (a period without progress: told, and again after each) -> stalled
//   (told once)          any progress: back to watching, and the end of a stall is told
//
// It decides nothing about the path: ICE consent does (RFC 7675). Loop thread only.
#ifndef PAIRWIRE_SCTP_STALL_WATCH_H_
#define PAIRWIRE_SCTP_STALL_WATCH_H_

#include <chrono>
#include <cstdint>
#include <utility>

#include "peer/base/loop.h"
#include "peer/base/timer.h"

namespace pairwire::sctp {

class StallWatch {
 public:
  class Events {
   public:
    // From the loop's own frame; may destroy the watch.
    virtual void OnQuiet() = 0;
    virtual void OnStalled() = 0;

   protected:
    ~Events() = default;
  };

  // Looked at this often, and while nothing moves OnQuiet each time: a second is several round
  // trips of any path, and not below usrsctp's timers (200 ms to 2.5 s) by much.
  static constexpr std::chrono::milliseconds kPeriod{1000};

  StallWatch(Loop& loop, Loop::Duration stall_after, Events& events);

  // Something is outstanding, or nothing is. Cheap, to be called whenever it may have changed.
  void SetOutstanding(bool outstanding);
  // Something was acknowledged, or nothing is outstanding any more. True when a stall is over with
  // it.
  bool OnProgress();

  bool outstanding() const { return outstanding_; }
  bool stalled() const { return stalled_; }
  std::uint64_t stalls() const { return stalls_; }

 private:
  void Look();

  const Loop::Duration stall_after_;
  Events& events_;
  Loop& loop_;
  bool outstanding_ = false;
  bool stalled_ = false;
  std::uint64_t stalls_ = 0;
  Loop::TimePoint last_progress_{};
  Timer timer_;  // runs on for a period after the outstanding went: a start for each message costs
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_STALL_WATCH_H_

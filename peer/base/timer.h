// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Timer: one restartable timer of a loop, owned by the object whose method it calls. Stops when
// destroyed. Loop thread only.
#ifndef PAIRWIRE_PEER_BASE_TIMER_H_
#define PAIRWIRE_PEER_BASE_TIMER_H_

#include <functional>
#include <utility>

#include "peer/base/loop.h"

namespace pairwire {

class Timer {
 public:
  // `on_expire` may restart, stop or destroy the timer.
  Timer(Loop& loop, std::function<void()> on_expire)
      : loop_(loop), on_expire_(std::move(on_expire)) {}
  ~Timer() { Stop(); }

  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Starts, or starts over, to expire once after `delay`.
  void Start(Loop::Duration delay) { StartAt(loop_.Now() + delay); }

  void StartAt(Loop::TimePoint when) {
    Stop();
    id_ = loop_.ScheduleAt(when, [this] {
      id_ = 0;
      const auto on_expire = on_expire_;  // a copy: the callback may destroy this timer
      on_expire();
    });
  }

  void Stop() {
    if (id_ != 0) loop_.CancelTimer(std::exchange(id_, 0));
  }

  bool active() const { return id_ != 0; }

 private:
  Loop& loop_;
  const std::function<void()> on_expire_;
  TimerId id_ = 0;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_BASE_TIMER_H_

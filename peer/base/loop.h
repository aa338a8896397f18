// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Loop: one thread, its clock, its timers and its mailbox, seen as an interface. Every internal
// object of a peer lives on exactly one loop and has no mutex. `AsioLoop` is the real one,
// `ManualLoop` (tests/support) has a clock that jumps to the next event.
//
// Not here: descriptors (io_loop.h). Boxes that do no I/O take a Loop and run on either.
#ifndef PAIRWIRE_PEER_BASE_LOOP_H_
#define PAIRWIRE_PEER_BASE_LOOP_H_

#include <chrono>
#include <cstdint>

#include "peer/base/task.h"

namespace pairwire {

// Identifies one pending timer; never reused within a loop. 0 is no timer.
using TimerId = std::uint64_t;

class Loop {
 public:
  using Clock = std::chrono::steady_clock;
  using TimePoint = Clock::time_point;
  using Duration = Clock::duration;

  virtual ~Loop() = default;

  // The loop's idea of now. Logic never asks the system's clock.
  virtual TimePoint Now() const = 0;

  // True on the loop's own thread.
  virtual bool IsCurrent() const = 0;

  // Runs `task` on the loop, after everything posted before; never from inside Post. Any thread.
  // After the loop stopped, tasks are destroyed without being run.
  virtual void Post(Task task) = 0;

  // Runs `task` once the current turn's ready work is done, before the loop sleeps: the place to
  // flush what one turn gathered. Loop thread only. Tasks posted from such a task run in the next
  // turn.
  virtual void PostAtTurnEnd(Task task) = 0;

  // Runs `task` at `when` or as soon after as the loop can; timers due together run in order of
  // `when`, then of creation. Loop thread only.
  virtual TimerId ScheduleAt(TimePoint when, Task task) = 0;

  // Forgets a timer; nothing happens when it already ran. Loop thread only.
  virtual void CancelTimer(TimerId id) = 0;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_BASE_LOOP_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ManualLoop: a Loop without a thread, whose clock stands still until the test moves it and then
// jumps from event to event. A day of timers takes a moment and runs the same way each time.
//
// It keeps AsioLoop's promises (tests/peer/base/loop_contract_test.cc runs on both), with one
// freedom: each thread counts as the loop's own. Only Post may be called from other threads.
#ifndef PAIRWIRE_TESTS_SUPPORT_MANUAL_LOOP_H_
#define PAIRWIRE_TESTS_SUPPORT_MANUAL_LOOP_H_

#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "peer/base/loop.h"
#include "peer/base/timer_queue.h"

namespace pairwire::test {

class ManualLoop final : public Loop {
 public:
  ManualLoop() = default;
  // Stops.
  ~ManualLoop() override;

  ManualLoop(const ManualLoop&) = delete;
  ManualLoop& operator=(const ManualLoop&) = delete;

  // Runs what is posted, then the turn's end, until neither is left. Runs no timer and does not
  // move the clock. Work that posts itself for ever is a bug and ends the program.
  void RunUntilIdle();

  // Runs until idle, jumps to the next timer, runs that one and what it posted. False when there
  // was no timer: without outside help nothing will ever happen again.
  bool Step();

  // Moves the clock by `duration`, stopping at each timer on the way to run it at its own time.
  // Starts and ends idle.
  void AdvanceBy(Duration duration);
  void RunFor(Duration duration) { AdvanceBy(duration); }

  // Moves the clock by `duration` at once, as when the machine slept: timers on the way run late.
  void JumpBy(Duration duration);

  // Steps until `condition` holds, looking after each turn; gives up when `limit` has passed on the
  // clock. Returns whether it holds.
  bool RunUntil(const std::function<bool()>& condition, Duration limit);

  std::optional<TimePoint> NextTimer() const { return timers_.Next(); }

  // Destroys what is queued without running it, and from now on what comes.
  void Stop();

  TimePoint Now() const override { return now_; }
  bool IsCurrent() const override { return true; }
  void Post(Task task) override;
  void PostAtTurnEnd(Task task) override;
  TimerId ScheduleAt(TimePoint when, Task task) override;
  void CancelTimer(TimerId id) override;

 private:
  // Returns false when there was nothing to run.
  bool RunTurn();
  // Runs the next timer if it is due by `end`, at its time.
  bool RunNextTimer(TimePoint end);

  // Not zero, so that "a minute ago" is a time too.
  TimePoint now_{std::chrono::hours(1000)};
  std::mutex mutex_;  // guards posted_ and stopped_ against Post from other threads
  std::vector<Task> posted_;
  bool stopped_ = false;
  std::vector<Task> turn_end_;
  TimerQueue timers_;
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_SUPPORT_MANUAL_LOOP_H_

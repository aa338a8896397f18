// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DirectLoop: a Loop that the measuring code itself turns, on the real clock: no thread, no sleep,
// no wake-up between what is measured.
#ifndef PAIRWIRE_BENCH_MICRO_DIRECT_LOOP_H_
#define PAIRWIRE_BENCH_MICRO_DIRECT_LOOP_H_

#include <utility>
#include <vector>

#include "peer/base/loop.h"
#include "peer/base/timer_queue.h"

namespace pairwire::bench {

// One thread uses it.
class DirectLoop final : public Loop {
 public:
  // Runs what is posted and due until nothing is left, then the turn's end, and that again if the
  // end posted more.
  void Turn() {
    do {
      RunPosted();
      while (Task due = timers_.TakeDue(Now())) {
        due();
        RunPosted();
      }
      std::vector<Task> ending;
      ending.swap(turn_end_);
      for (Task& task : ending) task();
    } while (!posted_.empty() || !turn_end_.empty());
  }

  TimePoint Now() const override { return Clock::now(); }
  bool IsCurrent() const override { return true; }
  void Post(Task task) override { posted_.push_back(std::move(task)); }
  void PostAtTurnEnd(Task task) override { turn_end_.push_back(std::move(task)); }
  TimerId ScheduleAt(TimePoint when, Task task) override {
    return timers_.Schedule(when, std::move(task));
  }
  void CancelTimer(TimerId id) override { timers_.Cancel(id); }

 private:
  void RunPosted() {
    while (!posted_.empty()) {
      std::vector<Task> batch;
      batch.swap(posted_);
      for (Task& task : batch) task();
    }
  }

  std::vector<Task> posted_;
  std::vector<Task> turn_end_;
  TimerQueue timers_;
};

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_MICRO_DIRECT_LOOP_H_

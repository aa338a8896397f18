// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/support/manual_loop.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "peer/base/check.h"

namespace pairwire::test {
namespace {

// More turns than this without a timer in between: something posts itself for ever.
constexpr int kMaxTurnsUntilIdle = 1'000'000;
constexpr std::size_t kMaxTasksPerTurn = 10'000'000;

}  // namespace

ManualLoop::~ManualLoop() { Stop(); }

void ManualLoop::Stop() {
  std::vector<Task> posted;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    posted.swap(posted_);
  }
  // In order; a task's destructor may call back.
  for (Task& task : posted) std::exchange(task, Task());
  std::vector<Task> turn_end;
  turn_end.swap(turn_end_);
  turn_end.clear();
  timers_.Clear();
}

void ManualLoop::Post(Task task) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;  // `task` dies after the lock does
  posted_.push_back(std::move(task));
}

void ManualLoop::PostAtTurnEnd(Task task) {
  if (!stopped_) turn_end_.push_back(std::move(task));
}

TimerId ManualLoop::ScheduleAt(TimePoint when, Task task) {
  if (stopped_) return 0;
  return timers_.Schedule(when, std::move(task));
}

void ManualLoop::CancelTimer(TimerId id) { timers_.Cancel(id); }

bool ManualLoop::RunTurn() {
  std::size_t ran = 0;
  while (true) {
    std::vector<Task> batch;
    {
      const std::lock_guard lock(mutex_);
      batch.swap(posted_);
    }
    if (batch.empty()) break;
    for (Task& task : batch) {
      Task running = std::move(task);
      if (stopped_) continue;  // an earlier task stopped the loop: only destroy
      running();
    }
    ran += batch.size();
    PAIRWIRE_CHECK(ran < kMaxTasksPerTurn);
  }
  std::vector<Task> ending;
  ending.swap(turn_end_);
  for (Task& task : ending) std::exchange(task, Task())();
  return ran > 0 || !ending.empty();
}

void ManualLoop::RunUntilIdle() {
  int turns = 0;
  while (RunTurn()) PAIRWIRE_CHECK(++turns < kMaxTurnsUntilIdle);
}

bool ManualLoop::RunNextTimer(TimePoint end) {
  const auto next = timers_.Next();
  if (!next || *next > end) return false;
  now_ = std::max(now_, *next);
  Task task = timers_.TakeDue(now_);
  task();
  return true;
}

bool ManualLoop::Step() {
  RunUntilIdle();
  if (!RunNextTimer(TimePoint::max())) return false;
  RunUntilIdle();
  return true;
}

void ManualLoop::AdvanceBy(Duration duration) {
  const TimePoint end = now_ + duration;
  RunUntilIdle();
  while (RunNextTimer(end)) RunUntilIdle();
  now_ = std::max(now_, end);
}

void ManualLoop::JumpBy(Duration duration) {
  now_ += duration;
  AdvanceBy(Duration::zero());
}

bool ManualLoop::RunUntil(const std::function<bool()>& condition, Duration limit) {
  const TimePoint end = now_ + limit;
  while (true) {
    if (condition()) return true;
    if (RunTurn()) continue;
    if (RunNextTimer(end)) continue;
    now_ = std::max(now_, end);
    return false;
  }
}

}  // namespace pairwire::test

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TimerQueue: the pending timers of one loop in the order in which they must run: by time, then by
// creation. It has no clock and runs nothing; AsioLoop and ManualLoop (tests/support) drive it. One
// thread. A task's destructor may call back into the queue.
#ifndef PAIRWIRE_PEER_BASE_TIMER_QUEUE_H_
#define PAIRWIRE_PEER_BASE_TIMER_QUEUE_H_

#include <cstddef>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "peer/base/loop.h"
#include "peer/base/task.h"

namespace pairwire {

class TimerQueue {
 public:
  TimerQueue() = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue() { Clear(); }

  // O(log n). The id is never 0 and never given twice.
  TimerId Schedule(Loop::TimePoint when, Task task);

  // O(log n). Destroys the task; false when there is no such timer (it ran, or was cancelled).
  bool Cancel(TimerId id);

  // The time of the first timer; none when the queue is empty.
  std::optional<Loop::TimePoint> Next() const;

  // Takes out the first timer's task if it is due at `now`; an empty task when none is.
  Task TakeDue(Loop::TimePoint now);

  // Destroys all tasks without running them.
  void Clear();

  std::size_t size() const { return by_time_.size(); }

 private:
  // Ids grow, so the id is also the order of creation.
  using Key = std::pair<Loop::TimePoint, TimerId>;

  std::map<Key, Task> by_time_;
  std::unordered_map<TimerId, Loop::TimePoint> times_;
  TimerId next_id_ = 1;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_BASE_TIMER_QUEUE_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/base/timer_queue.h"

namespace pairwire {

TimerId TimerQueue::Schedule(Loop::TimePoint when, Task task) {
  const TimerId id = next_id_++;
  by_time_.emplace(Key(when, id), std::move(task));
  times_.emplace(id, when);
  return id;
}

bool TimerQueue::Cancel(TimerId id) {
  const auto time = times_.find(id);
  if (time == times_.end()) return false;
  // The node leaves the map first and dies at the end of this scope: its destructor may call back.
  const auto node = by_time_.extract(Key(time->second, id));
  times_.erase(time);
  return true;
}

std::optional<Loop::TimePoint> TimerQueue::Next() const {
  if (by_time_.empty()) return std::nullopt;
  return by_time_.begin()->first.first;
}

Task TimerQueue::TakeDue(Loop::TimePoint now) {
  if (by_time_.empty() || by_time_.begin()->first.first > now) return {};
  auto node = by_time_.extract(by_time_.begin());
  times_.erase(node.key().second);
  return std::move(node.mapped());
}

void TimerQueue::Clear() {
  while (!by_time_.empty()) {
    std::map<Key, Task> gone;
    gone.swap(by_time_);
    times_.clear();
  }
}

}  // namespace pairwire

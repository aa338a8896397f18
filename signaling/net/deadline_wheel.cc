// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/net/deadline_wheel.h"

#include <algorithm>

namespace pairwire::net {

Deadline::~Deadline() {
  if (wheel_ != nullptr) wheel_->Unlink(*this);
}

DeadlineWheel::DeadlineWheel(EventLoop& loop)
    : loop_(loop), start_(loop.Now()), alarm_(loop, [this] { Advance(); }) {
  next_tick_ = 1;
}

DeadlineWheel::~DeadlineWheel() {
  for (Deadline* entry : slots_) {
    while (entry != nullptr) {
      Deadline* next = entry->next_;
      entry->wheel_ = nullptr;
      entry = next;
    }
  }
}

std::uint64_t DeadlineWheel::TickOf(EventLoop::TimePoint time) const {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, (time - start_) / kTick));
}

void DeadlineWheel::Set(Deadline& deadline, std::chrono::milliseconds delay) {
  if (deadline.wheel_ != nullptr) Unlink(deadline);
  // + 1: the tick that runs now has begun already, so that rounding never makes a deadline early.
  const std::uint64_t due = TickOf(loop_.Now() + std::max(delay, std::chrono::milliseconds(0))) + 1;
  deadline.due_tick_ = static_cast<std::uint32_t>(std::max(due, next_tick_ + (advancing_ ? 1 : 0)));
  Link(deadline);
  Arm();
}

void DeadlineWheel::Cancel(Deadline& deadline) {
  if (deadline.wheel_ != nullptr) Unlink(deadline);
}

void DeadlineWheel::Link(Deadline& deadline) {
  Deadline*& head = slots_[deadline.due_tick_ % kSlots];
  deadline.wheel_ = this;
  deadline.previous_ = nullptr;
  deadline.next_ = head;
  if (head != nullptr) head->previous_ = &deadline;
  head = &deadline;
  ++size_;
}

void DeadlineWheel::Unlink(Deadline& deadline) {
  if (cursor_ == &deadline) cursor_ = deadline.next_;
  if (deadline.previous_ != nullptr) {
    deadline.previous_->next_ = deadline.next_;
  } else {
    slots_[deadline.due_tick_ % kSlots] = deadline.next_;
  }
  if (deadline.next_ != nullptr) deadline.next_->previous_ = deadline.previous_;
  deadline.wheel_ = nullptr;
  deadline.previous_ = nullptr;
  deadline.next_ = nullptr;
  --size_;
}

void DeadlineWheel::Arm() {
  if (advancing_) return;
  if (size_ == 0) {
    armed_tick_ = 0;
    alarm_.Cancel();
    return;
  }
  std::uint64_t tick = next_tick_;
  while (slots_[tick % kSlots] == nullptr) ++tick;
  if (armed_tick_ == tick) return;
  armed_tick_ = tick;
  alarm_.SetAt(start_ + kTick * static_cast<std::int64_t>(tick));
}

void DeadlineWheel::Advance() {
  armed_tick_ = 0;
  advancing_ = true;
  const std::uint64_t now = TickOf(loop_.Now());
  // After a long stop (a suspended machine) one turn visits every slot; more would visit them
  // again.
  if (now > next_tick_ + kSlots) next_tick_ = now - kSlots;
  for (; next_tick_ <= now; ++next_tick_) RunSlot(next_tick_);
  advancing_ = false;
  Arm();
}

void DeadlineWheel::RunSlot(std::uint64_t tick) {
  cursor_ = slots_[tick % kSlots];
  while (cursor_ != nullptr) {
    Deadline& deadline = *cursor_;
    cursor_ = deadline.next_;
    if (deadline.due_tick_ > tick) continue;
    Unlink(deadline);
    deadline.OnDeadline();
  }
}

}  // namespace pairwire::net

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DeadlineWheel: the deadlines of all connections on one timer. Setting, moving and cancelling one
// is a few pointer writes, and an idle connection pays 36 bytes instead of a timer object; that is
// what keeps thousands of waiting displays cheap. Precision is one tick; a deadline is never early.
//
// Not here: the time of sessions and codes, which signaling/core keeps (Relay::NextDeadline).
#ifndef PAIRWIRE_SIGNALING_NET_DEADLINE_WHEEL_H_
#define PAIRWIRE_SIGNALING_NET_DEADLINE_WHEEL_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "signaling/net/event_loop.h"

namespace pairwire::net {

class DeadlineWheel;

// Something that has at most one deadline at a time. Its destructor forgets the deadline.
class Deadline {
 public:
  Deadline() = default;
  virtual ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  // The deadline passed; it is not set any more. May set a new one and may destroy any Deadline,
  // this one too.
  virtual void OnDeadline() = 0;

 private:
  friend class DeadlineWheel;

  DeadlineWheel* wheel_ = nullptr;  // null: not set
  Deadline* previous_ = nullptr;
  Deadline* next_ = nullptr;
  std::uint32_t due_tick_ = 0;  // 13 years; what comes after it in a connection fills the gap
};

// Must outlive the deadlines that are set in it. Loop thread only.
class DeadlineWheel {
 public:
  // 100 ms is far below every deadline of a connection and wakes the process at most ten times a
  // second, and only while something is due within a turn of the wheel.
  static constexpr std::chrono::milliseconds kTick{100};

  explicit DeadlineWheel(EventLoop& loop);
  ~DeadlineWheel();
  DeadlineWheel(const DeadlineWheel&) = delete;
  DeadlineWheel& operator=(const DeadlineWheel&) = delete;

  // OnDeadline will be called once, `delay` from now, rounded up to a tick. Replaces an earlier
  // setting.
  void Set(Deadline& deadline, std::chrono::milliseconds delay);
  void Cancel(Deadline& deadline);

  std::size_t size() const { return size_; }

 private:
  friend class Deadline;

  // 51 s for one turn; what is later than that is passed over until its turn.
  static constexpr std::size_t kSlots = 512;

  std::uint64_t TickOf(EventLoop::TimePoint time) const;
  void Link(Deadline& deadline);
  void Unlink(Deadline& deadline);
  void Arm();
  void Advance();
  // Runs what is due in the slot of `tick`.
  void RunSlot(std::uint64_t tick);

  EventLoop& loop_;
  const EventLoop::TimePoint start_;
  std::array<Deadline*, kSlots> slots_{};
  std::uint64_t next_tick_ = 0;   // the first tick that was not run yet
  std::uint64_t armed_tick_ = 0;  // 0: the alarm is off
  std::size_t size_ = 0;
  bool advancing_ = false;
  // Where RunSlot goes on; Unlink moves it when that very entry goes away.
  Deadline* cursor_ = nullptr;
  Alarm alarm_;
};

}  // namespace pairwire::net

#endif  // PAIRWIRE_SIGNALING_NET_DEADLINE_WHEEL_H_

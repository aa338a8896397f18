// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Reactor: one epoll and the timers of a load run, on the calling thread. Sockets are added once,
// edge-triggered, and never changed: a system call less for each connection.
//
// Not here: the reactor of the relay. A client that measures a server shares no code with it, or
// both would have the same mistakes.
#ifndef PAIRWIRE_SIGNALING_LOAD_REACTOR_H_
#define PAIRWIRE_SIGNALING_LOAD_REACTOR_H_

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace pairwire::load {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

class Reactor {
 public:
  class Handler {
   public:
    // epoll(7) events. May remove and destroy this handler and any other.
    virtual void OnEvents(std::uint32_t events) = 0;
    // Once after the turn in which MarkDirty was called: write what was gathered. May neither add
    // nor remove nor mark handlers.
    virtual void OnTurnEnd() = 0;

   protected:
    ~Handler() = default;
  };
  using Timer = std::pair<TimePoint, std::uint64_t>;

  Reactor();
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // False when the kernel refuses (the limit of watches). The handler must Remove itself before it
  // goes.
  bool Add(int fd, Handler& handler);
  // Before the descriptor is closed. No event of this turn reaches the handler any more.
  void Remove(int fd, Handler& handler);
  void MarkDirty(Handler& handler) { dirty_.push_back(&handler); }

  // Runs `callback` once, at `when` or as soon after it as the loop comes to it.
  Timer At(TimePoint when, std::function<void()> callback);
  // Does nothing when it has run already.
  void Cancel(const Timer& timer) { timers_.erase(timer); }

  // Runs turns until `done` holds after one of them (and before the first), or `deadline` passed.
  // True when it holds. Not to be called from inside a handler or timer.
  bool RunUntil(const std::function<bool()>& done, TimePoint deadline);
  void RunFor(std::chrono::nanoseconds duration);

  // What a handler may read into; one turn uses it one after another.
  std::span<char> scratch() { return scratch_; }

 private:
  void Turn(TimePoint deadline);
  void RunTimers();
  void EndTurn();

  static constexpr std::size_t kMaxEvents = 256;
  static constexpr std::size_t kScratchBytes = 64 * 1024;

  int epoll_ = -1;
  std::array<epoll_event, kMaxEvents> events_{};
  std::span<epoll_event> ready_;  // of this turn, not handled yet
  std::vector<Handler*> dirty_;
  std::map<Timer, std::function<void()>> timers_;
  std::uint64_t next_timer_ = 0;
  std::vector<char> scratch_;
};

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_REACTOR_H_

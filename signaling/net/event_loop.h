// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// EventLoop: the relay's one thread and its reactor on epoll; Alarm, one timer on it; TurnEnd, work
// that is gathered during a turn and done once at its end. All of the relay runs here, so nothing
// in it has a lock.
//
//   turn: wait (at most kMaxEvents descriptors) -> handlers of descriptors -> alarms that are due
//         -> posted tasks -> turn ends, by stage
//
// Not here: deadlines of connections. Thousands of them share one Alarm (deadline_wheel.h).
#ifndef PAIRWIRE_SIGNALING_NET_EVENT_LOOP_H_
#define PAIRWIRE_SIGNALING_NET_EVENT_LOOP_H_

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace pairwire::net {

class Alarm;
class TurnEnd;

// Who hears that a descriptor is ready. Each call comes only while it is wanted; a broken
// connection counts as both, and the read or write that follows says what happened. May change what
// is wanted, may unwatch this and any other descriptor, and may destroy the handler.
class FdHandler {
 public:
  virtual void OnFdReadable() = 0;
  virtual void OnFdWritable() = 0;

 protected:
  ~FdHandler() = default;
};

// How long turns took, from the end of the wait to the end of the turn ends: what comes in is
// answered at most that much later.
struct TurnTimes {
  // counts[i]: turns of less than 2^i microseconds, and not less than half of that; the last one
  // all that were longer.
  static constexpr std::size_t kBuckets = 24;
  std::array<std::uint64_t, kBuckets> counts{};
  std::chrono::nanoseconds sum{0};
};

class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;
  using TimePoint = Clock::time_point;

  // One turn handles so many descriptors before alarms, tasks and turn ends have their turn.
  static constexpr std::size_t kMaxEvents = 256;

  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs until Stop, on the calling thread, which is then the loop's own.
  void Run();
  // Makes Run return after the handler that runs now and the turn ends that are marked. Any thread,
  // also before Run, which then returns at once. What is left waits for another Run.
  void Stop();
  // Runs `task` on the loop after the handler or task that runs now, never from inside Post; tasks
  // of one thread in their order. Any thread. Tasks that are left when the loop is destroyed are
  // not run.
  void Post(std::function<void()> task);

  TimePoint Now() const { return Clock::now(); }
  // When this turn began: exact enough for deadlines of connections, and free.
  TimePoint turn_time() const { return turn_time_; }

  // ---- Descriptors; loop thread, or before Run. ----

  // `handler` hears of `fd`, which must not block, from now on; nothing is wanted yet. The loop
  // does not own the descriptor. kSystem never happens here: epoll is asked only once something is
  // wanted.
  void Watch(int fd, FdHandler& handler);
  // Another handler for a descriptor that is watched; what is wanted stays.
  void Rewatch(int fd, FdHandler& handler);
  // What the handler wants to hear of, again in each turn while it is so (level-triggered). A
  // system call only when it changes. With nothing wanted the loop does not even notice that a
  // connection broke. False: the kernel refused (out of memory, or the limit of epoll watches);
  // nothing is wanted then.
  bool Want(int fd, bool readable, bool writable);
  // As if `fd` had become readable, in the next turn and once: for bytes that were read ahead of
  // those who ask for them (TLS). Nothing when it is not wanted then.
  void Nudge(int fd);
  // Before the descriptor is closed. Nothing is heard of it any more, also not of what this turn
  // still had in hand.
  void Unwatch(int fd);

  // Since the start. Loop thread.
  const TurnTimes& turn_times() const { return turn_times_; }
  // Tasks that wait. Any thread.
  std::size_t posted();

  // Descriptors that are watched, for tests.
  std::size_t watched() const { return watched_; }

 private:
  friend class Alarm;
  friend class TurnEnd;

  // By descriptor, which the kernel keeps small. The generation tells a descriptor from an earlier
  // one of the same number that is still among this turn's events.
  struct Watched {
    FdHandler* handler = nullptr;  // null: not watched
    std::uint32_t generation : 30 = 0;
    std::uint32_t readable : 1 = 0;
    std::uint32_t writable : 1 = 0;
  };
  struct Nudged {
    int fd = -1;
    std::uint32_t generation = 0;
  };

  static constexpr std::size_t kTurnStages = 3;

  int WaitTime();
  void Turn();
  void Deliver(int fd, std::uint32_t generation, std::uint32_t events);
  void RunAlarms();
  void TakeTasks();
  void RunTasks();
  void RunTurnEnds();
  void Wake();
  void SetAlarm(Alarm& alarm, TimePoint when);
  void RemoveAlarm(Alarm& alarm);
  void PlaceAlarm(std::size_t at, Alarm* alarm);
  void SiftUp(std::size_t at);
  void SiftDown(std::size_t at);

  int epoll_ = -1;
  int wake_ = -1;  // an eventfd
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;  // of tasks_
  std::vector<std::function<void()>> tasks_;
  std::vector<std::function<void()>> running_tasks_;  // of this turn
  TimePoint turn_time_ = Clock::now();
  TurnTimes turn_times_;
  std::atomic<std::thread::id> thread_{};  // that of Run
  bool own_task_ = false;                  // the loop posted to itself; needs no waking
  std::vector<Watched> table_;
  std::vector<Nudged> nudged_;
  std::size_t watched_ = 0;
  std::vector<Alarm*> alarms_;  // a heap, the soonest first
  std::uint64_t next_alarm_ = 0;
  TimePoint ringing_ = TimePoint::min();  // the moment up to which alarms ring now
  std::array<std::vector<TurnEnd*>, kTurnStages> turn_ends_;
  std::array<epoll_event, kMaxEvents> events_;
};

// One timer, late by at most a millisecond and what the turn takes, never early; alarms of one
// moment ring in the order in which they were set. Loop thread only; its destructor cancels it.
class Alarm {
 public:
  Alarm(EventLoop& loop, std::function<void()> on_due);
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // Replaces an earlier setting. `on_due` may set the alarm again (a moment that has passed comes
  // in the next turn) and may destroy it.
  void SetAt(EventLoop::TimePoint when);
  void Cancel();
  bool is_set() const { return place_ != kNotSet; }

 private:
  friend class EventLoop;
  static constexpr std::size_t kNotSet = static_cast<std::size_t>(-1);

  EventLoop& loop_;
  std::function<void()> on_due_;
  EventLoop::TimePoint when_{};
  std::uint64_t number_ = 0;  // which of two at the same moment was set first
  std::size_t place_ = kNotSet;
};

// The order of the turn ends: decisions first, then what they send to other servers, then what is
// written to clients, so that all of it leaves in the turn that caused it.
enum class TurnStage : std::uint8_t { kCore, kBackend, kClients };

// Work that many handlers of one turn ask for and that is done once at its end: write a buffer,
// send a batch. Loop thread only; its destructor takes it out.
class TurnEnd {
 public:
  TurnEnd(EventLoop& loop, TurnStage stage, std::function<void()> run);
  ~TurnEnd();
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;

  // `run` will be called once at the end of this turn, however often it is marked; within a stage
  // in the order of marking. Marked by an earlier stage it runs in the same turn; marked by its own
  // stage while it has run, or by a later one, in the next, which then does not wait. `run` may
  // mark and destroy any TurnEnd, this one too.
  void Mark();

 private:
  friend class EventLoop;

  EventLoop& loop_;
  const TurnStage stage_;
  std::function<void()> run_;
  bool marked_ = false;
};

}  // namespace pairwire::net

#endif  // PAIRWIRE_SIGNALING_NET_EVENT_LOOP_H_

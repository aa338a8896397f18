// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/net/event_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace pairwire::net {
namespace {

// What stands in an event: the descriptor and its generation.
std::uint64_t Pack(int fd, std::uint32_t generation) {
  return (std::uint64_t{generation} << 32) | static_cast<std::uint32_t>(fd);
}

// Of the loop's own eventfd; no descriptor has this number.
constexpr std::uint64_t kWakeEvent = ~std::uint64_t{0};

constexpr std::chrono::milliseconds kLongestWait{3'600'000};

// What tasks post is run in the same turn, so that a chain of answers ends in one write to the
// client; those that post for ever let the descriptors have their turn.
constexpr int kTaskRounds = 8;

[[noreturn]] void Die(const char* what) {
  std::perror(what);  // without a loop there is nobody to tell
  std::abort();
}

}  // namespace

EventLoop::EventLoop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (epoll_ < 0 || wake_ < 0) Die("event loop");
  epoll_event event{};
  // Edge-triggered: each write is told once, and nobody has to read it. A write between a read and
  // TakeTasks would be lost.
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = kWakeEvent;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) Die("event loop");
}

EventLoop::~EventLoop() {
  ::close(wake_);
  ::close(epoll_);
}

void EventLoop::Run() {
  thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  while (!stopped_.load(std::memory_order_acquire)) Turn();
  stopped_.store(false, std::memory_order_release);
}

void EventLoop::Stop() {
  stopped_.store(true, std::memory_order_release);
  Wake();
}

void EventLoop::Post(std::function<void()> task) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = tasks_.empty();
    tasks_.push_back(std::move(task));
  }
  if (!first) return;
  if (std::this_thread::get_id() == thread_.load(std::memory_order_relaxed)) {
    own_task_ = true;  // the turn looks for itself
  } else {
    Wake();
  }
}

void EventLoop::Wake() {
  const std::uint64_t one = 1;
  // It fails only when the counter is full, and then the loop wakes anyway.
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
}

void EventLoop::Watch(int fd, FdHandler& handler) {
  const auto at = static_cast<std::size_t>(fd);
  if (at >= table_.size()) table_.resize(at + 1);
  Watched& entry = table_[at];
  if (entry.handler == nullptr) ++watched_;
  entry.handler = &handler;
  entry.generation = (entry.generation + 1U) & 0x3fffffffU;
  entry.readable = 0;
  entry.writable = 0;
}

void EventLoop::Rewatch(int fd, FdHandler& handler) {
  table_[static_cast<std::size_t>(fd)].handler = &handler;
}

bool EventLoop::Want(int fd, bool readable, bool writable) {
  Watched& entry = table_[static_cast<std::size_t>(fd)];
  const bool was = entry.readable != 0 || entry.writable != 0;
  if ((entry.readable != 0) == readable && (entry.writable != 0) == writable) return true;
  const bool is = readable || writable;
  epoll_event event{};
  event.events = (readable ? EPOLLIN | EPOLLRDHUP : 0U) | (writable ? EPOLLOUT : 0U);
  event.data.u64 = Pack(fd, entry.generation);
  // Without anything wanted it is taken out: a broken connection is told in any case, and would be
  // told in each turn to somebody who does not listen.
  const int operation = !is ? EPOLL_CTL_DEL : was ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  const bool done = ::epoll_ctl(epoll_, operation, fd, &event) == 0;
  entry.readable = done && readable ? 1 : 0;
  entry.writable = done && writable ? 1 : 0;
  return done;
}

void EventLoop::Nudge(int fd) {
  nudged_.push_back({fd, table_[static_cast<std::size_t>(fd)].generation});
}

void EventLoop::Unwatch(int fd) {
  Want(fd, false, false);
  Watched& entry = table_[static_cast<std::size_t>(fd)];
  entry.handler = nullptr;
  --watched_;
}

int EventLoop::WaitTime() {
  if (own_task_ || !nudged_.empty()) return 0;
  for (const auto& stage : turn_ends_) {
    if (!stage.empty()) return 0;
  }
  auto wait = kLongestWait;
  if (!alarms_.empty()) {
    const auto left = alarms_.front()->when_ - Now();
    if (left <= EventLoop::Clock::duration::zero()) return 0;
    wait = std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(left));
  }
  return static_cast<int>(wait.count());
}

void EventLoop::Turn() {
  const int ready =
      ::epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), WaitTime());
  if (ready < 0 && errno != EINTR) Die("epoll_wait");
  turn_time_ = Now();
  // Those of this moment: a handler that nudges itself is heard in the next turn.
  for (const Nudged& nudged : std::exchange(nudged_, {})) {
    if (stopped_.load(std::memory_order_relaxed)) {
      nudged_.push_back(nudged);  // for another Run; the kernel tells its own again
    } else {
      Deliver(nudged.fd, nudged.generation, EPOLLIN);
    }
  }
  for (int i = 0; i < ready; ++i) {
    if (stopped_.load(std::memory_order_relaxed)) break;
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    if (event.data.u64 == kWakeEvent) continue;  // RunTasks sees what it is about
    Deliver(static_cast<int>(event.data.u64 & 0xffffffffU),
            static_cast<std::uint32_t>(event.data.u64 >> 32), event.events);
  }
  RunAlarms();
  for (int round = 0; round < kTaskRounds; ++round) {
    RunTasks();
    if (!own_task_ || stopped_.load(std::memory_order_relaxed)) break;
  }
  RunTurnEnds();
  const std::chrono::nanoseconds took = Now() - turn_time_;
  const auto micros = static_cast<std::uint64_t>(took.count()) / 1000;
  const auto bucket = static_cast<std::size_t>(std::bit_width(micros));
  ++turn_times_.counts[std::min(bucket, TurnTimes::kBuckets - 1)];
  turn_times_.sum += took;
}

std::size_t EventLoop::posted() {
  const std::lock_guard lock(mutex_);
  return tasks_.size();
}

void EventLoop::Deliver(int fd, std::uint32_t generation, std::uint32_t events) {
  // Looked up anew for each call: the one before it may have changed everything.
  const auto find = [&]() -> const Watched* {
    const Watched& entry = table_[static_cast<std::size_t>(fd)];
    return entry.handler != nullptr && entry.generation == generation ? &entry : nullptr;
  };
  const bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
  if (broken || (events & (EPOLLIN | EPOLLRDHUP)) != 0) {
    const Watched* entry = find();
    if (entry != nullptr && entry->readable != 0) entry->handler->OnFdReadable();
  }
  if (broken || (events & EPOLLOUT) != 0) {
    const Watched* entry = find();
    if (entry != nullptr && entry->writable != 0) entry->handler->OnFdWritable();
  }
}

void EventLoop::TakeTasks() {
  own_task_ = false;
  const std::lock_guard lock(mutex_);
  // What a stopped turn left comes first.
  running_tasks_.insert(running_tasks_.end(), std::make_move_iterator(tasks_.begin()),
                        std::make_move_iterator(tasks_.end()));
  tasks_.clear();
}

void EventLoop::RunTasks() {
  TakeTasks();
  std::size_t run = 0;
  while (run < running_tasks_.size() && !stopped_.load(std::memory_order_relaxed)) {
    // Out of the list: what it holds may go with it, not after the last of them.
    const std::function<void()> task = std::move(running_tasks_[run++]);
    task();
  }
  running_tasks_.erase(running_tasks_.begin(),
                       running_tasks_.begin() + static_cast<std::ptrdiff_t>(run));
  if (!running_tasks_.empty()) {
    own_task_ = true;
    return;
  }
  // One burst of tasks must not keep its memory for ever.
  if (running_tasks_.capacity() > 4 * kMaxEvents) running_tasks_ = {};
}

void EventLoop::RunTurnEnds() {
  for (auto& stage : turn_ends_) {
    // By index and not beyond today's number: they may mark and destroy one another meanwhile.
    const std::size_t count = stage.size();
    for (std::size_t i = 0; i < count; ++i) {
      TurnEnd* const turn_end = std::exchange(stage[i], nullptr);
      if (turn_end == nullptr) continue;  // destroyed
      turn_end->marked_ = false;
      const std::function<void()> run = turn_end->run_;  // as with alarms
      run();
    }
    stage.erase(stage.begin(), stage.begin() + static_cast<std::ptrdiff_t>(count));
  }
}

// ---- Alarms: a binary heap in which each knows its place. ----

void EventLoop::RunAlarms() {
  if (alarms_.empty()) return;
  const TimePoint now = Now();
  ringing_ = now;
  while (!alarms_.empty() && alarms_.front()->when_ <= now) {
    if (stopped_.load(std::memory_order_relaxed)) break;
    Alarm& due = *alarms_.front();
    RemoveAlarm(due);
    // It may destroy itself and with it the function that runs.
    const std::function<void()> on_due = due.on_due_;
    on_due();
  }
  ringing_ = TimePoint::min();
}

void EventLoop::SetAlarm(Alarm& alarm, TimePoint when) {
  // One that is set anew while alarms ring waits for the next turn.
  alarm.when_ = ringing_ < when ? when : ringing_ + Clock::duration(1);
  alarm.number_ = next_alarm_++;
  if (alarm.place_ == Alarm::kNotSet) {
    alarms_.push_back(nullptr);
    PlaceAlarm(alarms_.size() - 1, &alarm);
  }
  SiftUp(alarm.place_);
  SiftDown(alarm.place_);
}

void EventLoop::RemoveAlarm(Alarm& alarm) {
  const std::size_t at = std::exchange(alarm.place_, Alarm::kNotSet);
  Alarm* const last = alarms_.back();
  alarms_.pop_back();
  if (last == &alarm) return;
  PlaceAlarm(at, last);
  SiftUp(at);
  SiftDown(last->place_);
}

void EventLoop::PlaceAlarm(std::size_t at, Alarm* alarm) {
  alarms_[at] = alarm;
  alarm->place_ = at;
}

namespace {

bool Sooner(EventLoop::TimePoint a, std::uint64_t a_number, EventLoop::TimePoint b,
            std::uint64_t b_number) {
  return a != b ? a < b : a_number < b_number;
}

}  // namespace

void EventLoop::SiftUp(std::size_t at) {
  Alarm* const alarm = alarms_[at];
  while (at > 0) {
    const std::size_t parent = (at - 1) / 2;
    Alarm* const above = alarms_[parent];
    if (!Sooner(alarm->when_, alarm->number_, above->when_, above->number_)) break;
    PlaceAlarm(at, above);
    at = parent;
  }
  PlaceAlarm(at, alarm);
}

void EventLoop::SiftDown(std::size_t at) {
  Alarm* const alarm = alarms_[at];
  while (true) {
    std::size_t child = 2 * at + 1;
    if (child >= alarms_.size()) break;
    const auto sooner = [this](std::size_t a, std::size_t b) {
      return Sooner(alarms_[a]->when_, alarms_[a]->number_, alarms_[b]->when_, alarms_[b]->number_);
    };
    if (child + 1 < alarms_.size() && sooner(child + 1, child)) ++child;
    Alarm* const below = alarms_[child];
    if (!Sooner(below->when_, below->number_, alarm->when_, alarm->number_)) break;
    PlaceAlarm(at, below);
    at = child;
  }
  PlaceAlarm(at, alarm);
}

Alarm::Alarm(EventLoop& loop, std::function<void()> on_due)
    : loop_(loop), on_due_(std::move(on_due)) {}

Alarm::~Alarm() { Cancel(); }

void Alarm::SetAt(EventLoop::TimePoint when) { loop_.SetAlarm(*this, when); }

void Alarm::Cancel() {
  if (place_ != kNotSet) loop_.RemoveAlarm(*this);
}

TurnEnd::TurnEnd(EventLoop& loop, TurnStage stage, std::function<void()> run)
    : loop_(loop), stage_(stage), run_(std::move(run)) {}

TurnEnd::~TurnEnd() {
  if (!marked_) return;
  auto& stage = loop_.turn_ends_[static_cast<std::size_t>(stage_)];
  std::replace(stage.begin(), stage.end(), this, static_cast<TurnEnd*>(nullptr));
}

void TurnEnd::Mark() {
  if (marked_) return;
  marked_ = true;
  loop_.turn_ends_[static_cast<std::size_t>(stage_)].push_back(this);
}

}  // namespace pairwire::net

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/reactor.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace pairwire::load {

Reactor::Reactor() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), scratch_(kScratchBytes) {
  // The kernel may delay a sleeping thread's timers by 50 us by default; an open loop wants its
  // sends on time.
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

Reactor::~Reactor() { ::close(epoll_); }

bool Reactor::Add(int fd, Handler& handler) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &handler;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Reactor::Remove(int fd, Handler& handler) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  for (epoll_event& event : ready_) {
    if (event.data.ptr == &handler) event.data.ptr = nullptr;
  }
  std::replace(dirty_.begin(), dirty_.end(), &handler, static_cast<Handler*>(nullptr));
}

Reactor::Timer Reactor::At(TimePoint when, std::function<void()> callback) {
  const Timer timer{when, next_timer_++};
  timers_.emplace(timer, std::move(callback));
  return timer;
}

void Reactor::RunTimers() {
  // Those that a callback adds for now wait for the next turn, so that one cannot hold the loop.
  const std::uint64_t last = next_timer_;
  const TimePoint now = Clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now &&
         timers_.begin()->first.second < last) {
    auto due = timers_.extract(timers_.begin());
    due.mapped()();
  }
}

void Reactor::Turn(TimePoint deadline) {
  if (!timers_.empty()) deadline = std::min(deadline, timers_.begin()->first.first);
  const auto wait =
      std::max(std::chrono::nanoseconds(0), std::chrono::nanoseconds(deadline - Clock::now()));
  timespec timeout{};
  timeout.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(wait).count();
  timeout.tv_nsec = (wait % std::chrono::seconds(1)).count();
  const int count =
      ::epoll_pwait2(epoll_, events_.data(), static_cast<int>(events_.size()), &timeout, nullptr);
  ready_ = std::span(events_).first(static_cast<std::size_t>(std::max(count, 0)));
  while (!ready_.empty()) {
    const epoll_event event = ready_.front();
    ready_ = ready_.subspan(1);
    if (event.data.ptr != nullptr) static_cast<Handler*>(event.data.ptr)->OnEvents(event.events);
  }
  RunTimers();
  EndTurn();
}

void Reactor::EndTurn() {
  for (Handler* handler : dirty_) {
    if (handler != nullptr) handler->OnTurnEnd();
  }
  dirty_.clear();
}

bool Reactor::RunUntil(const std::function<bool()>& done, TimePoint deadline) {
  while (!done()) {
    if (Clock::now() >= deadline) return false;
    EndTurn();  // what was written since the last turn goes out before the loop sleeps
    Turn(deadline);
  }
  return true;
}

void Reactor::RunFor(std::chrono::nanoseconds duration) {
  RunUntil([] { return false; }, Clock::now() + duration);
}

}  // namespace pairwire::load

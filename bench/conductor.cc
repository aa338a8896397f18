// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/conductor.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <utility>

namespace pairwire::bench {

Conductor::Conductor() : wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Conductor::~Conductor() { close(wake_fd_); }

void Conductor::At(Clock::time_point when, std::function<void()> action) {
  bool first;
  {
    const std::lock_guard lock(mutex_);
    first = actions_.empty() || when < actions_.begin()->first;
    actions_.emplace(when, std::move(action));
  }
  if (first) Wake();
}

void Conductor::Finish(Result<Report> result) {
  {
    const std::lock_guard lock(mutex_);
    if (!result_) result_ = std::move(result);
  }
  Wake();
}

void Conductor::ReadLines(int fd, std::function<void(std::string_view)> on_line,
                          std::function<void()> on_end) {
  line_fd_ = fd;
  on_line_ = std::move(on_line);
  on_end_ = std::move(on_end);
}

Result<Report> Conductor::Run(Clock::time_point deadline) {
  // Timers of threads may be 50 us late by default; these keep the pace of what is measured.
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  while (true) {
    const Clock::time_point next = RunDue(deadline);
    {
      const std::lock_guard lock(mutex_);
      if (result_) return *std::move(result_);
    }
    const auto wait = std::max(next - Clock::now(), Clock::duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
    const timespec timeout{static_cast<time_t>(seconds.count()),
                           static_cast<long>(std::chrono::nanoseconds(wait - seconds).count())};
    std::array<pollfd, 2> watched{{{wake_fd_, POLLIN, 0}, {line_fd_, POLLIN, 0}}};
    if (ppoll(watched.data(), watched.size(), &timeout, nullptr) > 0) {
      std::uint64_t count = 0;
      if (watched[0].revents != 0 && read(wake_fd_, &count, sizeof(count)) < 0) continue;
      if (watched[1].revents != 0) ReadSome();
    }
    if (Clock::now() >= deadline) Finish(Fail(Errc::kTimedOut, "no result in time"));
  }
}

Conductor::Clock::time_point Conductor::RunDue(Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  while (!actions_.empty() && actions_.begin()->first <= Clock::now()) {
    const auto action = std::move(actions_.begin()->second);
    actions_.erase(actions_.begin());
    lock.unlock();
    action();
    lock.lock();
  }
  return actions_.empty() ? deadline : std::min(deadline, actions_.begin()->first);
}

void Conductor::ReadSome() {
  std::array<char, 65536> buffer{};
  const ssize_t got = read(line_fd_, buffer.data(), buffer.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got > 0) {
    pending_.append(buffer.data(), static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (std::size_t end; (end = pending_.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      on_line_(std::string_view(pending_).substr(begin, end - begin));
    }
    pending_.erase(0, begin);
  }
  if (got <= 0 || pending_.size() > kMaxLineBytes) {
    line_fd_ = -1;  // poll passes over it
    on_end_();
  }
}

void Conductor::Wake() {
  const std::uint64_t one = 1;
  // A full counter is awake already.
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof(one));
}

}  // namespace pairwire::bench

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Conductor: what the main thread does while a Network's loop thread carries the traffic: it keeps
// the time, reads the lines of the other process, and waits for the result, with a deadline. So
// that a measured process has two threads and no more.
#ifndef PAIRWIRE_BENCH_CONDUCTOR_H_
#define PAIRWIRE_BENCH_CONDUCTOR_H_

#include <pairwire/result.h>

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "bench/report.h"

namespace pairwire::bench {

class Conductor {
 public:
  using Clock = std::chrono::steady_clock;

  Conductor();
  ~Conductor();
  Conductor(const Conductor&) = delete;
  Conductor& operator=(const Conductor&) = delete;

  // Runs `action` at `when` on the thread that is in Run; it must not block. Any thread.
  void At(Clock::time_point when, std::function<void()> action);

  // Ends Run with this; only the first counts. Any thread.
  void Finish(Result<Report> result);

  // Before Run, once: each line of `fd`, without its end, on the thread that is in Run; `on_end`
  // when there will be no more. A line has kMaxLineBytes at most, else it counts as the end.
  void ReadLines(int fd, std::function<void(std::string_view line)> on_line,
                 std::function<void()> on_end);
  static constexpr std::size_t kMaxLineBytes = 1024 * 1024;

  // Until Finish; kTimedOut at `deadline`.
  Result<Report> Run(Clock::time_point deadline);

 private:
  // Runs what is due; answers when to look again.
  Clock::time_point RunDue(Clock::time_point deadline);
  void ReadSome();
  void Wake();

  const int wake_fd_;
  int line_fd_ = -1;
  std::string pending_;
  std::function<void(std::string_view)> on_line_;
  std::function<void()> on_end_;

  std::mutex mutex_;  // guards what follows
  std::multimap<Clock::time_point, std::function<void()>> actions_;
  std::optional<Result<Report>> result_;
};

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_CONDUCTOR_H_

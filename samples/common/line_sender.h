// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// LineSender: lines on their way from stdin into a session, at the speed of the session: a batch is
// taken only when the one before has gone out, and no more than kHighWater waits in the channel.
// Loop thread only.
#ifndef PAIRWIRE_SAMPLES_COMMON_LINE_SENDER_H_
#define PAIRWIRE_SAMPLES_COMMON_LINE_SENDER_H_

#include <pairwire/result.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace pairwire::samples {

class LineSender {
 public:
  static constexpr std::size_t kHighWater = 1024 * 1024;
  static constexpr std::size_t kLowWater = 256 * 1024;

  struct Outlet {
    std::function<Result<void>(const std::string&)> send;
    std::function<std::size_t()> buffered_amount;
    // False: the line was a command and must not be sent.
    std::function<bool(const std::string&)> filter;
    std::function<void(const Error&)> on_error;  // the line is lost
    std::function<void()> on_empty;              // the batch has gone out: the next one, please
  };

  explicit LineSender(Outlet outlet) : outlet_(std::move(outlet)) {}

  void Take(std::vector<std::string> lines);
  // The channel has room again.
  void Continue();
  // Lines wait meanwhile (a file is being sent before them).
  void SetPaused(bool paused);
  bool empty() const { return lines_.empty(); }

 private:
  void Pump();

  const Outlet outlet_;
  std::deque<std::string> lines_;  // at most one batch of the main loop
  bool paused_ = false;
};

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_COMMON_LINE_SENDER_H_

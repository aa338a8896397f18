// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// LogCapture: while it lives, the process's log lines are kept here instead of going anywhere. One
// at a time.
#ifndef PAIRWIRE_TESTS_SUPPORT_LOG_CAPTURE_H_
#define PAIRWIRE_TESTS_SUPPORT_LOG_CAPTURE_H_

#include <pairwire/log.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire::test {

class LogCapture {
 public:
  struct Line {
    LogLevel level;
    std::string text;
  };

  explicit LogCapture(LogLevel lowest = LogLevel::kDebug) {
    // The sink holds what it writes to: another thread's last line may come after our end.
    SetLogSink(
        [kept = kept_](LogLevel level, std::string_view line) {
          const std::lock_guard lock(kept->mutex);
          kept->lines.push_back({level, std::string(line)});
        },
        lowest);
  }
  ~LogCapture() { SetLogSink({}); }

  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  std::vector<Line> lines() const {
    const std::lock_guard lock(kept_->mutex);
    return kept_->lines;
  }

  // Whether some line has `text` in it: also how a test shows that a secret is in none.
  bool Contains(std::string_view text) const {
    const std::vector<Line> all = lines();
    return std::any_of(all.begin(), all.end(),
                       [&](const Line& line) { return line.text.find(text) != std::string::npos; });
  }

 private:
  struct Kept {
    std::mutex mutex;
    std::vector<Line> lines;
  };
  const std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_SUPPORT_LOG_CAPTURE_H_

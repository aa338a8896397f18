// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The process-wide log: levels, no sink, and a sink that changes while other threads log.
#include "peer/base/log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/log_capture.h"

namespace pairwire {
namespace {

TEST(Log, WithoutASinkNothingIsWanted) {
  SetLogSink({});
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    EXPECT_FALSE(LogWanted(level));
  }
  Log(LogLevel::kError, "goes nowhere");
}

TEST(Log, LowestLevelHolds) {
  const test::LogCapture capture(LogLevel::kWarning);
  EXPECT_FALSE(LogWanted(LogLevel::kInfo));
  EXPECT_TRUE(LogWanted(LogLevel::kWarning));
  Log(LogLevel::kInfo, "quiet");
  Log(LogLevel::kWarning, "pc7[new] a warning");
  Log(LogLevel::kError, "pc7[new] an error");
  const auto lines = capture.lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].level, LogLevel::kWarning);
  EXPECT_EQ(lines[0].text, "pc7[new] a warning");
  EXPECT_TRUE(capture.Contains("an error"));
  EXPECT_FALSE(capture.Contains("quiet"));
}

TEST(Log, CaptureEndsWithItsScope) {
  { const test::LogCapture capture; }
  EXPECT_FALSE(LogWanted(LogLevel::kError));
}

// For ThreadSanitizer: sinks come and go under four threads that log; none is called after it died.
TEST(Log, SinkMayChangeWhileOthersLog) {
  struct Target {
    std::atomic<int> lines = 0;
    std::atomic<bool> alive = true;
    ~Target() { alive = false; }
  };
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&stop] {
      while (!stop) Log(LogLevel::kInfo, "line");
    });
  }
  for (int round = 0; round < 200; ++round) {
    SetLogSink([target = std::make_shared<Target>()](LogLevel, std::string_view line) {
      EXPECT_TRUE(target->alive);
      EXPECT_EQ(line, "line");
      ++target->lines;
    });
  }
  SetLogSink({});
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace pairwire

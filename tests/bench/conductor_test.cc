// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/conductor.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

namespace pairwire::bench {
namespace {

using namespace std::chrono_literals;
using Clock = Conductor::Clock;

Report NamedReport(const char* name) {
  Report report;
  report.Add("name", name);
  return report;
}

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~Pipe() {
    close(ends_[0]);
    CloseWriter();
  }
  int reader() const { return ends_[0]; }
  void Write(const std::string& text) const {
    EXPECT_EQ(write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void CloseWriter() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

TEST(ConductorTest, RunsActionsInTheOrderOfTheirTimesAndNotBeforeThem) {
  Conductor conductor;
  const auto start = Clock::now();
  std::vector<int> order;
  Clock::time_point last_ran;
  conductor.At(start + 20ms, [&] {
    order.push_back(2);
    last_ran = Clock::now();
    conductor.Finish(Report());
  });
  conductor.At(start + 5ms, [&] { order.push_back(1); });
  EXPECT_TRUE(conductor.Run(start + 60s));
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  EXPECT_GE(last_ran, start + 20ms);
}

TEST(ConductorTest, WakesForAnActionFromAnotherThreadThatIsDueEarlier) {
  Conductor conductor;
  const auto start = Clock::now();
  conductor.At(start + 60s, [] { FAIL() << "waited for the later action"; });
  std::thread other([&] { conductor.At(Clock::now(), [&] { conductor.Finish(Report()); }); });
  EXPECT_TRUE(conductor.Run(start + 30s));
  other.join();
}

TEST(ConductorTest, TheFirstResultCounts) {
  Conductor conductor;
  conductor.Finish(NamedReport("first"));
  conductor.Finish(Fail(Errc::kClosed, "second"));
  const auto result = conductor.Run(Clock::now() + 60s);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->ToJson(), R"({"name":"first"})");
}

TEST(ConductorTest, EndsAtItsDeadline) {
  Conductor conductor;
  const auto result = conductor.Run(Clock::now() + 5ms);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::kTimedOut);
}

TEST(ConductorTest, ReadsLinesHoweverTheyAreCutAndTellsTheirEnd) {
  Pipe pipe;
  Conductor conductor;
  std::vector<std::string> lines;
  conductor.ReadLines(
      pipe.reader(),
      [&](std::string_view line) {
        lines.emplace_back(line);
        if (lines.size() == 2) {
          pipe.Write("d\n\nunfinished");
          pipe.CloseWriter();
        }
      },
      [&] { conductor.Finish(Report()); });
  pipe.Write("one\ntwo\nthir");
  EXPECT_TRUE(conductor.Run(Clock::now() + 60s));
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "third", ""}));
}

TEST(ConductorTest, ALineWithoutEndIsTheEnd) {
  Pipe pipe;
  Conductor conductor;
  conductor.ReadLines(
      pipe.reader(), [](std::string_view) { FAIL() << "there is no line"; },
      [&] { conductor.Finish(Report()); });
  std::thread writer([&] {
    const std::string part(4096, 'x');
    for (std::size_t sent = 0; sent <= Conductor::kMaxLineBytes; sent += part.size()) {
      pipe.Write(part);
    }
    pipe.Write(part);
  });
  EXPECT_TRUE(conductor.Run(Clock::now() + 60s));
  writer.join();
}

}  // namespace
}  // namespace pairwire::bench

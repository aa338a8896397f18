// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-bench as a process: every scenario, small, ends with one JSON object whose figures can
// be. How good they are is not asserted: machines differ and this one may be busy.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/sanitizers.h"
#include "tests/support/wait.h"

namespace pairwire::test {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

constexpr std::chrono::seconds kRunDeadline{90};

std::vector<std::string> Command(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {std::string(PAIRWIRE_BIN_DIR) + "/pairwire-bench"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

// The one object that the run printed; null, with a failure, when it did not end well.
Json RunBench(std::vector<std::string> arguments) {
  arguments.push_back("--json");
  ChildProcess bench(Command(arguments));
  const int exit_code = bench.WaitForExit(kRunDeadline);
  const auto lines = bench.lines();
  EXPECT_EQ(exit_code, 0) << bench.errors();
  EXPECT_EQ(lines.size(), 1u);
  if (exit_code != 0 || lines.size() != 1) return {};
  Json report = Json::parse(lines[0], nullptr, /*allow_exceptions=*/false);
  EXPECT_TRUE(report.is_object()) << lines[0];
  EXPECT_EQ(report.value("scenario", ""), arguments[0]);
  return report;
}

// A figure that has to be there; -1 when it is not.
double Figure(const Json& report, const char* name) {
  const auto found = report.is_object() ? report.find(name) : report.end();
  if (found == report.end() || !found->is_number()) {
    ADD_FAILURE() << "no number " << name << " in " << report.dump();
    return -1;
  }
  return found->get<double>();
}

void ExpectAscending(const Json& report, const std::vector<const char*>& names) {
  double last = 0;
  for (const char* name : names) {
    const double value = Figure(report, name);
    EXPECT_GE(value, last) << name;
    last = value;
  }
  EXPECT_GT(last, 0);
}

class StreamTest : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(StreamTest, CountsWhatArrives) {
  const Json report = RunBench(GetParam());
  const double messages = Figure(report, "messagesPerSecond");
  EXPECT_GT(messages, 0);
  EXPECT_NEAR(Figure(report, "megabytesPerSecond"), messages * Figure(report, "size") / 1e6,
              0.01 * Figure(report, "megabytesPerSecond"));
  EXPECT_GE(Figure(report, "seconds"), 1);
  EXPECT_GT(Figure(report, "cpuSecondsPerGigabyte"), 0);
  const double loss = Figure(report, "lossPercent");
  EXPECT_GE(loss, 0);
  EXPECT_LT(loss, 100);
  if (Figure(report, "reliable") == 1) {
    EXPECT_EQ(loss, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, StreamTest,
    testing::Values(
        std::vector<std::string>{"throughput", "--seconds", "1"},
        std::vector<std::string>{"throughput", "--seconds", "1", "--processes", "1"},
        std::vector<std::string>{"messages", "--seconds", "1"},
        std::vector<std::string>{"messages", "--seconds", "1", "--size", "1024", "--unreliable"},
        std::vector<std::string>{"messages", "--seconds", "1", "--processes", "1"},
        std::vector<std::string>{"throughput", "--seconds", "1", "--session"},
        std::vector<std::string>{"messages", "--seconds", "1", "--session", "--processes", "1"}));

TEST(BenchProgramTest, LatencyIdle) {
  for (const char* processes : {"1", "2"}) {
    const Json report = RunBench({"latency", "--trips", "200", "--processes", processes});
    EXPECT_EQ(Figure(report, "trips"), 200);
    ExpectAscending(report, {"p50Us", "p95Us", "p99Us", "maxUs"});
  }
}

TEST(BenchProgramTest, LatencyBesideABulkTransfer) {
  const Json report = RunBench({"latency", "--bulk", "--seconds", "1"});
  EXPECT_GE(Figure(report, "trips"), 100);
  ExpectAscending(report, {"p50Us", "p95Us", "p99Us", "maxUs"});
  ExpectAscending(report, {"oneWayP50Us", "oneWayP95Us", "oneWayP99Us", "oneWayMaxUs"});
  EXPECT_LE(Figure(report, "oneWayMaxUs"), Figure(report, "maxUs"));
  EXPECT_GT(Figure(report, "megabytesPerSecond"), 0);
}

TEST(BenchProgramTest, Connect) {
  const Json report = RunBench({"connect", "--runs", "3", "--pacing", "1", "--certificates-ahead"});
  EXPECT_EQ(Figure(report, "runs"), 3);
  EXPECT_EQ(Figure(report, "pacingMs"), 1);
  ExpectAscending(report, {"p50Ms", "p95Ms", "maxMs"});
}

TEST(BenchProgramTest, Memory) {
  const Json report = RunBench({"memory", "--pairs", "5", "--seconds", "1"});
  EXPECT_EQ(Figure(report, "peers"), 10);
  EXPECT_GT(Figure(report, "kilobytesPerPeer"), 0);
  EXPECT_GE(Figure(report, "threads"), 2);
  EXPECT_GE(Figure(report, "idleCpuPercent"), 0);
  EXPECT_LE(Figure(report, "idleCpuPercent"), 200);
}

TEST(BenchProgramTest, Many) {
  for (const char* processes : {"1", "2"}) {
    const Json report =
        RunBench({"many", "--pairs", "7", "--seconds", "1", "--processes", processes});
    // A second has ticks 1 to 1000: each of the seven is due ten times.
    EXPECT_EQ(Figure(report, "messages"), 70);
    ExpectAscending(report, {"p50Us", "p95Us", "p99Us", "maxUs"});
    EXPECT_GT(Figure(report, "cpuMicrosecondsPerMessage"), 0);
  }
}

TEST(BenchProgramTest, Soak) {
  const Json report = RunBench({"soak", "--pairs", "3", "--seconds", "7"});
  // In each second one of the three is replaced, and perhaps not back in the next.
  EXPECT_GE(Figure(report, "messages"), 7);
  EXPECT_GE(Figure(report, "replaced"), 5);
  // A sanitizer's malloc does not count for anybody else.
  if (!test::kAddressSanitizer && !test::kThreadSanitizer) {
    EXPECT_GT(Figure(report, "earlyHeapMegabytes"), 0);
  }
  EXPECT_GT(Figure(report, "lateResidentMegabytes"), 0);
}

TEST(BenchProgramTest, TextWithoutJson) {
  ChildProcess bench(Command({"latency", "--trips", "10"}));
  EXPECT_EQ(bench.WaitForExit(kRunDeadline), 0) << bench.errors();
  ASSERT_FALSE(bench.lines().empty());
  EXPECT_EQ(bench.lines()[0].find("scenario"), 0u);
  EXPECT_EQ(bench.lines()[0].find('{'), std::string::npos);
}

TEST(MicroBenchTest, EachBenchmarkRunsWithoutAnError) {
  const std::string program = std::string(PAIRWIRE_BIN_DIR) + "/pairwire-micro-bench";
  if (access(program.c_str(), X_OK) != 0) {
    GTEST_SKIP() << "pairwire-micro-bench was not built: no Google Benchmark here";
  }
  ChildProcess bench({program, "--benchmark_format=json", "--benchmark_min_time=0.001"});
  ASSERT_EQ(bench.WaitForExit(kRunDeadline), 0) << bench.errors();
  std::string text;
  for (const std::string& line : bench.lines()) text += line;
  const Json report = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  ASSERT_TRUE(report.is_object() && report.contains("benchmarks"));
  EXPECT_GE(report["benchmarks"].size(), 15u);
  for (const Json& benchmark : report["benchmarks"]) {
    EXPECT_FALSE(benchmark.value("error_occurred", false)) << benchmark.dump();
  }
}

class UsageTest : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(UsageTest, IsToldInOneLine) {
  ChildProcess bench(Command(GetParam()));
  EXPECT_EQ(bench.WaitForExit(kRunDeadline), 2);
  EXPECT_TRUE(bench.lines().empty());
  const std::string errors = bench.errors();
  EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
}

INSTANTIATE_TEST_SUITE_P(
    Wrong, UsageTest,
    testing::Values(std::vector<std::string>{}, std::vector<std::string>{"speed"},
                    std::vector<std::string>{"throughput", "--size", "15"},
                    std::vector<std::string>{"throughput", "--processes", "3"},
                    std::vector<std::string>{"throughput", "--seconds", "0"},
                    std::vector<std::string>{"throughput", "--bulk"},
                    std::vector<std::string>{"throughput", "--buffer", "65536"},
                    std::vector<std::string>{"latency", "--unreliable"},
                    std::vector<std::string>{"latency", "--session"},
                    std::vector<std::string>{"messages", "--session", "--unreliable"},
                    std::vector<std::string>{"messages", "--session", "--size", "262125"},
                    std::vector<std::string>{"memory", "--processes", "2"}));

// The bench's own second process, once it runs as such (before, it is the first one's shadow, which
// waits for it); 0 when none came. Nothing tells of another process's children, so this looks again
// and again.
pid_t WaitForChildOf(pid_t parent) {
  const std::string id = std::to_string(parent);
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (std::chrono::steady_clock::now() < deadline) {
    poll(nullptr, 0, /*timeout=*/1);
    pid_t child = 0;
    std::ifstream("/proc/" + id + "/task/" + id + "/children") >> child;
    std::string command;
    std::getline(std::ifstream("/proc/" + std::to_string(child) + "/cmdline"), command);
    if (command.find("--link-fd") != std::string::npos) return child;
  }
  return 0;
}

TEST(BenchProgramTest, FailsInOneLineWhenTheOtherProcessDies) {
  ChildProcess bench(Command({"throughput", "--seconds", "60"}));
  const pid_t child = WaitForChildOf(bench.pid());
  ASSERT_GT(child, 0);
  kill(child, SIGKILL);
  EXPECT_EQ(bench.WaitForExit(kRunDeadline), 1);
  EXPECT_TRUE(bench.lines().empty());
  const std::string errors = bench.errors();
  EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
}

TEST(BenchProgramTest, FailsInOneLineWhenNothingArrivesInTime) {
  ChildProcess bench(Command({"throughput", "--seconds", "60", "--deadline", "1"}));
  const pid_t child = WaitForChildOf(bench.pid());
  ASSERT_GT(child, 0);
  kill(child, SIGSTOP);
  EXPECT_EQ(bench.WaitForExit(kRunDeadline), 1);
  EXPECT_TRUE(bench.lines().empty());
  const std::string errors = bench.errors();
  EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
  EXPECT_NE(kill(child, 0), 0) << "the stopped process is still there";
}

TEST(BenchProgramTest, TheOtherProcessEndsWithIt) {
  ChildProcess bench(Command({"throughput", "--seconds", "60"}));
  const pid_t child = WaitForChildOf(bench.pid());
  ASSERT_GT(child, 0);
  // glibc 2.36 declares pidfd_open for C only.
  const int watch = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  ASSERT_GE(watch, 0);
  bench.Signal(SIGKILL);
  pollfd ended{watch, POLLIN, 0};
  EXPECT_EQ(poll(&ended, 1, static_cast<int>(std::chrono::milliseconds(kDeadline).count())), 1);
  close(watch);
}

}  // namespace
}  // namespace pairwire::test

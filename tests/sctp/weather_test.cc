// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Many seeded runs over bad weather, each judged by the checker.
//
//   PAIRWIRE_WEATHER_RUNS=10000   so many runs instead of the usual few; prints its progress
//   PAIRWIRE_WEATHER_FIRST=5001   beginning with this seed instead of 1
//   PAIRWIRE_TEST_SEED=123        this one run alone, with its case and its history
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/sctp/weather_checker.h"
#include "tests/sctp/weather_run.h"

namespace pairwire::sctp::test {
namespace {

// What is wrong with more seeds than this is one thing.
constexpr int kMostFailures = 20;

std::uint64_t FromEnvironment(const char* name, std::uint64_t usual) {
  const char* const value = std::getenv(name);
  return value != nullptr ? std::strtoull(value, nullptr, 0) : usual;
}

void PrintHistory(const History& history) {
  for (std::size_t i = 0; i < history.channels.size(); ++i) {
    const ChannelHistory& channel = history.channels[i];
    const ChannelOptions& options = channel.options;
    std::printf("  channel %zu %s%s%s%s\n", i, options.ordered ? "ordered" : "unordered",
                options.negotiated ? ", negotiated" : "",
                options.max_retransmits ? ", max_retransmits" : "",
                options.max_life_time ? ", max_life_time" : "");
    for (std::size_t end = 0; end < 2; ++end) {
      const HalfHistory& half = channel.half[end];
      std::printf(
          "    %c: %s sent %zu, received %zu, open %llu, Close %llu, closed %llu%s, "
          "buffered %zu\n",
          "ab"[end], half.exists ? "exists," : "none,", half.sent.size(), half.received.size(),
          static_cast<unsigned long long>(half.open),
          static_cast<unsigned long long>(half.close_called),
          static_cast<unsigned long long>(half.closed),
          half.closed_with_error ? " with an error" : "", half.buffered);
    }
  }
}

struct Totals {
  double virtual_seconds = 0;
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
  std::uint64_t messages = 0;
  std::uint64_t channels = 0;
};

// True when the run kept every promise.
bool RunAndCheck(std::uint64_t seed, bool over_dtls, bool verbose, Totals& totals) {
  WeatherCase drawn = DrawCase(seed, over_dtls);
  drawn.verbose = verbose;
  if (verbose) std::printf("%s\n", drawn.Describe().c_str());
  const History history = RunWeather(drawn);
  totals.virtual_seconds += history.virtual_seconds;
  totals.bytes += history.bytes_sent;
  totals.packets += history.packets;
  totals.channels += history.channels.size();
  for (const auto& channel : history.channels) {
    totals.messages += channel.half[0].received.size() + channel.half[1].received.size();
  }
  const auto found = CheckHistory(history);
  if (verbose) PrintHistory(history);
  if (found.empty()) return true;
  std::string lines;
  for (const auto& line : found) lines += "\n  " + line;
  ADD_FAILURE() << "PAIRWIRE_TEST_SEED=" << seed << "  (" << drawn.Describe() << ")" << lines;
  return false;
}

void RunMany(std::uint64_t usual, bool over_dtls, std::uint64_t divisor) {
  Totals totals;
  if (const std::uint64_t seed = FromEnvironment("PAIRWIRE_TEST_SEED", 0)) {
    RunAndCheck(seed, over_dtls, true, totals);
    return;
  }
  const std::uint64_t asked = FromEnvironment("PAIRWIRE_WEATHER_RUNS", 0);
  const std::uint64_t runs = asked == 0 ? usual : asked / divisor;
  const std::uint64_t first = FromEnvironment("PAIRWIRE_WEATHER_FIRST", 1);
  const auto start = std::chrono::steady_clock::now();
  int failures = 0;
  for (std::uint64_t run = 1; run <= runs && failures < kMostFailures; ++run) {
    if (!RunAndCheck(first + run - 1, over_dtls, false, totals)) ++failures;
    if (asked != 0 && run % 500 == 0) {
      const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
      std::printf("%llu runs, %d failed, %.0f s\n", static_cast<unsigned long long>(run), failures,
                  spent.count());
      std::fflush(stdout);
    }
  }
  std::printf(
      "%llu runs: %.0f s on the virtual clock, %llu channels, %llu messages, %.1f MB, "
      "%llu packets; %d failed\n",
      static_cast<unsigned long long>(runs), totals.virtual_seconds,
      static_cast<unsigned long long>(totals.channels),
      static_cast<unsigned long long>(totals.messages), static_cast<double>(totals.bytes) / 1e6,
      static_cast<unsigned long long>(totals.packets), failures);
}

TEST(WeatherTest, EveryPromiseIsKept) { RunMany(500, false, 1); }

TEST(WeatherTest, EveryPromiseIsKeptOverDtls) { RunMany(40, true, 10); }

// Without TimerRestart::Revive these stand still: usrsctp has lost count of what it has to send
// again, which takes a timer, a burst and a loss at one moment.
TEST(WeatherTest, RunsThatStoodStill) {
  Totals totals;
  EXPECT_TRUE(RunAndCheck(84068, false, false, totals));
  EXPECT_TRUE(RunAndCheck(98710, false, false, totals));
}

TEST(WeatherTest, ASeedGivesTheSameRunAgain) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const WeatherCase drawn = DrawCase(seed, false);
    const History first = RunWeather(drawn);
    const History again = RunWeather(drawn);
    EXPECT_GT(first.packets, 20u);
    EXPECT_EQ(first.packets, again.packets);
    EXPECT_EQ(first.trace, again.trace);
  }
}

}  // namespace
}  // namespace pairwire::sctp::test

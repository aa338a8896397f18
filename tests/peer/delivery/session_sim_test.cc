// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Sessions over many seeds, each judged by the checker.
//
//   PAIRWIRE_SESSION_RUNS=10000   so many runs instead of the usual few
//   PAIRWIRE_SESSION_FIRST=5001   beginning with this seed instead of 1
//   PAIRWIRE_TEST_SEED=123        this one run alone, with its case and its history
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/peer/delivery/session_checker.h"
#include "tests/peer/delivery/session_sim.h"
#include "tests/support/sanitizers.h"

namespace pairwire::test {
namespace {

// What is wrong with more seeds than this is one thing.
constexpr int kMostFailures = 10;
// A run takes some milliseconds, and a hundred times that under AddressSanitizer.
constexpr std::uint64_t kUsualRuns = PAIRWIRE_TEST_ADDRESS_SANITIZER ? 20 : 500;

std::uint64_t FromEnvironment(const char* name, std::uint64_t usual) {
  const char* const value = std::getenv(name);
  return value != nullptr ? std::strtoull(value, nullptr, 0) : usual;
}

const char* Word(What what) {
  static constexpr const char* kWords[] = {
      "send",  "deliver", "acked",  "lost",        "pending", "open",   "close",    "bytes",
      "state", "shown",   "outage", "outage-over", "ended",   "killed", "restored", "app-closed"};
  return kWords[static_cast<int>(what)];
}

void Print(const History& history) {
  const std::uint64_t start = history.events.empty() ? 0 : history.events.front().at_ms;
  for (const Event& event : history.events) {
    if (event.what == What::kBytes) continue;
    std::printf("%8llu %d %-11s %llu %llu link %llu\n",
                static_cast<unsigned long long>(event.at_ms - start), event.end, Word(event.what),
                static_cast<unsigned long long>(event.number),
                static_cast<unsigned long long>(event.last),
                static_cast<unsigned long long>(event.link));
  }
}

struct Totals {
  std::uint64_t delivered = 0;
  std::uint64_t links = 0;
  std::uint64_t ended = 0;
  std::uint64_t states = 0;
};

void Count(const History& history, Totals& totals) {
  for (const Event& event : history.events) {
    if (event.what == What::kDeliver) ++totals.delivered;
    if (event.what == What::kLinkOpen) ++totals.links;
    if (event.what == What::kEnded) ++totals.ended;
    if (event.what == What::kStateShown) ++totals.states;
  }
}

TEST(SessionSim, TenThousandSchedules) {
  if (const std::uint64_t seed = FromEnvironment("PAIRWIRE_TEST_SEED", 0)) {
    SessionCase drawn = DrawSession(seed);
    drawn.verbose = true;
    std::printf("%s\n", drawn.Describe().c_str());
    const History history = RunSession(drawn);
    Print(history);
    for (const Breach& breach : CheckSession(history)) ADD_FAILURE() << breach.line;
    return;
  }
  const std::uint64_t runs = FromEnvironment("PAIRWIRE_SESSION_RUNS", kUsualRuns);
  const std::uint64_t first = FromEnvironment("PAIRWIRE_SESSION_FIRST", 1);
  const auto start = std::chrono::steady_clock::now();
  Totals totals;
  int failures = 0;
  for (std::uint64_t seed = first; seed < first + runs && failures < kMostFailures; ++seed) {
    const SessionCase drawn = DrawSession(seed);
    const History history = RunSession(drawn);
    Count(history, totals);
    const auto breaches = CheckSession(history);
    if (breaches.empty()) continue;
    ++failures;
    std::string lines;
    for (std::size_t i = 0; i < breaches.size() && i < 3; ++i) lines += "\n  " + breaches[i].line;
    ADD_FAILURE() << "PAIRWIRE_TEST_SEED=" << seed << "  (" << drawn.Describe() << ")" << lines;
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  std::printf(
      "%llu runs in %.1f s: %llu messages, %llu states, %llu links, %llu sessions ended; "
      "%d failed\n",
      static_cast<unsigned long long>(runs), spent.count(),
      static_cast<unsigned long long>(totals.delivered),
      static_cast<unsigned long long>(totals.states), static_cast<unsigned long long>(totals.links),
      static_cast<unsigned long long>(totals.ended), failures);
}

TEST(SessionSim, ASeedGivesTheSameRunAgain) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const SessionCase drawn = DrawSession(seed);
    const History one = RunSession(drawn);
    const History two = RunSession(drawn);
    ASSERT_EQ(one.events.size(), two.events.size());
    for (std::size_t i = 0; i < one.events.size(); ++i) {
      ASSERT_EQ(one.events[i].hash, two.events[i].hash);
      ASSERT_EQ(one.events[i].at_ms, two.events[i].at_ms);
    }
  }
}

}  // namespace
}  // namespace pairwire::test

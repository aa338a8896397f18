// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Sessions of two processes and a relay of two, by seed, with faults of whole processes, judged by
// the checker that knows only the record. PAIRWIRE_SESSION_SCHEDULES=100 runs more, with freezes up
// to 120 s among them; PAIRWIRE_TEST_SEED=7 one alone. PAIRWIRE_SESSION_LOGS=FOLDER keeps what the
// ends logged. PAIRWIRE_SESSION_PEER=PROGRAM runs these ends until the first schedule that fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "peer/delivery/frame.h"
#include "tests/faults/session_schedule.h"
#include "tests/peer/delivery/session_checker.h"
#include "tests/support/seed_trace.h"

namespace pairwire::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kSchedules = 8;
constexpr std::uint64_t kMany = 50;
constexpr std::uint64_t kMostFailures = 5;

std::uint64_t Schedules() {
  const char* const chosen = std::getenv("PAIRWIRE_SESSION_SCHEDULES");
  return chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : kSchedules;
}

// "hello 4/2/1, ...": links, silently, the path
std::string ToString(const std::map<std::uint8_t, SessionRecord::Cuts>& cuts_at) {
  std::string all;
  for (const auto& [kind, cuts] : cuts_at) {
    if (!all.empty()) all += ", ";
    all += kind == 0 ? std::string("no frame")
                     : std::string(delivery::ToString(static_cast<delivery::FrameType>(kind)));
    for (const std::size_t how : {0U, 1U, 2U}) {
      all += (how == 0 ? " " : "/") + std::to_string(cuts[how]);
    }
  }
  return all;
}

long long At(const std::vector<milliseconds>& sorted, std::size_t percent) {
  return sorted.empty() ? 0 : sorted[(sorted.size() - 1) * percent / 100].count();
}

TEST(SessionSchedules, EveryPromiseIsKept) {
  SessionRelay relay;
  const std::uint64_t first = test::Seed(1);
  const std::uint64_t count = std::getenv("PAIRWIRE_TEST_SEED") != nullptr ? 1 : Schedules();
  const std::uint64_t most_failures =
      std::getenv("PAIRWIRE_SESSION_PEER") != nullptr ? 1 : kMostFailures;
  const seconds longest_freeze(Schedules() >= kMany ? 120 : 5);
  std::vector<milliseconds> reconnects;
  std::uint64_t passed = 0;
  std::uint64_t failed = 0;
  std::uint64_t commands = 0;
  std::uint64_t refused = 0;
  std::map<std::uint8_t, SessionRecord::Cuts> cuts_at;
  for (std::uint64_t seed = first; seed < first + count && failed < most_failures; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    const SessionSchedule::Outcome outcome = SessionSchedule(relay, seed, longest_freeze).Run();
    const std::vector<test::Breach> breaches = test::CheckSession(outcome.history);
    for (const test::Breach& breach : breaches) ADD_FAILURE() << breach.line;
    const bool kept = outcome.passed && breaches.empty();
    ++(kept ? passed : failed);
    std::string took;
    for (const milliseconds one : outcome.reconnects) took += " " + std::to_string(one.count());
    std::printf("seed %llu: %s%s\n", static_cast<unsigned long long>(seed), outcome.faults.c_str(),
                took.empty() ? "nobody noticed" : ("connected after ms:" + took).c_str());
    std::fflush(stdout);
    reconnects.insert(reconnects.end(), outcome.reconnects.begin(), outcome.reconnects.end());
    for (const auto& [kind, cuts] : outcome.cuts_at) {
      for (std::size_t how = 0; how < cuts.size(); ++how) cuts_at[kind][how] += cuts[how];
    }
    commands += outcome.commands;
    refused += outcome.refused;
  }
  std::sort(reconnects.begin(), reconnects.end());
  std::printf(
      "%llu of %llu schedules passed; %llu commands, %llu refused for a full buffer; connected "
      "again "
      "%zu times, p50 %lld ms, p95 %lld ms, at most %lld ms after nothing was in the way\n",
      static_cast<unsigned long long>(passed), static_cast<unsigned long long>(count),
      static_cast<unsigned long long>(commands), static_cast<unsigned long long>(refused),
      reconnects.size(), At(reconnects, 50), At(reconnects, 95), At(reconnects, 100));
  std::printf("cut at (links/silently/path): %s\n", ToString(cuts_at).c_str());
}

}  // namespace
}  // namespace pairwire::faults

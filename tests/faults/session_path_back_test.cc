// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A path that comes back when both ends have begun to restart ICE at the relay: the offers that
// waited for it within SCTP, and were taken back since, arrive then. The two ends must not end up
// with different ideas of their path, which ends it for good 5 to 10 s later.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "tests/faults/session_schedule.h"

namespace pairwire::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kLong{30};
// Longer than ICE waits (5 to 6 s); shorter than restarts are tried (10 s more).
constexpr const char* kCut = "cut-at sent after 1 0 now path 7000";
// Longer than checks go on in vain (10 s), and what is replaced goes on receiving (5 s).
constexpr seconds kAfterwards{12};

TEST(SessionPathBack, BothEndsAreOfOneMind) {
  SessionRelay relay;
  SessionEnds ends;
  ConnectEnds(relay, ends);
  if (HasFatalFailure()) return;
  ends[0]->Say(kCut);
  for (auto& end : ends) {
    ASSERT_TRUE(end->Until([](const SessionRecord& r) { return !r.outages().empty(); }, kLong))
        << end->Where();
  }
  for (auto& end : ends) {
    ASSERT_TRUE(end->Until([](const SessionRecord& r) { return r.connected(); }, kLong))
        << end->Where();
  }
  const auto until = std::chrono::steady_clock::now() + kAfterwards;
  for (auto& end : ends) {
    const std::size_t before = end->record().outages().size();
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    // That nothing happens takes its time.
    EXPECT_FALSE(
        end->Until([before](const SessionRecord& r) { return r.outages().size() > before; },
                   std::max(left, milliseconds(1))))
        << end->Where();
  }
}

}  // namespace
}  // namespace pairwire::faults

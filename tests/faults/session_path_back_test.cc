// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A path that comes back when both ends have begun to restart ICE at the relay: the offers that
// waited for it within SCTP, and were taken back since, arrive then. The two ends must not end up
// with different ideas of their path, which ends it for good 5 to 10 s later.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

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
  const std::string program = PAIRWIRE_BIN_DIR "/pairwire-session-peer";
  std::vector<std::unique_ptr<SessionEnd>> ends;
  ends.push_back(std::make_unique<SessionEnd>(
      0, std::vector<std::string>{program, "display", relay.UrlFor(0)}));
  ASSERT_TRUE(ends[0]->Until([](const SessionRecord& r) { return !r.code().empty(); }, kLong));
  ends.push_back(std::make_unique<SessionEnd>(
      1,
      std::vector<std::string>{program, "controller", relay.UrlFor(1), ends[0]->record().code()}));
  for (const std::size_t which : {1U, 0U}) {
    ASSERT_TRUE(ends[which]->Until([](const SessionRecord& r) { return r.connected(); }, kLong));
  }
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

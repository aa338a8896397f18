// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A display whose meeting broke as the relay was killed: its place there outlives that, and the
// controller comes back first and takes it. It must not wait there for nobody, as the display opens
// a new one.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/faults/session_schedule.h"

namespace pairwire::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kDisplay = 0;
constexpr std::size_t kController = 1;
constexpr seconds kLong{30};
// A controller that waits for a proof gives up after 10 s (kProofDeadline); pauses are at most 2 s.
constexpr seconds kSoon{6};

bool IsConnected(const SessionRecord& record) { return record.connected(); }

class SessionLeftBehindTest : public ::testing::Test {
 protected:
  SessionEnd& end(std::size_t which) { return *ends_[which]; }

  void Connect() {
    ends_.clear();
    const std::string program = PAIRWIRE_BIN_DIR "/pairwire-session-peer";
    ends_.push_back(std::make_unique<SessionEnd>(
        0, std::vector<std::string>{program, "display", relay_.UrlFor(kDisplay)}));
    ASSERT_TRUE(end(0).Until([](const SessionRecord& r) { return !r.code().empty(); }, kLong));
    ends_.push_back(std::make_unique<SessionEnd>(
        1, std::vector<std::string>{program, "controller", relay_.UrlFor(kController),
                                    end(0).record().code()}));
    for (const std::size_t which : {1U, 0U}) {
      ASSERT_TRUE(end(which).Until(IsConnected, kLong)) << end(which).Where();
    }
  }

  void CutBoth() {
    for (auto& one : ends_) {
      const std::size_t before = one->record().outages().size();
      one->Say("cut");
      ASSERT_TRUE(one->Until(
          [before](const SessionRecord& r) { return r.outages().size() > before; }, kLong))
          << one->Where();
    }
  }

  // How often the controller has found somebody's place at the relay.
  std::ptrdiff_t Proving() {
    const std::string log = end(kController).process().errors();
    std::ptrdiff_t found = 0;
    for (std::size_t at = 0; (at = log.find("-> proving", at)) != std::string::npos; ++at) ++found;
    return found;
  }

  // False: they had left the relay before it was killed, as they do 2 s after they have met.
  bool LeaveAPlaceBehind() {
    Connect();
    CutBoth();
    for (auto& one : ends_) EXPECT_TRUE(one->Until(IsConnected, kLong)) << one->Where();
    for (const std::size_t node : {0U, 1U}) relay_.node(node).Kill();
    relay_.Block(kDisplay, true);
    CutBoth();
    const std::ptrdiff_t before = Proving();
    for (const std::size_t node : {0U, 1U}) relay_.node(node).Start();
    for (const std::size_t node : {0U, 1U}) relay_.node(node).WaitReady();
    const auto deadline = std::chrono::steady_clock::now() + kSoon;
    while (Proving() == before) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      // Another process' log can only be looked at again and again.
      std::this_thread::sleep_for(milliseconds(5));
    }
    return true;
  }

  SessionRelay relay_;
  std::vector<std::unique_ptr<SessionEnd>> ends_;
};

TEST_F(SessionLeftBehindTest, EndsWhenTheRelayAnswersAgain) {
  bool left_behind = false;
  for (int tries = 0; tries < 4 && !left_behind && !HasFailure(); ++tries) {
    relay_.Block(kDisplay, false);
    left_behind = LeaveAPlaceBehind();
  }
  ASSERT_TRUE(left_behind) << end(kController).Where();
  relay_.Block(kDisplay, false);
  for (const std::size_t which : {0U, 1U}) {
    EXPECT_TRUE(end(which).Until(IsConnected, kSoon)) << end(which).Where();
  }
}

}  // namespace
}  // namespace pairwire::faults

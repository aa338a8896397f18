// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A display whose meeting broke as the relay was killed: its place there outlives that, and the
// controller comes back first and takes it. It must not wait there for nobody, as the display opens
// a new one.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <thread>

#include "tests/faults/session_schedule.h"

namespace pairwire::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kDisplay = 0;
constexpr std::size_t kController = 1;
constexpr seconds kLong{30};
// Pauses between tries to meet are at most 2 s.
constexpr seconds kSoon{5};

bool IsConnected(const SessionRecord& record) { return record.connected(); }

class SessionLeftBehindTest : public ::testing::Test {
 protected:
  SessionEnd& end(std::size_t which) { return *ends_[which]; }

  void CutBoth() {
    for (auto& one : ends_) {
      const std::size_t before = one->record().outages().size();
      one->Say("cut");
      ASSERT_TRUE(one->Until(
          [before](const SessionRecord& r) { return r.outages().size() > before; }, kLong))
          << one->Where();
    }
  }

  // What the controller logged behind `place`.
  std::string LogFrom(std::size_t place) {
    return end(kController).process().errors().substr(place);
  }

  // How the controller's wait at the place of before ended, from its log. Empty: it found none, as
  // both had left the relay before it was killed (they do, 2 s after they have met).
  std::string EndOfTheWait() {
    ConnectEnds(relay_, ends_);
    if (HasFatalFailure()) return {};
    CutBoth();
    for (auto& one : ends_) EXPECT_TRUE(one->Until(IsConnected, kLong)) << one->Where();
    for (const std::size_t node : {0U, 1U}) relay_.node(node).Kill();
    relay_.Block(kDisplay, true);
    CutBoth();
    const std::size_t place = LogFrom(0).size();
    for (const std::size_t node : {0U, 1U}) relay_.node(node).Start();
    for (const std::size_t node : {0U, 1U}) relay_.node(node).WaitReady();
    const auto deadline = std::chrono::steady_clock::now() + kSoon;
    while (LogFrom(place).find("-> proving") == std::string::npos &&
           std::chrono::steady_clock::now() < deadline) {
      // Another process' log can only be looked at again and again.
      std::this_thread::sleep_for(milliseconds(5));
    }
    const bool found = LogFrom(place).find("-> proving") != std::string::npos;
    relay_.Block(kDisplay, false);
    for (auto& one : ends_) EXPECT_TRUE(one->Until(IsConnected, kLong)) << one->Where();
    if (!found) return {};
    const std::string log = LogFrom(place);
    const std::string word = "meeting[proving]: ";
    const std::size_t at = log.find(word) + word.size();
    return log.substr(at, log.find(" ->", at) - at);
  }

  SessionRelay relay_;
  SessionEnds ends_;
};

TEST_F(SessionLeftBehindTest, EndsWhenTheRelayAnswersAgain) {
  // On a slow machine the relay may notice first that the display is gone.
  std::string why;
  for (int tries = 0; tries < 4 && !HasFailure(); ++tries) {
    why = EndOfTheWait();
    if (why.rfind("the relay ended the meeting", 0) == 0) return;
  }
  FAIL() << "the controller's wait ended: " << why << "\n" << end(kController).Where();
}

}  // namespace
}  // namespace pairwire::faults

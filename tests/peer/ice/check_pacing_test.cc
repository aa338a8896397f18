// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// When a triggered check may leave at once, on a clock of the test's own.
#include "peer/ice/check_pacing.h"

#include <gtest/gtest.h>

namespace pairwire::ice {
namespace {

using std::chrono::milliseconds;
using Kind = CheckPacing::Kind;
using Transport = CheckPacing::Kind::Transport;

constexpr milliseconds kTa{5};
constexpr Kind kUdp{Transport::kUdp, false};
constexpr Kind kUdp6{Transport::kUdp, true};
constexpr Kind kActive{Transport::kTcpActive, false};
constexpr Kind kPassive{Transport::kTcpPassive, false};

class CheckPacingTest : public ::testing::Test {
 protected:
  bool Local(Kind kind) { return pacing_.OnLocalCandidate(kind, now_); }
  bool Remote(Kind kind) { return pacing_.OnRemoteCandidate(kind, now_); }
  // Lets the timer tick so many times, Ta apart, the first time now.
  void Tick(int times) {
    for (int i = 0; i < times; ++i) {
      pacing_.OnTick(now_);
      now_ += kTa;
    }
  }
  bool Received() { return pacing_.OnCheckReceived(now_); }

  CheckPacing pacing_{kTa};
  CheckPacing::TimePoint now_{std::chrono::hours(1)};
};

TEST_F(CheckPacingTest, NothingBeforeThereArePairs) {
  EXPECT_FALSE(pacing_.watching(now_));
  EXPECT_FALSE(Received());
  Local(kUdp);
  Remote(kUdp6);
  Remote(kPassive);
  EXPECT_FALSE(pacing_.watching(now_)) << "these make no pair";
  Remote(kUdp);
  EXPECT_TRUE(pacing_.watching(now_));
}

TEST_F(CheckPacingTest, OnceEveryPairHadItsTick) {
  for (const Kind kind : {kUdp, kActive, kPassive}) Local(kind);
  for (const Kind kind : {kUdp, kActive, kPassive}) Remote(kind);
  Tick(2);
  EXPECT_FALSE(CheckPacing(pacing_).OnCheckReceived(now_)) << "the third pair's is not sent yet";
  Tick(1);
  EXPECT_TRUE(Received());
}

TEST_F(CheckPacingTest, NotWithinTaOfTheLastCheck) {
  Local(kUdp);
  Remote(kUdp);
  pacing_.OnTick(now_);
  now_ += kTa - milliseconds(1);
  EXPECT_FALSE(CheckPacing(pacing_).OnCheckReceived(now_));
  now_ += milliseconds(1);
  EXPECT_TRUE(Received());
}

TEST_F(CheckPacingTest, TicksThatSendNothingDoNotCount) {
  Local(kUdp);
  Remote(kUdp);
  Tick(4);
  pacing_.OnTick(now_);
  EXPECT_TRUE(Received()) << "the last tick had nothing to send";
}

TEST_F(CheckPacingTest, OneAtATime) {
  Local(kUdp);
  Remote(kUdp);
  Tick(1);
  EXPECT_TRUE(Received());
  EXPECT_FALSE(Received()) << "the first one's check has not left";
  Tick(1);
  EXPECT_FALSE(Received()) << "the second one's has not";
  Tick(2);
  EXPECT_TRUE(Received());
}

TEST_F(CheckPacingTest, ARefusedCheckMayBeRepeated) {
  Local(kUdp);
  Remote(kUdp);
  Tick(1);
  pacing_.OnCheckRefused();
  EXPECT_FALSE(Received());
}

TEST_F(CheckPacingTest, ACandidateThatComesLateIsWaitedFor) {
  Local(kUdp);
  Remote(kUdp);
  Tick(1);
  Remote(kUdp);
  EXPECT_FALSE(Received());
}

TEST_F(CheckPacingTest, ACandidateThatComesLateIsCheckedAtOnce) {
  EXPECT_FALSE(Local(kUdp));
  EXPECT_FALSE(Remote(kUdp)) << "the first check of all is started otherwise";
  EXPECT_FALSE(Remote(kUdp)) << "there is one before it";
  Tick(2);
  EXPECT_FALSE(Remote(kUdp6)) << "it makes no pair";
  EXPECT_TRUE(Remote(kUdp));
  EXPECT_FALSE(Remote(kUdp)) << "the one before it has not left";
  Tick(2);
  EXPECT_TRUE(Local(kUdp)) << "a relayed one";
  pacing_.OnTick(now_);
  now_ += kTa - milliseconds(1);
  EXPECT_FALSE(Remote(kUdp));
}

TEST_F(CheckPacingTest, NotOnceChecksAreRepeated) {
  Local(kUdp);
  Remote(kUdp);
  Tick(1);
  now_ += CheckPacing::kFirstRetransmission;
  EXPECT_FALSE(pacing_.watching(now_));
  EXPECT_FALSE(Received());
}

}  // namespace
}  // namespace pairwire::ice

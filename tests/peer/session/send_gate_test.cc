// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SendGate: numbers, room, and who has to hear that there is room again.
#include "peer/session/send_gate.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pairwire::test {
namespace {

using delivery::FrameType;
using delivery::kHeaderBytes;

constexpr std::size_t kSize = 100;
constexpr std::size_t kCost = kSize + kHeaderBytes;

class SendGateTest : public testing::Test {
 protected:
  Result<MessageId> Queue() {
    return gate_.Queue(FrameType::kDataBinary, message_).map([](const SendGate::Taken& taken) {
      return taken.id;
    });
  }
  Result<MessageId> Pass() {
    std::vector<SendGate::Waiting> before;
    return gate_.Pass(kSize, before);
  }

  const Bytes message_ = Bytes(kSize, 7);
  SendGate gate_{{.bytes = 10 * kCost, .messages = 4}};
};

TEST_F(SendGateTest, CountsWhatWaitsAndWhatPassed) {
  EXPECT_EQ(Queue().value(), 1u);
  EXPECT_EQ(Queue().value(), 2u);
  EXPECT_EQ(gate_.bytes(), 2 * kCost);
  std::vector<SendGate::Waiting> before;
  EXPECT_EQ(gate_.Pass(kSize, before).value(), 3u);
  ASSERT_EQ(before.size(), 2u);
  EXPECT_EQ(before[0].framed.size(), kCost);
  EXPECT_EQ(gate_.bytes(), 3 * kCost) << "what passed is counted before the outbox says so";
  EXPECT_EQ(Pass().value(), 4u);
  EXPECT_EQ(Pass().error().code, Errc::kBufferFull) << "four messages";
  EXPECT_EQ(Queue().error().code, Errc::kBufferFull);
  EXPECT_EQ(gate_.last_id(), 4u);
  gate_.SetOutbox(kCost, 1);
  EXPECT_EQ(Queue().value(), 5u);
}

TEST_F(SendGateTest, TellsOnceThatLittleWaits) {
  gate_.SetLowThreshold(kCost);
  EXPECT_FALSE(gate_.TakeLow()) << "it never was more";
  ASSERT_TRUE(Pass());
  EXPECT_FALSE(gate_.TakeLow());
  ASSERT_TRUE(Pass());
  EXPECT_FALSE(gate_.TakeLow()) << "it is more";
  gate_.SetOutbox(kCost, 1);
  EXPECT_TRUE(gate_.TakeLow());
  EXPECT_FALSE(gate_.TakeLow());
}

// Another thread saw that too much waited, although the loop never did.
TEST_F(SendGateTest, WhatWasQueuedAboveTheThresholdIsTold) {
  gate_.SetLowThreshold(2 * kCost);
  ASSERT_TRUE(Pass());
  ASSERT_TRUE(Pass());
  ASSERT_TRUE(Queue());
  gate_.SetOutbox(0, 0);
  EXPECT_TRUE(gate_.TakeLow());
}

TEST_F(SendGateTest, ANewThresholdCountsFromNowOn) {
  ASSERT_TRUE(Pass());
  gate_.SetLowThreshold(kCost);
  gate_.SetOutbox(0, 0);
  EXPECT_FALSE(gate_.TakeLow()) << "no more than the new threshold ever waited";
}

TEST_F(SendGateTest, WhoWasRefusedForTheNumberHearsOfHalf) {
  gate_.SetLowThreshold(10 * kCost);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(Pass());
  ASSERT_FALSE(Pass());
  gate_.SetOutbox(3 * kCost, 3);
  EXPECT_FALSE(gate_.TakeLow());
  gate_.SetOutbox(2 * kCost, 2);
  EXPECT_TRUE(gate_.TakeLow());
  EXPECT_FALSE(gate_.TakeLow());
}

TEST_F(SendGateTest, ClosedTakesNothing) {
  gate_.Close();
  EXPECT_EQ(Queue().error().code, Errc::kClosed);
  EXPECT_EQ(Pass().error().code, Errc::kClosed);
  EXPECT_EQ(gate_.last_id(), 0u);
}

}  // namespace
}  // namespace pairwire::test

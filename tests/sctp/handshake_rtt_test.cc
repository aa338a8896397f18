// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// When HandshakeRtt probes, and the answers that usrsctp is given. What it is good for:
// usrsctp_loss_test.cc.
#include "sctp/handshake_rtt.h"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <vector>

#include "sctp/chunks.h"
#include "tests/support/manual_loop.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT

struct Probes final : HandshakeRtt::Events {
  void SendRttProbe(std::uint32_t id) override { ids.push_back(id); }
  void OnHandshakeRtt(Loop::Duration round_trip) override {
    EXPECT_FALSE(rtt);
    rtt = round_trip;
  }
  std::vector<std::uint32_t> ids;
  std::optional<Loop::Duration> rtt;
};

struct HandshakeRttTest : testing::Test {
  test::ManualLoop loop;
  Probes probes;
  HandshakeRtt rtt{loop, probes};
};

TEST_F(HandshakeRttTest, AShortHandshakeIsBelieved) {
  rtt.Start(249ms);
  loop.AdvanceBy(10s);
  EXPECT_TRUE(probes.ids.empty());
  rtt.OnAnswer(HandshakeRtt::kIdBit);
  EXPECT_FALSE(probes.rtt);
}

TEST_F(HandshakeRttTest, AnyAnswerTellsTheTimeOfItsOwnProbe) {
  rtt.Start(250ms);
  loop.AdvanceBy(2 * HandshakeRtt::kInterval + 10ms);
  ASSERT_EQ(probes.ids.size(), 3u);
  rtt.OnAnswer(probes.ids[1]);
  EXPECT_EQ(probes.rtt, HandshakeRtt::kInterval + 10ms);
  // Once; and no more probes.
  rtt.OnAnswer(probes.ids[2]);
  loop.AdvanceBy(10s);
  EXPECT_EQ(probes.ids.size(), 3u);
}

TEST_F(HandshakeRttTest, GivesUpAndTakesNoAnswerToWhatItDidNotAsk) {
  rtt.Start(1s);
  rtt.OnAnswer(HandshakeRtt::kIdBit | 1);
  rtt.OnAnswer(0xffff'ffff);
  EXPECT_FALSE(probes.rtt);
  loop.AdvanceBy(1min);
  EXPECT_EQ(probes.ids.size(), HandshakeRtt::kMaxProbes);
  EXPECT_FALSE(loop.NextTimer());
}

TEST(AnswerHeartbeatTest, TurnsThePacketRoundAndSetsTheTime) {
  Bytes heartbeat(12 + 44 + 16, 7);
  Write16(heartbeat, 0, 5000);
  Write16(heartbeat, 2, 5001);
  heartbeat[12] = kHeartbeatChunk;
  Write16(heartbeat, 14, 44);
  heartbeat[56] = kSackChunk;
  Write16(heartbeat, 58, 16);
  const Bytes answer = AnswerHeartbeat(heartbeat, 0x01020304, 5s + 6us);
  ASSERT_EQ(answer.size(), 12u + 44) << "without the SACK";
  EXPECT_EQ(Read16(answer, 0), 5001);
  EXPECT_EQ(Read16(answer, 2), 5000);
  EXPECT_EQ(Read32(answer, 4), 0x01020304u);
  EXPECT_EQ(answer[12], kHeartbeatAckChunk);
  std::uint32_t time[2];
  std::memcpy(time, answer.data() + 20, sizeof time);
  EXPECT_EQ(time[0], 5u);
  EXPECT_EQ(time[1], 6u);
  EXPECT_TRUE(std::equal(answer.begin() + 28, answer.end(), heartbeat.begin() + 28));
}

TEST(AnswerHeartbeatTest, NothingElseIsAnswered) {
  Bytes packet(24, 7);
  packet[12] = kHeartbeatChunk;
  Write16(packet, 14, 12);
  EXPECT_TRUE(AnswerHeartbeat(packet, 1, 1s).empty());
  EXPECT_TRUE(AnswerHeartbeat({}, 1, 1s).empty());
  EXPECT_TRUE(AnswerHeartbeat(Bytes(56), 1, 1s).empty());
}

}  // namespace
}  // namespace pairwire::sctp

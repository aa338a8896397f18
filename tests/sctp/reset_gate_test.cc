// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ResetGate: which requests wait, for how long, and that nothing else does.
#include "sctp/reset_gate.h"

#include <gtest/gtest.h>

namespace pairwire::sctp {
namespace {

void Append32(Bytes& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

Bytes Chunk(std::uint8_t type, const Bytes& body) {
  Bytes chunk{type, 0, 0, static_cast<std::uint8_t>(4 + body.size())};
  chunk.insert(chunk.end(), body.begin(), body.end());
  return chunk;
}

Bytes Sack(std::uint32_t cumulative_tsn) {
  Bytes body;
  Append32(body, cumulative_tsn);
  Append32(body, 65536);
  Append32(body, 0);
  return Chunk(3, body);
}

Bytes Init(std::uint8_t type, std::uint32_t initial_tsn) {
  Bytes body(12);
  Append32(body, initial_tsn);
  return Chunk(type, body);
}

// One outgoing reset request of one stream: 18 bytes and their padding.
Bytes Reset(std::uint32_t last_tsn) {
  Bytes body{0, 13, 0, 18};
  Append32(body, 1);
  Append32(body, 0);
  Append32(body, last_tsn);
  body.insert(body.end(), {0, 7, 0, 0});
  return Chunk(0x82, body);
}

Bytes Packet(std::initializer_list<Bytes> chunks) {
  Bytes packet(12, 0xaa);
  for (const Bytes& chunk : chunks) packet.insert(packet.end(), chunk.begin(), chunk.end());
  return packet;
}

TEST(ResetGateTest, LetsARequestThroughWhoseDataHasArrived) {
  ResetGate gate;
  gate.OnOutgoing(Packet({Sack(100)}));
  Bytes rest;
  EXPECT_FALSE(gate.Hold(Packet({Reset(100)}), rest));
  EXPECT_FALSE(gate.Hold(Packet({Reset(90)}), rest));
  EXPECT_FALSE(gate.Ready());
}

TEST(ResetGateTest, HoldsARequestUntilItsDataIsAcknowledged) {
  ResetGate gate;
  gate.OnOutgoing(Packet({Sack(100)}));
  Bytes rest;
  ASSERT_TRUE(gate.Hold(Packet({Reset(103)}), rest));
  EXPECT_TRUE(rest.empty());
  EXPECT_FALSE(gate.Ready());
  gate.OnOutgoing(Packet({Sack(102)}));
  EXPECT_FALSE(gate.Ready());
  gate.OnOutgoing(Packet({Sack(103)}));
  ASSERT_TRUE(gate.Ready());
  EXPECT_EQ(gate.Release(), Packet({Reset(103)}));
  EXPECT_FALSE(gate.Ready());
}

TEST(ResetGateTest, WhatCameWithTheRequestGoesOn) {
  ResetGate gate;
  gate.OnOutgoing(Packet({Sack(100)}));
  Bytes rest;
  ASSERT_TRUE(gate.Hold(Packet({Sack(7), Reset(101), Chunk(0, Bytes(12))}), rest));
  EXPECT_EQ(rest, Packet({Sack(7), Chunk(0, Bytes(12))}));
}

TEST(ResetGateTest, TheInitialTsnCountsBeforeTheFirstSack) {
  for (const std::uint8_t type : Bytes{1, 2}) {
    ResetGate gate;
    Bytes rest;
    EXPECT_FALSE(gate.Hold(Packet({Init(type, 500)}), rest));
    EXPECT_FALSE(gate.Hold(Packet({Reset(499)}), rest));
    EXPECT_TRUE(gate.Hold(Packet({Reset(500)}), rest));
  }
}

TEST(ResetGateTest, NumbersWrapAround) {
  ResetGate gate;
  gate.OnOutgoing(Packet({Sack(0xfffffffe)}));
  Bytes rest;
  EXPECT_TRUE(gate.Hold(Packet({Reset(1)}), rest));
  gate.OnOutgoing(Packet({Sack(1)}));
  EXPECT_TRUE(gate.Ready());
}

TEST(ResetGateTest, ALaterRequestReplacesOneThatWaits) {
  ResetGate gate;
  gate.OnOutgoing(Packet({Sack(100)}));
  Bytes rest;
  ASSERT_TRUE(gate.Hold(Packet({Reset(110)}), rest));
  ASSERT_TRUE(gate.Hold(Packet({Reset(105)}), rest));
  gate.OnOutgoing(Packet({Sack(105)}));
  ASSERT_TRUE(gate.Ready());
  EXPECT_EQ(gate.Release(), Packet({Reset(105)}));
}

TEST(ResetGateTest, MalformedRequestsAreNotItsBusiness) {
  ResetGate gate;
  gate.OnOutgoing(Packet({Sack(100)}));
  const Bytes whole = Reset(200);
  Bytes rest;
  for (std::size_t size = 4; size < 20; ++size) {
    Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    cut[3] = static_cast<std::uint8_t>(size);
    EXPECT_FALSE(gate.Hold(Packet({cut}), rest)) << size;
  }
}

}  // namespace
}  // namespace pairwire::sctp

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ForwardTsnKeeper: what is kept, for how long, and in what form.
#include "sctp/forward_tsn_keeper.h"

#include <gtest/gtest.h>

#include <initializer_list>

#include "sctp/chunks.h"

namespace pairwire::sctp {
namespace {

const Bytes kHeader{0x13, 0x88, 0x13, 0x88, 1, 2, 3, 4, 0, 0, 0, 0};
const Bytes kForward{0xC0, 0, 0, 12, 0, 0, 0, 100, 0, 1, 0, 7};

Bytes Packet(std::initializer_list<Bytes> chunks) {
  Bytes packet = kHeader;
  for (const Bytes& chunk : chunks) packet.insert(packet.end(), chunk.begin(), chunk.end());
  return packet;
}
Bytes Sack(std::uint8_t tsn) { return {3, 0, 0, 16, 0, 0, 0, tsn, 0, 0, 1, 0, 0, 0, 0, 0}; }

TEST(ForwardTsnKeeperTest, KeepsTheChunkAloneUntilItIsAcknowledged) {
  ForwardTsnKeeper keeper;
  EXPECT_TRUE(keeper.packet().empty());
  EXPECT_TRUE(keeper.OnOutgoing(Packet({Sack(9), kForward})));
  EXPECT_EQ(keeper.packet(), Packet({kForward}));
  EXPECT_FALSE(keeper.OnOutgoing(Packet({Sack(9)})));
  keeper.OnIncoming(Packet({Sack(99)}));
  EXPECT_FALSE(keeper.packet().empty());
  keeper.OnIncoming(Packet({Sack(100)}));
  EXPECT_TRUE(keeper.packet().empty());
}

TEST(ForwardTsnKeeperTest, ANewerOneReplacesIt) {
  ForwardTsnKeeper keeper;
  EXPECT_TRUE(keeper.OnOutgoing(Packet({kForward})));
  Bytes newer = kForward;
  newer[7] = 120;
  EXPECT_TRUE(keeper.OnOutgoing(Packet({newer})));
  EXPECT_EQ(keeper.packet(), Packet({newer}));
  keeper.OnIncoming(Packet({Sack(119)}));
  EXPECT_FALSE(keeper.packet().empty());
}

TEST(ForwardTsnKeeperTest, ShortPacketsAreHarmless) {
  const Bytes out = Packet({kForward});
  const Bytes in = Packet({Sack(100)});
  for (std::size_t size = kCommonHeaderSize; size < out.size(); ++size) {
    ForwardTsnKeeper keeper;
    EXPECT_FALSE(keeper.OnOutgoing(ByteSpan(out).first(size)));
  }
  ForwardTsnKeeper keeper;
  (void)keeper.OnOutgoing(out);
  for (std::size_t size = kCommonHeaderSize; size < in.size(); ++size) {
    keeper.OnIncoming(ByteSpan(in).first(size));
    EXPECT_FALSE(keeper.packet().empty());
  }
}

}  // namespace
}  // namespace pairwire::sctp

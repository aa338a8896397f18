// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/packet_counters.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/seeded_random.h"

namespace pairwire::sctp {
namespace {

// A packet with a DATA chunk of one byte for each TSN.
Bytes Packet(const std::vector<std::uint32_t>& tsns, std::uint8_t type = 0) {
  Bytes packet(12);
  for (const std::uint32_t tsn : tsns) {
    packet.insert(packet.end(), {type, 3, 0, 17});
    for (int shift = 24; shift >= 0; shift -= 8) {
      packet.push_back(static_cast<std::uint8_t>(tsn >> shift));
    }
    packet.resize(packet.size() + 12);
  }
  return packet;
}

TEST(PacketCountersTest, ATsnThatIsNotNewIsARetransmission) {
  PacketCounters counters;
  counters.OnOutgoing(Packet({0xffff'fffe, 0xffff'ffff}));
  counters.OnOutgoing(Packet({0}));  // the numbers wrap
  EXPECT_EQ(counters.retransmitted_chunks(), 0u);
  counters.OnOutgoing(Packet({0xffff'ffff, 0, 1}));
  EXPECT_EQ(counters.retransmitted_chunks(), 2u);
  EXPECT_EQ(counters.data_chunks_sent(), 6u);
  counters.OnOutgoing(Packet({1}, 3));  // no DATA
  EXPECT_EQ(counters.retransmitted_chunks(), 2u);
  EXPECT_EQ(counters.data_chunks_sent(), 6u);
}

TEST(PacketCountersTest, CountsPacketsAndBytes) {
  PacketCounters counters;
  counters.OnOutgoing(Packet({1}));
  counters.OnIncoming(Bytes(20));
  counters.OnIncoming(Bytes(30));
  EXPECT_EQ(counters.packets_sent(), 1u);
  EXPECT_EQ(counters.bytes_sent(), 32u);
  EXPECT_EQ(counters.packets_received(), 2u);
  EXPECT_EQ(counters.bytes_received(), 50u);
}

TEST(PacketCountersTest, APacketInTwoPiecesIsTwo) {
  PacketCounters counters;
  counters.OnOutgoing(Packet({1}));
  counters.OnCut(Packet({1, 2}));
  counters.OnPiece(40);
  counters.OnPiece(41);
  EXPECT_EQ(counters.packets_sent(), 3u);
  EXPECT_EQ(counters.bytes_sent(), 32u + 81u);
  EXPECT_EQ(counters.retransmitted_chunks(), 1u);
}

TEST(PacketCountersTest, EveryCutShortPacketIsSafe) {
  const Bytes whole = Packet({1, 2, 3});
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    PacketCounters counters;
    counters.OnOutgoing(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    EXPECT_EQ(counters.retransmitted_chunks(), 0u);
  }
}

}  // namespace
}  // namespace pairwire::sctp

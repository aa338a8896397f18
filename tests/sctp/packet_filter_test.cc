// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What passes the look before usrsctp, and what does not.
#include "sctp/packet_filter.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_random.h"

namespace pairwire::sctp {
namespace {

// Common header 5000 -> 5000 and the given chunks.
Bytes Packet(std::initializer_list<Bytes> chunks) {
  Bytes packet{0x13, 0x88, 0x13, 0x88, 1, 2, 3, 4, 0, 0, 0, 0};
  for (const Bytes& chunk : chunks) packet.insert(packet.end(), chunk.begin(), chunk.end());
  return packet;
}

bool Accepts(const Bytes& packet) { return AcceptsSctpPacket(packet, 5000, 5000); }

const Bytes kCookieAck{0x0b, 0, 0, 4};

TEST(PacketFilterTest, AcceptsWholeChunks) {
  EXPECT_TRUE(Accepts(Packet({kCookieAck})));
  EXPECT_TRUE(Accepts(Packet({kCookieAck, {0x04, 0, 0, 6, 'h', 'b', 0, 0}, kCookieAck})));
}

TEST(PacketFilterTest, TheLastChunkMayLackItsPadding) {
  EXPECT_TRUE(Accepts(Packet({{0x04, 0, 0, 5, 'h'}})));
}

TEST(PacketFilterTest, RefusesOtherPorts) {
  const Bytes packet = Packet({kCookieAck});
  EXPECT_FALSE(AcceptsSctpPacket(packet, 5000, 5001));
  EXPECT_FALSE(AcceptsSctpPacket(packet, 5001, 5000));
}

TEST(PacketFilterTest, RefusesEveryCutShortPacket) {
  const Bytes packet = Packet({{0x04, 0, 0, 8, 'h', 'b', 'h', 'b'}, kCookieAck});
  for (std::size_t size = 0; size < packet.size(); ++size) {
    const Bytes cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(Accepts(cut), size == packet.size() - kCookieAck.size()) << size;
  }
}

TEST(PacketFilterTest, RefusesWrongChunkLengths) {
  for (const std::uint8_t length : Bytes{0, 1, 2, 3, 5, 200}) {
    EXPECT_FALSE(Accepts(Packet({{0x0b, 0, 0, length}}))) << int{length};
  }
}

TEST(PacketFilterTest, RefusesTooLargePackets) {
  Bytes packet = Packet({});
  while (packet.size() + 4 <= kMaxSctpPacket) {
    packet.insert(packet.end(), kCookieAck.begin(), kCookieAck.end());
  }
  EXPECT_TRUE(Accepts(packet));
  packet.insert(packet.end(), kCookieAck.begin(), kCookieAck.end());
  EXPECT_FALSE(Accepts(packet));
}

TEST(PacketFilterTest, RefusesExtensionsThatAreSwitchedOff) {
  for (const int type : {0x0c, 0x0d, 0x0f, 0x10, 0x80, 0x81, 0xc1}) {
    EXPECT_FALSE(Accepts(Packet({kCookieAck, {static_cast<std::uint8_t>(type), 0, 0, 4}}))) << type;
  }
  for (const int type : {0x00, 0x01, 0x03, 0x06, 0x0e, 0x82, 0xc0}) {
    EXPECT_TRUE(Accepts(Packet({{static_cast<std::uint8_t>(type), 0, 0, 4}}))) << type;
  }
}

TEST(PacketFilterTest, RandomBytesNeverCrash) {
  test::SeededRandom random(3);
  for (int i = 0; i < 20'000; ++i) {
    Bytes packet = Packet({});
    Bytes tail(random.NextBelow(80));
    random.Fill(tail);
    packet.insert(packet.end(), tail.begin(), tail.end());
    (void)Accepts(packet);
  }
}

}  // namespace
}  // namespace pairwire::sctp

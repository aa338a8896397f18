// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Packets that no honest end sends, into a real association: cut short, flipped, random, replayed.
// Nothing crashes; what is not a packet of this association changes nothing. (usrsctp itself is
// Debian's binary, so the sanitizers see only our side of it.)
#include <gtest/gtest.h>

#include "sctp/crc32c.h"
#include "tests/sctp/sctp_pair.h"
#include "tests/support/seed_trace.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using test::RandomBytes;
using test::SctpPair;

// All that b gets in a short life: INIT, INIT ACK, COOKIE ECHO, COOKIE ACK, DATA, SACK, RE-CONFIG,
// SHUTDOWN...
std::vector<Bytes> CaptureALife() {
  std::vector<Bytes> packets;
  SctpPair pair({.delay = 5ms});
  pair.a.capture = [&](ByteSpan packet) { packets.emplace_back(packet.begin(), packet.end()); };
  pair.Connect();
  EXPECT_TRUE(pair.a.Send(0, RandomBytes(3000, 1)).has_value());
  EXPECT_TRUE(pair.b.Send(0, RandomBytes(3000, 1)).has_value());
  EXPECT_TRUE(pair.a.association->ResetStreams(std::vector{StreamId{0}}).has_value());
  EXPECT_FALSE(pair.a.Send(300, Bytes{1}).has_value());
  EXPECT_TRUE(pair.RunUntil([&] { return !pair.a.outgoing_resets.empty(); }));
  pair.loop.AdvanceBy(15s);  // a heartbeat
  pair.a.association->Close();
  EXPECT_TRUE(pair.RunUntil([&] { return pair.a.over() && pair.b.over(); }));
  return packets;
}

// b still works: a message of each way arrives.
void ExpectAlive(SctpPair& pair) {
  const std::size_t of_a = pair.a.messages.size();
  const std::size_t of_b = pair.b.messages.size();
  ASSERT_TRUE(pair.a.Send(5, Bytes(2000)).has_value());
  ASSERT_TRUE(pair.b.Send(5, Bytes(2000)).has_value());
  EXPECT_TRUE(pair.RunUntil(
      [&] { return pair.a.messages.size() > of_a && pair.b.messages.size() > of_b; }));
}

// Gives the packet the verification tag that b expects, as only the authenticated other end can.
Bytes WithTagOf(const Bytes& captured, Bytes packet) {
  for (std::size_t i = 4; i < 8 && i < packet.size(); ++i) packet[i] = captured[i];
  SetSctpChecksum(packet);
  return packet;
}

TEST(UsrsctpMalformedTest, PacketsOfAnotherAssociationChangeNothing) {
  const std::vector<Bytes> life = CaptureALife();
  ASSERT_GT(life.size(), 10u);
  SctpPair pair;
  pair.Connect();
  for (const Bytes& packet : life) {
    if (packet[12] == 1) continue;  // an INIT has no tag: below
    pair.b.association->ReceivePacket(packet);
    pair.loop.AdvanceBy(1ms);
  }
  ASSERT_FALSE(pair.b.over());
  ExpectAlive(pair);
}

TEST(UsrsctpMalformedTest, EveryCutShortPacketIsSurvived) {
  const std::vector<Bytes> life = CaptureALife();
  for (const Bytes& packet : life) {
    SctpPair pair;
    Bytes of_a;
    pair.a.capture = [&](ByteSpan sent) { of_a.assign(sent.begin(), sent.end()); };
    pair.Connect();
    pair.loop.AdvanceBy(100ms);
    for (std::size_t size = 0; size < std::min<std::size_t>(packet.size(), 200); ++size) {
      Bytes cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
      pair.b.association->ReceivePacket(WithTagOf(of_a, cut));
      // A chunk that says how short it is gets past the filter.
      if (size > 16) {
        cut[14] = static_cast<std::uint8_t>((size - 12) >> 8);
        cut[15] = static_cast<std::uint8_t>(size - 12);
        pair.b.association->ReceivePacket(WithTagOf(of_a, cut));
      }
      pair.loop.RunUntilIdle();
    }
    pair.loop.AdvanceBy(1s);
  }
}

TEST(UsrsctpMalformedTest, BitFlipsAreSurvived) {
  const std::vector<Bytes> life = CaptureALife();
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    test::SeededRandom random(seed);
    SctpPair pair;
    Bytes of_a;
    pair.a.capture = [&](ByteSpan sent) { of_a.assign(sent.begin(), sent.end()); };
    pair.Connect();
    pair.loop.AdvanceBy(100ms);
    for (int i = 0; i < 2000; ++i) {
      Bytes packet = life[random.NextBelow(life.size())];
      for (std::uint64_t flips = 1 + random.NextBelow(4); flips > 0; --flips) {
        const std::size_t limit = std::min<std::size_t>(packet.size(), 64);
        packet[12 + random.NextBelow(limit - 12)] ^=
            static_cast<std::uint8_t>(1u << random.NextBelow(8));
      }
      pair.b.association->ReceivePacket(random.Chance(0.9) ? WithTagOf(of_a, packet) : packet);
      pair.loop.RunUntilIdle();
      if (pair.b.over() || pair.a.over()) break;  // a well-formed ABORT is among them
    }
    pair.loop.AdvanceBy(5s);
  }
}

TEST(UsrsctpMalformedTest, RandomChunksAreSurvived) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    test::SeededRandom random(seed);
    SctpPair pair;
    Bytes of_a;
    pair.a.capture = [&](ByteSpan sent) { of_a.assign(sent.begin(), sent.end()); };
    pair.Connect();
    pair.loop.AdvanceBy(100ms);
    for (int i = 0; i < 2000; ++i) {
      Bytes packet(of_a.begin(), of_a.begin() + 12);
      for (std::uint64_t chunks = 1 + random.NextBelow(4); chunks > 0; --chunks) {
        Bytes chunk(4 + 4 * random.NextBelow(12));
        random.Fill(chunk);
        if (random.Chance(0.8)) chunk[0] = static_cast<std::uint8_t>(random.NextBelow(16));
        if (chunk[0] == 6 || chunk[0] == 14) chunk[0] = 0;  // not ABORT, that would end it
        chunk[2] = 0;
        chunk[3] = static_cast<std::uint8_t>(chunk.size());
        packet.insert(packet.end(), chunk.begin(), chunk.end());
      }
      pair.b.association->ReceivePacket(WithTagOf(of_a, packet));
      pair.loop.RunUntilIdle();
      if (pair.b.over() || pair.a.over()) break;
    }
    pair.loop.AdvanceBy(5s);
  }
}

TEST(UsrsctpMalformedTest, RandomBytesChangeNothing) {
  test::SeededRandom random(11);
  SctpPair pair;
  pair.Connect();
  for (int i = 0; i < 5000; ++i) {
    Bytes packet(random.NextBelow(1500));
    random.Fill(packet);
    if (i % 2 == 0 && packet.size() >= 4) {
      packet[0] = packet[2] = 0x13;
      packet[1] = packet[3] = 0x88;
    }
    pair.b.association->ReceivePacket(packet);
  }
  pair.loop.AdvanceBy(1s);
  ASSERT_FALSE(pair.b.over());
  ExpectAlive(pair);
}

TEST(UsrsctpMalformedTest, OtherPortsAreNotHeard) {
  SctpPair pair;
  std::vector<Bytes> packets;
  pair.a.capture = [&](ByteSpan packet) { packets.emplace_back(packet.begin(), packet.end()); };
  pair.Connect();
  Bytes abort(packets.back().begin(), packets.back().begin() + 12);
  abort.insert(abort.end(), {0x06, 0, 0, 4});
  Bytes wrong = abort;
  wrong[1] ^= 1;
  pair.b.association->ReceivePacket(WithTagOf(abort, wrong));
  pair.loop.AdvanceBy(1s);
  EXPECT_FALSE(pair.b.over());
  ExpectAlive(pair);
}

TEST(UsrsctpMalformedTest, ARestartOfTheOtherEndIsAFailureOrIgnored) {
  SctpPair pair;
  std::vector<Bytes> packets;
  pair.a.capture = [&](ByteSpan packet) { packets.emplace_back(packet.begin(), packet.end()); };
  pair.Connect();
  // The INIT of a, again, with another tag: what a restarted process would send.
  Bytes init = packets.front();
  ASSERT_EQ(init[12], 1);
  init[16] ^= 0x55;
  SetSctpChecksum(init);
  pair.b.association->ReceivePacket(init);
  pair.loop.AdvanceBy(1s);
  if (!pair.b.over()) ExpectAlive(pair);
}

}  // namespace
}  // namespace pairwire::sctp

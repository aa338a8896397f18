// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/sack_batch.h"

#include <gtest/gtest.h>

#include <vector>

#include "sctp/chunks.h"

namespace pairwire::sctp {
namespace {

constexpr std::uint16_t kRemote = 5001;
constexpr std::uint16_t kLocal = 5000;
constexpr std::uint32_t kTag = 0x01020304;

Bytes Header() {
  Bytes packet(kCommonHeaderSize);
  Write16(packet, 0, kRemote);
  Write16(packet, 2, kLocal);
  Write32(packet, 4, kTag);
  return packet;
}

Bytes Packet(const std::vector<std::uint8_t>& types) {
  Bytes packet = Header();
  for (const std::uint8_t type : types) {
    const std::size_t at = packet.size();
    packet.resize(at + 16);
    packet[at] = type;
    Write16(packet, at + 2, 16);
  }
  return packet;
}

Bytes Init(bool forward_tsn) {
  Bytes packet = Header();
  packet.resize(packet.size() + 20);
  packet[12] = kInitChunk;
  // A parameter that is not looked for (RFC 5061's list of extensions, one long), then this one.
  packet.insert(packet.end(), {0x80, 0x08, 0, 5, kReConfigChunk, 0, 0, 0});
  if (forward_tsn) packet.insert(packet.end(), {0xc0, 0x00, 0, 4});
  Write16(packet, 14, static_cast<std::uint16_t>(packet.size() - kCommonHeaderSize));
  return packet;
}

Bytes Sack(std::uint32_t tsn) {
  Bytes packet = Packet({kSackChunk});
  Write32(packet, 16, tsn);
  return packet;
}

class SackBatchTest : public testing::Test {
 protected:
  static SackBatch Make(std::uint32_t burst) { return SackBatch(burst, kRemote, kLocal); }
  // The frequency in force after each packet of a batch, and after its end.
  static std::vector<std::uint32_t> Run(SackBatch& batch, const std::vector<Bytes>& packets) {
    std::vector<std::uint32_t> frequencies;
    std::uint32_t now = SackBatch::kDefaultFrequency;
    now = batch.Begin(packets.size()).value_or(now);
    for (const Bytes& packet : packets) {
      now = batch.OnIncoming(packet, *InspectSctpPacket(packet, kRemote, kLocal)).value_or(now);
      frequencies.push_back(now);
    }
    frequencies.push_back(batch.End().value_or(now));
    return frequencies;
  }
};

TEST_F(SackBatchTest, TheLastPacketOfABatchIsAcknowledged) {
  auto batch = Make(32);
  const std::vector<Bytes> data(5, Packet({kDataChunk}));
  EXPECT_EQ(Run(batch, data), (std::vector<std::uint32_t>{16, 16, 16, 16, 1, 2}));
}

TEST_F(SackBatchTest, SmallBatchesChangeNothing) {
  for (std::size_t size = 0; size < SackBatch::kSmallestBatch; ++size) {
    auto batch = Make(32);
    const std::vector<Bytes> data(size, Packet({kDataChunk}));
    EXPECT_EQ(Run(batch, data), std::vector<std::uint32_t>(size + 1, 2u));
    EXPECT_FALSE(batch.Nudge());
  }
}

// By the SACKs that say so: gaps, or what came twice.
TEST_F(SackBatchTest, AfterALossEverySecondPacketIsAcknowledgedForAWhile) {
  const std::vector<Bytes> data(8, Packet({kDataChunk}));
  const std::vector<std::uint32_t> as_ever(9, SackBatch::kDefaultFrequency);
  for (const std::uint32_t gaps_and_duplicates : {0x00010000u, 0x00000001u}) {
    auto batch = Make(32);
    Bytes sack = Sack(1);
    batch.OnOutgoing(sack);
    EXPECT_NE(Run(batch, data), as_ever);
    Write32(sack, 24, gaps_and_duplicates);
    batch.OnOutgoing(sack);
    for (std::size_t i = 0; i < SackBatch::kCarefulAfterLoss; i += data.size()) {
      EXPECT_EQ(Run(batch, data), as_ever);
    }
    EXPECT_NE(Run(batch, data), as_ever);
  }
}

// See the header: above it both ends wait for one another.
TEST_F(SackBatchTest, TheCapIsNeverAboveHalfOfTheBurst) {
  EXPECT_EQ(Make(0).cap(), 2u);
  EXPECT_EQ(Make(2).cap(), 2u);
  EXPECT_EQ(Make(4).cap(), 4u);  // measured to be right
  EXPECT_EQ(Make(6).cap(), 4u);
  EXPECT_EQ(Make(10).cap(), 5u);
  EXPECT_EQ(Make(16).cap(), 8u);
  EXPECT_EQ(Make(32).cap(), 16u);
  EXPECT_EQ(Make(65'535).cap(), 16u);
}

TEST_F(SackBatchTest, ABatchWithoutDataAtItsEndIsNudged) {
  for (const bool interleaving : {false, true}) {
    auto batch = Make(32);
    Run(batch, {Init(true)});
    batch.OnOutgoing(Sack(0xfffffff0));
    const Bytes data = Packet({interleaving ? kIDataChunk : kDataChunk});
    Run(batch, {data, data, data, Packet({kSackChunk})});
    const auto nudge = batch.Nudge();
    ASSERT_TRUE(nudge);
    EXPECT_TRUE(AcceptsSctpPacket(*nudge, kRemote, kLocal));
    EXPECT_EQ(Read32(*nudge, 4), kTag);
    EXPECT_EQ((*nudge)[12], interleaving ? kIForwardTsnChunk : kForwardTsnChunk);
    EXPECT_EQ(Read32(*nudge, 16), 0xfffffff0u);
    batch.OnOutgoing(Sack(0xfffffff3));
    EXPECT_FALSE(batch.Nudge()) << "acknowledged";
  }
}

TEST_F(SackBatchTest, NoNudgeWithoutForwardTsnOrWithoutAnEarlierSack) {
  const std::vector<Bytes> packets{Packet({kDataChunk}), Packet({kDataChunk}), Packet({kDataChunk}),
                                   Packet({kSackChunk})};
  auto without = Make(32);
  Run(without, {Init(false)});
  without.OnOutgoing(Sack(1));
  Run(without, packets);
  EXPECT_FALSE(without.Nudge());

  auto first = Make(32);
  Run(first, {Init(true)});
  Run(first, packets);
  EXPECT_FALSE(first.Nudge());
}

TEST_F(SackBatchTest, EveryCutShortPacketIsSafe) {
  for (const Bytes& whole : {Init(true), Sack(7), Packet({kIDataChunk, kDataChunk})}) {
    for (std::size_t size = 0; size <= whole.size(); ++size) {
      const ByteSpan cut = ByteSpan(whole).first(size);
      auto batch = Make(32);
      batch.OnOutgoing(cut);
      if (const auto content = InspectSctpPacket(cut, kRemote, kLocal)) {
        batch.OnIncoming(cut, *content);
      }
    }
  }
}

}  // namespace
}  // namespace pairwire::sctp

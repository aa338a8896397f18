// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/packet_pieces.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sctp/chunks.h"
#include "sctp/packet_filter.h"
#include "tests/support/seeded_random.h"

namespace pairwire::sctp {
namespace {

// A packet with a DATA chunk of each size, headers included.
Bytes Packet(const std::vector<std::size_t>& sizes, std::uint64_t seed = 1) {
  test::SeededRandom random(seed);
  Bytes packet(12);
  Write16(packet, 0, 5000);
  Write16(packet, 2, 5000);
  Write32(packet, 4, 0x01020304);
  for (const std::size_t size : sizes) {
    Bytes chunk(size);
    random.Fill(chunk);
    chunk[0] = kDataChunk;
    Write16(chunk, 2, static_cast<std::uint16_t>(size));
    chunk.resize((size + 3) / 4 * 4);
    packet.insert(packet.end(), chunk.begin(), chunk.end());
  }
  return packet;
}

std::vector<Bytes> Chunks(ByteSpan packet) {
  std::vector<Bytes> chunks;
  ForEachChunk(packet, [&](ByteSpan chunk) { chunks.emplace_back(chunk.begin(), chunk.end()); });
  return chunks;
}

TEST(PacketPiecesTest, DividesBetweenChunksInOrder) {
  const Bytes packet = Packet({20, 301, 500, 80, 402});
  for (const std::size_t limit : std::vector<std::size_t>{100, 400, 600, 900, 2000}) {
    std::vector<Bytes> chunks;
    const std::vector<Bytes> parts = DivideBetweenChunks(packet, limit);
    for (const Bytes& part : parts) {
      EXPECT_TRUE(AcceptsSctpPacket(part, 5000, 5000));
      EXPECT_EQ(Read32(part, 4), 0x01020304u);
      const auto of_part = Chunks(part);
      EXPECT_TRUE(part.size() <= limit || of_part.size() == 1);
      chunks.insert(chunks.end(), of_part.begin(), of_part.end());
    }
    EXPECT_EQ(chunks, Chunks(packet)) << limit;
  }
  EXPECT_EQ(DivideBetweenChunks(packet, 2000).size(), 1u);
  EXPECT_EQ(DivideBetweenChunks(packet, 900).size(), 2u);
}

TEST(PacketPiecesTest, HalvesJoinInEitherOrder) {
  for (std::size_t size = 20; size < 1432; size += 37) {
    const Bytes packet = Packet({size}, size);
    const auto pieces = CutInTwo(packet, static_cast<std::uint16_t>(size));
    for (const Bytes& piece : pieces) {
      EXPECT_LE(piece.size(), packet.size() / 2 + 28);
      const auto content = InspectSctpPacket(piece, 5000, 5000);
      ASSERT_TRUE(content);
      EXPECT_TRUE(content->piece);
    }
    for (const std::size_t first : std::vector<std::size_t>{0, 1}) {
      PieceJoiner joiner;
      EXPECT_FALSE(joiner.Add(pieces[first]));
      EXPECT_FALSE(joiner.Add(pieces[first])) << "the same again";
      EXPECT_EQ(joiner.Add(pieces[1 - first]), packet);
      EXPECT_FALSE(joiner.Add(pieces[1 - first])) << "once";
    }
  }
}

TEST(PacketPiecesTest, HalvesOfManyPacketsMayBeMixedAndLost) {
  PieceJoiner joiner;
  std::vector<std::array<Bytes, 2>> all;
  for (std::uint16_t id = 0; id < PieceJoiner::kMaxPending; ++id) {
    all.push_back(CutInTwo(Packet({200}, id), id));
  }
  for (const auto& pieces : all) EXPECT_FALSE(joiner.Add(pieces[0]));
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(joiner.Add(all[i][1]), Packet({200}, i));

  // One whose second half is lost makes room for a later one, and is not mixed up with it.
  const auto old = CutInTwo(Packet({200}, 1000), 5);
  const auto later = CutInTwo(Packet({200}, 1001), 5 + PieceJoiner::kMaxPending);
  EXPECT_FALSE(joiner.Add(old[0]));
  EXPECT_FALSE(joiner.Add(later[0]));
  EXPECT_FALSE(joiner.Add(old[1]));
  EXPECT_FALSE(joiner.Add(later[1]));
  EXPECT_EQ(joiner.Add(later[0]), Packet({200}, 1001));
}

TEST(PacketPiecesTest, WhatIsTooLargeOrCutShortIsDropped) {
  PieceJoiner joiner;
  const auto large = CutInTwo(Packet({2 * PieceJoiner::kMaxHalf}), 1);
  EXPECT_FALSE(joiner.Add(large[0]));
  EXPECT_FALSE(joiner.Add(large[1]));
  const auto pieces = CutInTwo(Packet({100}), 2);
  for (std::size_t size = 0; size < pieces[0].size() - 3; ++size) {
    EXPECT_FALSE(joiner.Add(ByteSpan(pieces[0]).first(size)));
  }
  EXPECT_FALSE(joiner.Add(pieces[1]));
}

}  // namespace
}  // namespace pairwire::sctp

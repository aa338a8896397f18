// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/stream_ledger.h"

#include <gtest/gtest.h>

#include <vector>

#include "sctp/chunks.h"

namespace pairwire::sctp {
namespace {

Bytes Packet(const std::vector<Bytes>& chunks) {
  Bytes packet(kCommonHeaderSize);
  for (const Bytes& chunk : chunks) {
    packet.insert(packet.end(), chunk.begin(), chunk.end());
    while (packet.size() % 4 != 0) packet.push_back(0);
  }
  return packet;
}

Bytes Chunk(std::uint8_t type, std::uint32_t number, std::uint16_t stream, std::size_t size) {
  Bytes chunk(size);
  chunk[0] = type;
  chunk[2] = static_cast<std::uint8_t>(size >> 8);
  chunk[3] = static_cast<std::uint8_t>(size);
  for (std::size_t i = 0; i < 4; ++i) {
    chunk[4 + i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  }
  if (size > 9) {
    chunk[8] = static_cast<std::uint8_t>(stream >> 8);
    chunk[9] = static_cast<std::uint8_t>(stream);
  }
  return chunk;
}

Bytes Data(std::uint32_t tsn, std::uint16_t stream, std::size_t bytes) {
  return Chunk(kDataChunk, tsn, stream, 16 + bytes);
}
Bytes IData(std::uint32_t tsn, std::uint16_t stream, std::size_t bytes) {
  return Chunk(kIDataChunk, tsn, stream, 20 + bytes);
}
Bytes ForwardTsn(std::uint32_t tsn) { return Chunk(kForwardTsnChunk, tsn, 0, 8); }
Bytes IForwardTsn(std::uint32_t tsn) { return Chunk(kIForwardTsnChunk, tsn, 0, 8); }
Bytes Sack(std::uint32_t tsn) { return Chunk(kSackChunk, tsn, 0, 16); }

std::vector<StreamBytes> Taken(StreamLedger& ledger) {
  const auto acknowledged = ledger.acknowledged();
  std::vector<StreamBytes> copy(acknowledged.begin(), acknowledged.end());
  ledger.Forget();
  return copy;
}

TEST(StreamLedgerTest, ACumulativeAcknowledgementIsSharedOutByStream) {
  StreamLedger ledger;
  ledger.OnOutgoing(Packet({Data(10, 1, 100), Data(11, 2, 7), Data(12, 1, 30)}));
  ledger.OnOutgoing(Packet({IData(13, 1, 1)}));
  ledger.OnIncoming(Packet({Sack(9)}));
  EXPECT_TRUE(Taken(ledger).empty());
  ledger.OnIncoming(Packet({Sack(12)}));
  EXPECT_EQ(Taken(ledger), (std::vector<StreamBytes>{{StreamId{1}, 130}, {StreamId{2}, 7}}));
  ledger.OnIncoming(Packet({Sack(13)}));
  EXPECT_EQ(Taken(ledger), (std::vector<StreamBytes>{{StreamId{1}, 1}}));
  EXPECT_EQ(ledger.outstanding(), 0u);
}

TEST(StreamLedgerTest, WhatIsSentAgainCountsOnce) {
  StreamLedger ledger;
  ledger.OnOutgoing(Packet({Data(10, 1, 100)}));
  ledger.OnOutgoing(Packet({Data(10, 1, 100), Data(11, 1, 5)}));
  ledger.OnIncoming(Packet({Sack(11)}));
  ledger.OnIncoming(Packet({Sack(11)}));
  EXPECT_EQ(Taken(ledger), (std::vector<StreamBytes>{{StreamId{1}, 105}}));
}

TEST(StreamLedgerTest, NumbersThatWereNeverSentArePassedOver) {
  StreamLedger ledger;
  ledger.OnOutgoing(Packet({Data(10, 1, 100)}));
  ledger.OnOutgoing(Packet({Data(15, 1, 5)}));  // 11..14 were given up unsent
  ledger.OnIncoming(Packet({Sack(14)}));
  EXPECT_EQ(Taken(ledger), (std::vector<StreamBytes>{{StreamId{1}, 100}}));
}

// A message given up in the middle: its unsent rest is one TSN that only the FORWARD-TSN names.
TEST(StreamLedgerTest, WhatAForwardTsnPassesOverMayBeAcknowledged) {
  for (const bool interleaved : {false, true}) {
    StreamLedger ledger;
    const Bytes forward = interleaved ? IForwardTsn(12) : ForwardTsn(12);
    ledger.OnOutgoing(Packet({Data(10, 1, 100), Data(11, 1, 5)}));
    ledger.OnIncoming(Packet({Sack(12)}));
    EXPECT_EQ(ledger.outstanding(), 2u);  // a lie until then
    ledger.OnOutgoing(Packet({forward}));
    ledger.OnIncoming(Packet({Sack(12)}));
    EXPECT_EQ(Taken(ledger), (std::vector<StreamBytes>{{StreamId{1}, 105}}));
    EXPECT_EQ(ledger.outstanding(), 0u);
    ledger.OnOutgoing(Packet({forward, Data(13, 1, 7)}));
    ledger.OnIncoming(Packet({Sack(13)}));
    EXPECT_EQ(Taken(ledger), (std::vector<StreamBytes>{{StreamId{1}, 7}}));
  }
}

TEST(StreamLedgerTest, NumbersWrapAround) {
  StreamLedger ledger;
  ledger.OnOutgoing(Packet({Data(0xffffffff, 1, 1), Data(0, 2, 2), Data(1, 1, 4)}));
  ledger.OnIncoming(Packet({Sack(0)}));
  EXPECT_EQ(Taken(ledger), (std::vector<StreamBytes>{{StreamId{1}, 1}, {StreamId{2}, 2}}));
  EXPECT_EQ(ledger.outstanding(), 1u);
}

TEST(StreamLedgerTest, LiesAndRubbishChangeNothing) {
  StreamLedger ledger;
  ledger.OnIncoming(Packet({Sack(5)}));
  ledger.OnOutgoing(Packet({Data(10, 1, 100)}));
  ledger.OnIncoming(Packet({Sack(11)}));  // more than was sent
  ledger.OnIncoming(Bytes{1, 2, 3});
  const Bytes whole = Packet({Sack(10)});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ledger.OnIncoming(ByteSpan(whole).first(size));
  }
  EXPECT_TRUE(Taken(ledger).empty());
  EXPECT_EQ(ledger.outstanding(), 1u);
}

}  // namespace
}  // namespace pairwire::sctp

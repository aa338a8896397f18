// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/path_probe.h"

#include <gtest/gtest.h>

#include <vector>

#include "sctp/chunks.h"
#include "sctp/crc32c.h"
#include "sctp/packet_filter.h"

namespace pairwire::sctp {
namespace {

Bytes Answer(Bytes probe) {
  probe.resize(kLeastPathProbe);
  probe[12] = kHeartbeatAckChunk;
  return probe;
}

TEST(PathProbeTest, IsAWholePacketOfItsSize) {
  for (const std::size_t size : {kLeastPathProbe, kLeastPathProbe + 4, std::size_t{1432}}) {
    const Bytes probe = MakePathProbe(5000, 5001, 0x01020304, 77, size);
    EXPECT_EQ(probe.size(), size);
    EXPECT_TRUE(AcceptsSctpPacket(probe, 5000, 5001));
    EXPECT_EQ(Read32(probe, 4), 0x01020304u);
    std::vector<std::uint8_t> chunks;
    ForEachChunk(probe, [&](ByteSpan chunk) { chunks.push_back(chunk[0]); });
    const std::vector<std::uint8_t> padded{kHeartbeatChunk, kPadChunk};
    EXPECT_EQ(chunks, size > kLeastPathProbe ? padded : std::vector<std::uint8_t>{kHeartbeatChunk});
    Bytes again = probe;
    SetSctpChecksum(again);
    EXPECT_EQ(again, probe);
    EXPECT_FALSE(AnsweredPathProbe(probe)) << "it is no answer";
  }
}

TEST(PathProbeTest, AnAnswerIsRecognisedAlsoBesideOtherChunks) {
  const Bytes answer = Answer(MakePathProbe(5000, 5000, 1, 0xfeedbeef, 1200));
  EXPECT_EQ(AnsweredPathProbe(answer), 0xfeedbeefu);
  Bytes both(answer.begin(), answer.begin() + 12);
  both.insert(both.end(), {kSackChunk, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0});
  both.insert(both.end(), answer.begin() + 12, answer.end());
  EXPECT_EQ(AnsweredPathProbe(both), 0xfeedbeefu);
}

TEST(PathProbeTest, AnythingElseIsNone) {
  const Bytes answer = Answer(MakePathProbe(5000, 5000, 1, 7, 1200));
  for (std::size_t size = 0; size < answer.size(); ++size) {
    EXPECT_FALSE(AnsweredPathProbe(ByteSpan(answer).first(size)));
  }
  for (const std::size_t at : std::vector<std::size_t>{12, 15, 20, 27}) {
    Bytes other = answer;
    other[at] ^= 0x40;
    EXPECT_FALSE(AnsweredPathProbe(other)) << at;
  }
}

}  // namespace
}  // namespace pairwire::sctp

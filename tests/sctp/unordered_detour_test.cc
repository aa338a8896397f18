// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The detour by itself, and what it is for: packets of an honest sender, in an order that weather
// makes, which end an association without it.
#include "sctp/unordered_detour.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string_view>
#include <vector>

#include "sctp/chunks.h"
#include "tests/sctp/sctp_pair.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using test::ReceivedMessage;
using test::SctpPair;

constexpr std::uint8_t kMiddle = 0x04;  // the U bit with none of B and E
constexpr std::uint8_t kFirst = 0x06;
constexpr std::uint8_t kLast = 0x05;
constexpr std::uint8_t kWhole = 0x07;
constexpr std::uint8_t kOrderedWhole = 0x03;

void Append32(Bytes& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

Bytes Data(std::uint8_t flags, std::uint32_t tsn, std::uint16_t stream, std::string_view text,
           std::uint32_t ppid = 53) {
  const auto size = static_cast<std::uint32_t>(16 + text.size());
  Bytes chunk;
  Append32(chunk, std::uint32_t{kDataChunk} << 24 | std::uint32_t{flags} << 16 | size);
  Append32(chunk, tsn);
  Append32(chunk, std::uint32_t{stream} << 16);
  Append32(chunk, ppid);
  chunk.insert(chunk.end(), text.begin(), text.end());
  return chunk;
}

Bytes ForwardTsn(std::uint32_t tsn) {
  Bytes chunk;
  Append32(chunk, std::uint32_t{kForwardTsnChunk} << 24 | 8);
  Append32(chunk, tsn);
  return chunk;
}

Bytes Packet(const Bytes& header, const std::vector<Bytes>& chunks) {
  Bytes packet(header.begin(), header.begin() + kCommonHeaderSize);
  for (const Bytes& chunk : chunks) {
    packet.insert(packet.end(), chunk.begin(), chunk.end());
    while (packet.size() % 4 != 0) packet.push_back(0);
  }
  return packet;
}
Bytes Packet(const std::vector<Bytes>& chunks) { return Packet(Bytes(kCommonHeaderSize), chunks); }

TEST(UnorderedDetourTest, OnlyWhatIsInDangerIsMoved) {
  UnorderedDetour detour;
  const auto untouched = [&](const std::vector<Bytes>& chunks) {
    return detour.Rewrite(Packet(chunks), 16).empty();
  };
  EXPECT_TRUE(untouched({Data(kMiddle, 20, 3, "m")}));
  EXPECT_TRUE(untouched({Data(kWhole, 11, 3, "w")})) << "no FORWARD-TSN yet";
  EXPECT_TRUE(untouched({ForwardTsn(10)}));
  EXPECT_TRUE(untouched({Data(kWhole, 12, 3, "w")})) << "not the next one";
  EXPECT_TRUE(untouched({Data(kWhole, 11, 2, "w")})) << "a stream without fragments";
  EXPECT_TRUE(untouched({Data(kOrderedWhole, 11, 3, "w")}));
  EXPECT_TRUE(untouched({Data(kFirst, 11, 3, "w")}));

  const std::vector<Bytes> chunks = {Data(kWhole, 9, 3, "odd"), Data(kWhole, 11, 3, "moved", 51)};
  const Bytes moved = detour.Rewrite(Packet(chunks), 16);
  ASSERT_EQ(moved.size(), Packet(chunks).size());
  std::vector<Bytes> seen;
  ForEachChunk(moved, [&](ByteSpan chunk) { seen.emplace_back(chunk.begin(), chunk.end()); });
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0], chunks[0]);
  EXPECT_EQ(Read16(seen[1], 8), 15) << "the highest stream";
  StreamId stream{Read16(seen[1], 8)};
  auto ppid = static_cast<Ppid>(Read32(seen[1], 12));
  UnorderedDetour::Restore(stream, ppid);
  EXPECT_EQ(stream, StreamId{3});
  EXPECT_EQ(ppid, Ppid::kString);
}

TEST(UnorderedDetourTest, TheNewestForwardTsnCountsAcrossTheWrap) {
  UnorderedDetour detour;
  EXPECT_TRUE(
      detour.Rewrite(Packet({Data(kMiddle, 20, 0, "m"), ForwardTsn(0xffffffff)}), 4).empty());
  EXPECT_TRUE(detour.Rewrite(Packet({ForwardTsn(0xfffffffe)}), 4).empty());
  EXPECT_FALSE(detour.Rewrite(Packet({Data(kWhole, 0, 0, "w")}), 4).empty());
}

TEST(UnorderedDetourTest, WithoutAFreeStreamTheMessageIsLost) {
  UnorderedDetour detour;
  EXPECT_TRUE(
      detour.Rewrite(Packet({Data(kMiddle, 20, 0, "m"), Data(kMiddle, 21, 1, "m")}), 2).empty());
  EXPECT_TRUE(detour.Rewrite(Packet({Data(kMiddle, 22, 2, "no such stream")}), 2).empty());
  EXPECT_TRUE(detour.Rewrite(Packet({ForwardTsn(10)}), 2).empty());
  const Bytes moved = detour.Rewrite(Packet({Data(kWhole, 11, 0, "w")}), 2);
  ASSERT_FALSE(moved.empty());
  EXPECT_EQ(moved[kCommonHeaderSize], kPadChunk);
  EXPECT_FALSE(detour.Rewrite(Packet({Data(kWhole, 11, 0, "w")}), 3).empty()) << "another came";
}

TEST(UnorderedDetourTest, OtherPpidsStayAndUnknownOnesStayUnknown) {
  for (const std::uint32_t value : {0U, 50U, 53U, 57U, 0xa4000035U, 0xffffffffU}) {
    StreamId stream{7};
    auto ppid = static_cast<Ppid>(value);
    UnorderedDetour::Restore(stream, ppid);
    EXPECT_EQ(stream, StreamId{7});
    EXPECT_EQ(static_cast<std::uint32_t>(ppid), value);
  }
}

TEST(UnorderedDetourTest, CutShortPacketsAreSurvived) {
  const Bytes whole = Packet({ForwardTsn(10), Data(kMiddle, 20, 0, "m"), Data(kWhole, 11, 0, "w")});
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    UnorderedDetour detour;
    const Bytes moved = detour.Rewrite(ByteSpan(whole).first(size), 4);
    EXPECT_TRUE(moved.empty() || moved.size() == size);
  }
}

// --- Over the real association

// Packets that `a` could have sent, into `b`; `a` itself hears nothing of it.
class UnorderedDetourRealTest : public ::testing::Test {
 protected:
  void Connect(SctpPair& pair) {
    pair.a.capture = [this](ByteSpan packet) {
      header_.assign(packet.begin(), packet.begin() + kCommonHeaderSize);
      if (packet[kCommonHeaderSize] == kInitChunk) next_ = Read32(packet, kCommonHeaderSize + 16);
    };
    pair.Connect();
    pair.path.SetDown(true);
  }
  void Give(SctpPair& pair, const std::vector<Bytes>& chunks) {
    pair.b.association->ReceivePacket(Packet(header_, chunks));
    pair.loop.RunUntilIdle();
  }

  Bytes header_;
  std::uint32_t next_ = 0;
};

TEST_F(UnorderedDetourRealTest, AWholeMessageBehindAForwardTsnWhileFragmentsWait) {
  SctpPair pair({.delay = 5ms});
  Connect(pair);
  // A message of three fragments, of which the middle one came; what was before it is given up.
  Give(pair, {Data(kMiddle, next_ + 3, 7, "iddl")});
  Give(pair, {ForwardTsn(next_)});
  Give(pair, {Data(kWhole, next_ + 1, 7, "whole", 51)});
  ASSERT_FALSE(pair.b.over()) << pair.b.error.detail;
  const auto text = [](std::string_view words) { return Bytes(words.begin(), words.end()); };
  std::vector<ReceivedMessage> expected = {{StreamId{7}, Ppid::kString, text("whole")}};
  EXPECT_EQ(pair.b.messages, expected);
  // Again: nobody gets it twice.
  Give(pair, {Data(kWhole, next_ + 1, 7, "whole", 51)});
  EXPECT_EQ(pair.b.messages, expected);
  // And the one in fragments is as good as before.
  Give(pair, {Data(kFirst, next_ + 2, 7, "m"), Data(kLast, next_ + 4, 7, "e")});
  expected.push_back({StreamId{7}, Ppid::kBinary, text("middle")});
  EXPECT_EQ(pair.b.messages, expected);
  ASSERT_FALSE(pair.b.over());
}

TEST_F(UnorderedDetourRealTest, WithFragmentsOnEveryStreamItComesTheSecondTime) {
  SctpPair pair({.delay = 5ms}, {.outgoing_streams = 1, .max_incoming_streams = 1});
  Connect(pair);
  Give(pair, {Data(kMiddle, next_ + 3, 0, "iddl")});
  Give(pair, {ForwardTsn(next_)});
  Give(pair, {Data(kWhole, next_ + 1, 0, "whole")});
  ASSERT_FALSE(pair.b.over()) << pair.b.error.detail;
  EXPECT_TRUE(pair.b.messages.empty());
  Give(pair, {Data(kFirst, next_ + 2, 0, "m"), Data(kLast, next_ + 4, 0, "e")});
  EXPECT_EQ(pair.b.messages.size(), 1u);
  // Now it is given up, as its sender does in the end.
  Give(pair, {ForwardTsn(next_ + 1)});
  Give(pair, {Data(kWhole, next_ + 5, 0, "next")});
  ASSERT_FALSE(pair.b.over());
  EXPECT_EQ(pair.b.messages.size(), 2u);
}

}  // namespace
}  // namespace pairwire::sctp

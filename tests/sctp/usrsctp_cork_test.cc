// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The sends of one turn share packets; a lone one does not wait.
#include <gtest/gtest.h>

#include <vector>

#include "sctp/chunks.h"
#include "tests/sctp/sctp_pair.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using test::RandomBytes;
using test::SctpPair;

// The sizes of the packets with data that one end sends.
struct DataPackets {
  explicit DataPackets(test::SctpEnd& end) {
    end.capture = [this](ByteSpan packet) {
      std::size_t chunks = 0;
      ForEachChunk(packet, [&](ByteSpan chunk) {
        if (chunk[0] == kDataChunk || chunk[0] == kIDataChunk) ++chunks;
      });
      if (chunks == 0) return;
      sizes.push_back(packet.size());
      messages.push_back(chunks);
    };
  }
  std::vector<std::size_t> sizes;
  std::vector<std::size_t> messages;
};

TEST(UsrsctpCorkTest, ALoneMessageLeavesInItsTurn) {
  SctpPair pair({.delay = 10ms});
  pair.Connect();
  DataPackets packets(pair.a);
  for (int i = 0; i < 3; ++i) {  // also while one is on its way
    ASSERT_TRUE(pair.a.Send(0, Bytes(64)).has_value());
    pair.loop.RunUntilIdle();
  }
  EXPECT_EQ(packets.messages, (std::vector<std::size_t>{1, 1, 1}));
}

TEST(UsrsctpCorkTest, SmallMessagesOfATurnFillPackets) {
  SctpPair pair({.delay = 10ms}, {.interleaving = false});
  pair.Connect();
  DataPackets packets(pair.a);
  ASSERT_TRUE(pair.a.Send(0, Bytes(64)).has_value());
  pair.loop.RunUntilIdle();
  // 80 bytes each: 14 and 28 bytes of headers are 1148 of 1160.
  std::vector<test::ReceivedMessage> sent{{StreamId{0}, Ppid::kBinary, Bytes(64)}};
  for (std::uint64_t i = 0; i < 14 * 8 + 3; ++i) {
    sent.push_back({StreamId{0}, Ppid::kBinary, RandomBytes(64, i)});
    ASSERT_TRUE(pair.a.Send(0, sent.back().data).has_value());
  }
  pair.loop.RunUntilIdle();
  EXPECT_EQ(packets.messages, (std::vector<std::size_t>{1, 14, 14, 14, 14, 14, 14, 14, 14, 3}));
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == sent.size(); }));
  EXPECT_TRUE(pair.b.messages == sent);
}

TEST(UsrsctpCorkTest, MixedSizesKeepTheirOrderAndWasteLittle) {
  SctpPair pair({.delay = 10ms});
  pair.Connect();
  DataPackets packets(pair.a);
  ASSERT_TRUE(pair.a.Send(0, Bytes(64)).has_value());
  pair.loop.RunUntilIdle();
  std::vector<test::ReceivedMessage> sent{{StreamId{0}, Ppid::kBinary, Bytes(64)}};
  std::size_t bytes = 0;
  for (std::uint64_t i = 0; i < 24; ++i) {
    const std::size_t size = i % 6 == 5 ? 900 : 20 + 13 * i;
    bytes += size;
    sent.push_back({StreamId{0}, Ppid::kBinary, RandomBytes(size, i)});
    ASSERT_TRUE(pair.a.Send(0, sent.back().data).has_value());
  }
  pair.loop.RunUntilIdle();
  EXPECT_LE(packets.sizes.size(), 2 + bytes / 800) << bytes;
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == sent.size(); }));
  EXPECT_TRUE(pair.b.messages == sent);
}

}  // namespace
}  // namespace pairwire::sctp

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/delivery/stream_queue.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace pairwire::delivery {
namespace {

Result<void> Push(StreamSender& sender, std::size_t size = 100) {
  return sender.Push(FrameType::kStreamBinary, Bytes(kHeaderBytes + size));
}

std::vector<std::uint64_t> TakeAll(StreamSender& sender, std::size_t room) {
  std::vector<std::uint64_t> numbers;
  while (auto frame = sender.Next(room)) {
    numbers.push_back(ParseFrame(Lane::kStream, *frame)->header.seq);
    room -= std::min(room, frame->size());
  }
  return numbers;
}

using Numbers = std::vector<std::uint64_t>;

TEST(StreamQueue, NewestFirst) {
  StreamSender sender;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Push(sender));
  EXPECT_EQ(TakeAll(sender, 240), Numbers({4, 5})) << "the newest that fit, in order";
  EXPECT_EQ(sender.dropped(), 3U);
  ASSERT_TRUE(Push(sender));
  EXPECT_EQ(TakeAll(sender, 1), Numbers({6})) << "the newest goes in any case";
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Push(sender));
  EXPECT_EQ(TakeAll(sender, 10'000), Numbers({7, 8, 9}));
  EXPECT_EQ(sender.dropped(), 3U);
  StreamReceiver receiver;
  EXPECT_TRUE(receiver.Accept(2));
  EXPECT_FALSE(receiver.Accept(1));
  EXPECT_FALSE(receiver.Accept(2));
  EXPECT_TRUE(receiver.Accept(4));
}

TEST(StreamQueue, Bounded) {
  StreamSender sender;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(Push(sender));
    EXPECT_LE(sender.frames(), StreamSender::kMaxFrames);
  }
  EXPECT_EQ(sender.dropped(), 100 - StreamSender::kMaxFrames);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(Push(sender, kMaxStreamBytes));
    EXPECT_LE(sender.bytes(), StreamSender::kMaxBytes);
  }
  EXPECT_EQ(sender.frames(), 4U);
  EXPECT_EQ(Push(sender, kMaxStreamBytes + 1).error().code, Errc::kMessageTooLarge);
  sender.DropAll();
  EXPECT_EQ(sender.bytes(), 0U);
  EXPECT_EQ(sender.Next(1000), std::nullopt);
  EXPECT_EQ(sender.dropped(), 110U);
}

}  // namespace
}  // namespace pairwire::delivery

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/delivery/outbox.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace pairwire::delivery {
namespace {

Bytes Message(std::size_t size) { return Bytes(kHeaderBytes + size); }

Result<std::uint64_t> Push(Outbox& outbox, std::size_t size = 1) {
  return outbox.Push(FrameType::kDataBinary, Message(size), 0);
}

// All that waits, by number.
std::vector<std::uint64_t> HandOver(Outbox& outbox) {
  std::vector<std::uint64_t> numbers;
  while (const Outbox::Item* const item = outbox.Next()) {
    numbers.push_back(item->seq);
    outbox.HandedOver();
  }
  return numbers;
}

using Numbers = std::vector<std::uint64_t>;

TEST(Outbox, WritesTheHeader) {
  Outbox outbox({});
  Bytes framed = Message(2);
  framed[kHeaderBytes] = 'h';
  framed[kHeaderBytes + 1] = 'i';
  EXPECT_EQ(outbox.Push(FrameType::kDataText, std::move(framed), 41), 1U);
  const auto frame = ParseFrame(Lane::kControl, *outbox.Next()->framed);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->header, (FrameHeader{FrameType::kDataText, kCommandChannel, 1, 41}));
  EXPECT_EQ(AsText(frame->payload), "hi");
}

TEST(Outbox, BoundsInBytesAndMessages) {
  Outbox few({.bytes = 1000, .messages = 3});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Push(few));
  EXPECT_EQ(Push(few).error().code, Errc::kBufferFull);
  EXPECT_EQ(few.messages(), 3U);
  Outbox small({.bytes = 100, .messages = 100});
  EXPECT_TRUE(Push(small, 40));
  EXPECT_EQ(small.bytes(), 60U);
  EXPECT_FALSE(small.HasRoomFor(21));
  EXPECT_EQ(Push(small, 21).error().code, Errc::kBufferFull);
  EXPECT_EQ(small.bytes(), 60U);
  EXPECT_TRUE(small.HasRoomFor(20));
  EXPECT_TRUE(Push(small, 20));
  EXPECT_EQ(Push(small, 81).error().code, Errc::kMessageTooLarge);
  // What is handed over still counts; what is acknowledged does not.
  HandOver(small);
  EXPECT_EQ(small.bytes(), 100U);
  EXPECT_EQ(small.OnAck(1), 1U);
  EXPECT_EQ(small.bytes(), 40U);
  EXPECT_TRUE(Push(small, 40));
  Outbox usual({});
  EXPECT_EQ(Push(usual, kMaxCommandBytes + 1).error().code, Errc::kMessageTooLarge);
  std::size_t taken = 0;
  while (Push(usual, kMaxCommandBytes)) ++taken;
  EXPECT_EQ(taken, 16U) << "4 MiB with the headers";
}

TEST(Outbox, AckBeyondSentIsRefused) {
  Outbox outbox({});
  for (int i = 0; i < 3; ++i) Push(outbox).value();
  EXPECT_EQ(outbox.OnAck(1).error().code, Errc::kParseError) << "not handed over yet";
  outbox.Next();
  outbox.HandedOver();
  outbox.HandedOver();
  EXPECT_EQ(outbox.OnAck(3).error().code, Errc::kParseError);
  EXPECT_EQ(outbox.OnAck(2), 2U);
  EXPECT_EQ(outbox.OnAck(1), 0U) << "an old one says nothing";
  EXPECT_EQ(outbox.unacked(), (LostMessages{3, 3}));
  EXPECT_EQ(outbox.Next()->seq, 3U);
}

TEST(Outbox, RewindResendsExactly) {
  Outbox outbox({});
  for (int i = 0; i < 5; ++i) Push(outbox).value();
  EXPECT_EQ(HandOver(outbox), Numbers({1, 2, 3, 4, 5}));
  EXPECT_EQ(outbox.OnAck(1), 1U);
  EXPECT_EQ(outbox.Rewind(3), 2U) << "what it delivered counts as acknowledged";
  EXPECT_EQ(HandOver(outbox), Numbers({4, 5}));
  Push(outbox).value();
  EXPECT_EQ(outbox.Rewind(3), 0U);
  EXPECT_EQ(HandOver(outbox), Numbers({4, 5, 6}));
  EXPECT_EQ(outbox.Rewind(2), 0U) << "said before the last acknowledgement";
  EXPECT_EQ(HandOver(outbox), Numbers({4, 5, 6}));
  EXPECT_EQ(outbox.Rewind(7).error().code, Errc::kParseError);
  EXPECT_EQ(HandOver(outbox), Numbers());
  // Sent once is sent: an acknowledgement may come by a HELLO before the resending.
  EXPECT_EQ(outbox.Rewind(3), 0U);
  EXPECT_EQ(outbox.sent(), 6U);
  EXPECT_EQ(outbox.OnAck(6), 3U);
  EXPECT_EQ(outbox.Next(), nullptr);
  EXPECT_EQ(outbox.unacked(), LostMessages());
  EXPECT_EQ(outbox.bytes(), 0U);
}

TEST(Outbox, ResendsTheSameBytes) {
  Outbox outbox({});
  Push(outbox, 3).value();
  const SharedBytes first = outbox.Next()->framed;
  outbox.HandedOver();
  outbox.Rewind(0).value();
  EXPECT_EQ(outbox.Next()->framed, first) << "no copy";
}

TEST(Outbox, NearTheEndOfTheNumbers) {
  constexpr std::uint64_t kMost = UINT64_MAX;
  Outbox outbox({}, kMost - 2);
  EXPECT_EQ(outbox.acked(), kMost - 3);
  for (std::uint64_t seq = kMost - 2; seq != 0; ++seq) EXPECT_EQ(Push(outbox), seq);
  EXPECT_EQ(Push(outbox).error().code, Errc::kLimitExceeded);
  EXPECT_EQ(outbox.unacked(), (LostMessages{kMost - 2, kMost}));
  EXPECT_EQ(HandOver(outbox), Numbers({kMost - 2, kMost - 1, kMost}));
  EXPECT_EQ(outbox.Rewind(kMost - 1), 2U);
  EXPECT_EQ(HandOver(outbox), Numbers({kMost}));
  EXPECT_EQ(outbox.OnAck(kMost), 1U);
  EXPECT_EQ(outbox.unacked(), LostMessages());
  EXPECT_EQ(Push(outbox).error().code, Errc::kLimitExceeded);
}

}  // namespace
}  // namespace pairwire::delivery

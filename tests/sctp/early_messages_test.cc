// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/early_messages.h"

#include <gtest/gtest.h>

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT

constexpr Loop::TimePoint kStart{};
constexpr std::size_t kCost = EarlyMessages::kMessageCost;

TEST(EarlyMessagesTest, KeepsTheOrderOfEachStream) {
  EarlyMessages early(10'000);
  ASSERT_TRUE(early.Add(StreamId{1}, Ppid::kString, true, Bytes{1}, kStart));
  ASSERT_TRUE(early.Add(StreamId{2}, Ppid::kBinary, true, Bytes{2}, kStart));
  ASSERT_TRUE(early.Add(StreamId{1}, Ppid::kBinary, true, Bytes{3, 4}, kStart));
  EXPECT_EQ(early.bytes(), 4 + 3 * kCost);
  const auto messages = early.Take(StreamId{1});
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].ppid, Ppid::kString);
  EXPECT_EQ(messages[1].data, (Bytes{3, 4}));
  EXPECT_TRUE(early.Take(StreamId{1}).empty());
  EXPECT_EQ(early.bytes(), 1 + kCost);
  early.Clear();
  EXPECT_EQ(early.bytes(), 0u);
  EXPECT_FALSE(early.Oldest().has_value());
}

TEST(EarlyMessagesTest, BytesAreBoundedToTheByte) {
  EarlyMessages early(2 * kCost + 10);
  EXPECT_FALSE(early.Add(StreamId{0}, Ppid::kBinary, true, Bytes(kCost + 11), kStart));
  EXPECT_TRUE(early.Add(StreamId{0}, Ppid::kBinary, true, Bytes(4), kStart));
  EXPECT_FALSE(early.Add(StreamId{0}, Ppid::kBinary, true, Bytes(7), kStart));
  EXPECT_TRUE(early.Add(StreamId{0}, Ppid::kBinary, true, Bytes(6), kStart));
  EarlyMessages none(0);
  EXPECT_FALSE(none.Add(StreamId{0}, Ppid::kBinary, true, {}, kStart));
}

TEST(EarlyMessagesTest, StreamsAreBounded) {
  EarlyMessages early(1'000'000);
  for (std::uint16_t i = 0; i < EarlyMessages::kMaxStreams; ++i) {
    ASSERT_TRUE(early.Add(StreamId{i}, Ppid::kBinary, true, Bytes{1}, kStart));
  }
  EXPECT_FALSE(early.Add(StreamId{1000}, Ppid::kBinary, true, Bytes{1}, kStart));
  EXPECT_TRUE(early.Add(StreamId{3}, Ppid::kBinary, true, Bytes{1}, kStart));
}

TEST(EarlyMessagesTest, TheFirstMessageOfAStreamSaysHowOldItIs) {
  EarlyMessages early(10'000);
  (void)early.Add(StreamId{5}, Ppid::kBinary, true, Bytes{1}, kStart + 2s);
  (void)early.Add(StreamId{4}, Ppid::kBinary, true, Bytes{1}, kStart + 3s);
  (void)early.Add(StreamId{5}, Ppid::kBinary, true, Bytes{1}, kStart + 9s);
  EXPECT_EQ(early.Oldest(), kStart + 2s);
  EXPECT_FALSE(early.FindOld(kStart + 1s).has_value());
  EXPECT_EQ(early.FindOld(kStart + 2s), StreamId{5});
  early.Take(StreamId{5});
  EXPECT_EQ(early.Oldest(), kStart + 3s);
}

}  // namespace
}  // namespace pairwire::sctp

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/delivery/inbox.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>

namespace pairwire::delivery {
namespace {

using Verdict = Inbox::Verdict;
constexpr Inbox::TimePoint kStart{std::chrono::seconds(1000)};

// One message, taken and delivered.
void Take(Inbox& inbox, std::uint64_t seq, std::size_t bytes = 1) {
  ASSERT_EQ(inbox.OnFrame(seq), Verdict::kDeliver);
  inbox.Delivered(seq, bytes, kStart);
}

TEST(Inbox, DuplicatesAreDropped) {
  Inbox inbox;
  EXPECT_EQ(inbox.OnFrame(0), Verdict::kDuplicate);
  EXPECT_EQ(inbox.OnFrame(1), Verdict::kDeliver);
  EXPECT_EQ(inbox.OnFrame(1), Verdict::kDuplicate) << "before its callback returned";
  inbox.Delivered(1, 1, kStart);
  EXPECT_EQ(inbox.OnFrame(1), Verdict::kDuplicate);
  EXPECT_EQ(inbox.OnFrame(2), Verdict::kDeliver);
}

TEST(Inbox, AGapIsAViolation) {
  Inbox inbox;
  Take(inbox, 1);
  EXPECT_EQ(inbox.OnFrame(3), Verdict::kViolation);
  EXPECT_EQ(inbox.OnFrame(UINT64_MAX), Verdict::kViolation);
  EXPECT_EQ(inbox.last_taken(), 1U);
  EXPECT_EQ(inbox.OnFrame(2), Verdict::kDeliver);
}

TEST(Inbox, AcksByCountBytesAndTime) {
  Inbox inbox;
  EXPECT_EQ(inbox.AckToSend(kStart, true), std::nullopt);
  std::uint64_t seq = 0;
  for (std::uint64_t i = 1; i < Inbox::kAckMessages; ++i) Take(inbox, ++seq);
  EXPECT_EQ(inbox.AckToSend(kStart, false), std::nullopt);
  Take(inbox, ++seq);
  EXPECT_EQ(inbox.AckToSend(kStart, false), seq);
  EXPECT_EQ(inbox.AckToSend(kStart, true), std::nullopt) << "said already";
  EXPECT_FALSE(inbox.ack_due());
  Take(inbox, ++seq, Inbox::kAckBytes - 1);
  EXPECT_EQ(inbox.AckToSend(kStart, false), std::nullopt);
  Take(inbox, ++seq, 1);
  EXPECT_EQ(inbox.AckToSend(kStart, false), seq);
  Take(inbox, ++seq);
  EXPECT_EQ(inbox.ack_due(), kStart + Inbox::kAckDelay);
  EXPECT_EQ(inbox.AckToSend(kStart + Inbox::kAckDelay - std::chrono::nanoseconds(1), false),
            std::nullopt);
  EXPECT_EQ(inbox.AckToSend(kStart + Inbox::kAckDelay, false), seq);
  Take(inbox, ++seq);
  EXPECT_EQ(inbox.AckToSend(kStart, true), seq);
  EXPECT_EQ(inbox.last_acked(), seq);
}

TEST(Inbox, NothingIsAckedBeforeTheCallbackReturned) {
  Inbox inbox;
  Take(inbox, 1);
  ASSERT_EQ(inbox.OnFrame(2), Verdict::kDeliver);
  ASSERT_EQ(inbox.OnFrame(3), Verdict::kDeliver);
  EXPECT_EQ(inbox.AckToSend(kStart, true), 1U);
  EXPECT_EQ(inbox.last_delivered(), 1U);
  inbox.Delivered(4, 1, kStart);
  EXPECT_EQ(inbox.last_delivered(), 1U) << "it was never taken";
  inbox.Delivered(3, 1, kStart);
  inbox.Delivered(2, 1, kStart);
  EXPECT_EQ(inbox.last_delivered(), 3U);
  EXPECT_EQ(inbox.AckToSend(kStart, true), 3U);
}

TEST(Inbox, NearTheEndOfTheNumbers) {
  Inbox inbox(UINT64_MAX - 1);
  EXPECT_EQ(inbox.last_delivered(), UINT64_MAX - 2);
  EXPECT_EQ(inbox.OnFrame(1), Verdict::kDuplicate);
  Take(inbox, UINT64_MAX - 1);
  Take(inbox, UINT64_MAX);
  EXPECT_EQ(inbox.AckToSend(kStart, true), UINT64_MAX);
  EXPECT_EQ(inbox.OnFrame(UINT64_MAX), Verdict::kDuplicate);
}

}  // namespace
}  // namespace pairwire::delivery

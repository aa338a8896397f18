// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/sync/presentation_queue.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace pairwire::sync {
namespace {

constexpr std::int64_t kNow = 1'000'000'000;

std::vector<std::uint64_t> TakeAll(PresentationQueue& queue, std::int64_t now) {
  std::vector<std::uint64_t> ids;
  while (const auto due = queue.Take(now)) ids.push_back(due->id);
  return ids;
}

TEST(PresentationQueue, ShowsEachAtItsMomentInOrder) {
  PresentationQueue queue;
  EXPECT_EQ(queue.NextDue(), std::nullopt);
  ASSERT_TRUE(queue.Push(2, kNow + 200, kNow));
  ASSERT_TRUE(queue.Push(1, kNow + 100, kNow));
  ASSERT_TRUE(queue.Push(3, kNow + 200, kNow));
  EXPECT_EQ(queue.NextDue(), kNow + 100);
  EXPECT_EQ(queue.Take(kNow + 99), std::nullopt);
  const auto first = queue.Take(kNow + 101);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->id, 1u);
  EXPECT_EQ(first->late_us, 1);
  EXPECT_EQ(queue.NextDue(), kNow + 200);
  EXPECT_EQ(TakeAll(queue, kNow + 200), (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(queue.NextDue(), std::nullopt);
  EXPECT_EQ(queue.stats().shown, 3u);
  EXPECT_EQ(queue.stats().late, 0u);
}

TEST(PresentationQueue, LateOnesAreShownAtOnceAndCounted) {
  PresentationQueue queue;
  ASSERT_TRUE(queue.Push(1, kNow - PresentationQueue::kLateUs, kNow));
  ASSERT_TRUE(queue.Push(2, kNow - PresentationQueue::kLateUs - 1, kNow));
  ASSERT_TRUE(queue.Push(3, 0, kNow));
  EXPECT_EQ(TakeAll(queue, kNow), (std::vector<std::uint64_t>{3, 2, 1}));
  EXPECT_EQ(queue.stats().shown, 3u);
  EXPECT_EQ(queue.stats().late, 2u);
  EXPECT_EQ(queue.stats().worst_late_us, kNow);
}

TEST(PresentationQueue, AStallLeavesThemInOrder) {
  PresentationQueue queue;
  for (std::uint64_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(queue.Push(i, kNow + static_cast<std::int64_t>(i) * 16'667, kNow));
  }
  std::vector<std::uint64_t> all;
  for (std::uint64_t i = 0; i < 20; ++i) all.push_back(i);
  EXPECT_EQ(TakeAll(queue, kNow + 5'000'000), all);
  EXPECT_EQ(queue.stats().late, 20u);
}

TEST(PresentationQueue, BoundedInNumberAndTime) {
  PresentationQueue queue;
  for (std::uint64_t i = 0; i < PresentationQueue::kMaxFrames; ++i) {
    ASSERT_TRUE(queue.Push(i, kNow + 1, kNow));
  }
  const auto full = queue.Push(99, kNow + 1, kNow);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Errc::kLimitExceeded);
  ASSERT_TRUE(queue.Take(kNow + 1));
  EXPECT_TRUE(queue.Push(99, kNow + 1, kNow));

  queue.Clear();
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_TRUE(queue.Push(1, kNow + PresentationQueue::kMaxAheadUs, kNow));
  const auto ahead = queue.Push(2, kNow + PresentationQueue::kMaxAheadUs + 1, kNow);
  ASSERT_FALSE(ahead);
  EXPECT_EQ(ahead.error().code, Errc::kLimitExceeded);
  for (const std::int64_t no_time :
       {std::int64_t{-1}, std::numeric_limits<std::int64_t>::min(),
        std::numeric_limits<std::int64_t>::max(), PresentationQueue::kMaxTimeUs + 1}) {
    const auto refused = queue.Push(3, no_time, kNow);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
  }
  EXPECT_EQ(queue.stats().dropped, 6u);
}

TEST(PresentationQueue, AClockSetBackStrandsNothing) {
  PresentationQueue queue;
  ASSERT_TRUE(queue.Push(1, kNow + 1'000, kNow));
  ASSERT_TRUE(queue.Push(2, kNow + 5'000'000, kNow));
  ASSERT_TRUE(queue.Push(3, kNow + 9'000'000, kNow));
  EXPECT_EQ(queue.TakeUnreachable(kNow), std::nullopt);
  const std::int64_t set_back = kNow - 6'000'000;
  EXPECT_EQ(queue.Take(set_back), std::nullopt);
  EXPECT_EQ(queue.TakeUnreachable(set_back), 3u);
  EXPECT_EQ(queue.TakeUnreachable(set_back), 2u);
  EXPECT_EQ(queue.TakeUnreachable(set_back), std::nullopt);
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(queue.stats().dropped, 2u);
  EXPECT_EQ(TakeAll(queue, kNow + 1'000), (std::vector<std::uint64_t>{1}));
}

}  // namespace
}  // namespace pairwire::sync

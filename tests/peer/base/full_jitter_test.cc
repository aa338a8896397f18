// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/base/full_jitter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>

#include "tests/support/seeded_random.h"

namespace pairwire {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

TEST(FullJitter, IsAnythingFromNothingToTheBound) {
  test::SeededRandom random{1};
  std::array<int, 4> seen{};
  for (int i = 0; i < 4'000; ++i) {
    const milliseconds pause = FullJitter(random, milliseconds(3));
    ASSERT_GE(pause, milliseconds(0));
    ASSERT_LE(pause, milliseconds(3));
    ++seen[static_cast<std::size_t>(pause.count())];
  }
  // A thousand of each, as far as chance goes.
  for (const int count : seen) EXPECT_NEAR(count, 1'000, 150);
}

TEST(FullJitter, OfNothingIsNothing) {
  test::SeededRandom random{1};
  EXPECT_EQ(FullJitter(random, milliseconds(0)), milliseconds(0));
}

TEST(DoubledBound, DoublesUpToTheMostAndStaysThere) {
  const auto bound = [](int tries) {
    return DoubledBound(milliseconds(250), milliseconds(1'800), tries).count();
  };
  EXPECT_EQ(bound(0), 250);
  EXPECT_EQ(bound(1), 500);
  EXPECT_EQ(bound(2), 1'000);
  EXPECT_EQ(bound(3), 1'800);
  EXPECT_EQ(bound(4), 1'800);
  EXPECT_EQ(bound(std::numeric_limits<int>::max()), 1'800);
}

TEST(DoubledBound, NeverGetsBeyondWhatCanBeCounted) {
  EXPECT_EQ(DoubledBound(nanoseconds(3), nanoseconds::max(), 1'000), nanoseconds::max());
  EXPECT_EQ(DoubledBound(milliseconds(500), milliseconds(20), 0), milliseconds(20));
}

TEST(JitteredPause, StaysBelowItsBound) {
  test::SeededRandom random{7};
  for (int tries = 0; tries < 8; ++tries) {
    const auto bound = DoubledBound(milliseconds(100), milliseconds(2'000), tries);
    milliseconds longest{0};
    for (int i = 0; i < 200; ++i) {
      longest =
          std::max(longest, JitteredPause(random, milliseconds(100), milliseconds(2'000), tries));
    }
    EXPECT_LE(longest, bound);
    EXPECT_GT(longest, bound / 2) << "all of it is drawn from";
  }
}

}  // namespace
}  // namespace pairwire

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The replay window: against a set that forgets nothing.
#include "peer/dtls/replay_window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include "tests/support/seeded_random.h"

namespace pairwire::dtls::test {
namespace {

using pairwire::test::SeededRandom;

constexpr std::uint64_t kSize = ReplayWindow::kSize;

TEST(ReplayWindow, EachNumberOnce) {
  ReplayWindow window;
  for (std::uint64_t i = 0; i < 5 * kSize; ++i) {
    ASSERT_TRUE(window.IsNew(i));
    ASSERT_TRUE(window.IsNew(i));  // asking is not noting
    window.Note(i);
    ASSERT_FALSE(window.IsNew(i));
  }
}

TEST(ReplayWindow, TheOldEnd) {
  ReplayWindow window;
  window.Note(10 * kSize);
  EXPECT_TRUE(window.IsNew(9 * kSize + 1));
  EXPECT_FALSE(window.IsNew(9 * kSize));
  EXPECT_FALSE(window.IsNew(0));
}

TEST(ReplayWindow, AJumpForgetsWhatItLeavesBehind) {
  for (const std::uint64_t jump : {std::uint64_t{1}, std::uint64_t{63}, kSize - 1, kSize, kSize + 1,
                                   3 * kSize, std::uint64_t{1} << 47}) {
    ReplayWindow window;
    for (std::uint64_t i = 0; i < kSize; ++i) window.Note(i);
    const std::uint64_t newest = kSize - 1 + jump;
    window.Note(newest);
    EXPECT_FALSE(window.IsNew(newest));
    for (std::uint64_t back = 1; back < kSize; ++back) {
      const std::uint64_t number = newest - back;
      ASSERT_EQ(window.IsNew(number), number >= kSize) << jump << " " << number;
    }
  }
}

TEST(ReplayWindow, AnyOrderAgainstASet) {
  SeededRandom random(7);
  for (int round = 0; round < 50; ++round) {
    ReplayWindow window;
    std::set<std::uint64_t> taken;
    std::uint64_t newest = 0;
    for (int i = 0; i < 5'000; ++i) {
      const std::uint64_t back = random.NextBelow(2 * kSize);
      const std::uint64_t ahead = random.NextBelow(i % 100 == 0 ? 4 * kSize : 8);
      const std::uint64_t number =
          random.NextBelow(2) == 0 ? newest + ahead : newest - std::min(newest, back);
      const bool in_window = taken.empty() || number + kSize > newest;
      ASSERT_EQ(window.IsNew(number), in_window && !taken.contains(number)) << number;
      if (!window.IsNew(number)) continue;
      window.Note(number);
      taken.insert(number);
      newest = std::max(newest, number);
    }
  }
}

}  // namespace
}  // namespace pairwire::dtls::test

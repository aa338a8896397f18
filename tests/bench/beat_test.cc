// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/beat.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace pairwire::bench {
namespace {

class BeatTest : public testing::TestWithParam<std::size_t> {};

TEST_P(BeatTest, EachConnectionIsDueOnceInAPeriodAndTheyAreSpreadEvenly) {
  constexpr std::size_t kPeriod = 100;
  const std::size_t connections = GetParam();
  const Beat beat(connections, kPeriod);
  std::vector<int> times(connections);
  std::size_t most = 0;
  std::size_t least = connections;
  // From the middle of a period, over its end.
  for (std::size_t tick = 40; tick < 40 + kPeriod; ++tick) {
    const Beat::Range due = beat.DueAt(tick);
    ASSERT_LE(due.begin, due.end);
    ASSERT_LE(due.end, connections);
    for (std::size_t i = due.begin; i < due.end; ++i) ++times[i];
    most = std::max(most, due.end - due.begin);
    least = std::min(least, due.end - due.begin);
  }
  EXPECT_EQ(std::count(times.begin(), times.end(), 1), static_cast<std::ptrdiff_t>(connections));
  EXPECT_LE(most - least, 1u);
}

INSTANTIATE_TEST_SUITE_P(FewerAndMoreThanTicks, BeatTest,
                         testing::Values(1, 7, 10, 99, 100, 101, 250, 1000, 1013));

}  // namespace
}  // namespace pairwire::bench

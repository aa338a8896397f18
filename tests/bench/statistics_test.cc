// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/statistics.h"

#include <gtest/gtest.h>

namespace pairwire::bench {
namespace {

TEST(SamplesTest, PercentilesAreTheNearestRank) {
  Samples samples;
  for (int i = 100; i >= 1; --i) samples.Add(i);
  EXPECT_EQ(samples.Percentile(50), 50);
  EXPECT_EQ(samples.Percentile(95), 95);
  EXPECT_EQ(samples.Percentile(99), 99);
  EXPECT_EQ(samples.Percentile(99.5), 100);
  EXPECT_EQ(samples.Percentile(0), 1);
  EXPECT_EQ(samples.Max(), 100);
}

TEST(SamplesTest, OneOutlierOfFiftyShowsAtP99NotAtP95) {
  Samples samples;
  for (int i = 0; i < 49; ++i) samples.Add(3);
  samples.Add(50);
  EXPECT_EQ(samples.Percentile(95), 3);
  EXPECT_EQ(samples.Percentile(99), 50);
}

TEST(SamplesTest, TakesMoreAfterItWasAsked) {
  Samples samples;
  EXPECT_EQ(samples.Percentile(50), 0);
  samples.Add(2);
  EXPECT_EQ(samples.Percentile(50), 2);
  samples.Add(1);
  EXPECT_EQ(samples.Percentile(50), 1);
  EXPECT_EQ(samples.count(), 2u);
}

}  // namespace
}  // namespace pairwire::bench

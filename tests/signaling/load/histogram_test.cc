// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace pairwire::load {
namespace {

using std::chrono::nanoseconds;

TEST(HistogramTest, EmptyIsZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.Percentile(99), nanoseconds(0));
}

TEST(HistogramTest, SmallValuesAreExact) {
  Histogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.Add(nanoseconds(i));
  EXPECT_EQ(histogram.Percentile(50), nanoseconds(50));
  EXPECT_EQ(histogram.Percentile(99), nanoseconds(99));
  EXPECT_EQ(histogram.Percentile(100), nanoseconds(100));
  EXPECT_EQ(histogram.Percentile(0), nanoseconds(1));
}

// The promise of the header, against the sorted values themselves.
TEST(HistogramTest, PercentilesAreAtMostOneStepAbove) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> values(11, 3);
  Histogram histogram;
  std::vector<std::int64_t> all;
  for (int i = 0; i < 20'000; ++i) {
    const auto value = static_cast<std::int64_t>(std::min(values(random), 1e12));
    all.push_back(value);
    histogram.Add(nanoseconds(value));
  }
  std::sort(all.begin(), all.end());
  for (const double percent : {0.1, 1.0, 10.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const auto rank = static_cast<std::size_t>(
        std::max(std::ceil(percent / 100 * static_cast<double>(all.size())), 1.0));
    const auto exact = static_cast<double>(all[rank - 1]);
    const auto told = static_cast<double>(histogram.Percentile(percent).count());
    EXPECT_GE(told, exact) << percent;
    EXPECT_LE(told, exact * (1 + 1.0 / 128) + 1) << percent;
  }
}

TEST(HistogramTest, EveryPowerOfTwoFallsBetweenItsNeighbours) {
  for (int bit = 0; bit < 40; ++bit) {
    for (const std::int64_t offset : {-1, 0, 1}) {
      const std::int64_t value = std::max<std::int64_t>((std::int64_t{1} << bit) + offset, 0);
      Histogram histogram;
      histogram.Add(nanoseconds(value));
      EXPECT_EQ(histogram.Percentile(50), nanoseconds(value)) << value;
    }
  }
}

TEST(HistogramTest, WhatIsOutsideIsBounded) {
  Histogram histogram;
  histogram.Add(nanoseconds(-5));
  histogram.Add(std::chrono::hours(24));
  EXPECT_EQ(histogram.Percentile(50), nanoseconds(0));
  EXPECT_EQ(histogram.Max(), Histogram::kMax);
}

TEST(HistogramTest, TwoBecomeOne) {
  Histogram low;
  Histogram high;
  for (int i = 0; i < 10; ++i) low.Add(nanoseconds(10));
  for (int i = 0; i < 10; ++i) high.Add(nanoseconds(100));
  low.Add(high);
  EXPECT_EQ(low.count(), 20U);
  EXPECT_EQ(low.Percentile(50), nanoseconds(10));
  EXPECT_EQ(low.Percentile(51), nanoseconds(100));
}

}  // namespace
}  // namespace pairwire::load

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/sync/clock_estimate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "tests/support/seeded_random.h"

namespace pairwire::sync {
namespace {

// Two clocks and a path between them. Times are microseconds.
class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {
    // Any start of either clock, a path of 5 to 50 ms.
    local_ = static_cast<std::int64_t>(random_.NextBelow(1'000'000'000'000));
    remote_start_ = static_cast<double>(random_.NextBelow(1'000'000'000'000));
    start_ = local_;
    path_us = 5'000 + static_cast<double>(random_.NextBelow(45'000));
  }

  std::int64_t now() const { return local_; }
  double TrueOffset() const {
    return Remote(static_cast<double>(local_)) - static_cast<double>(local_);
  }
  void StepRemote(double us) { remote_start_ += us; }

  // One ping now; the time it takes passes on the clock only if `wait`.
  ClockSample Ping() {
    const double there = path_us + jitter_us * random_.NextUnit();
    const double at_peer = 50 * random_.NextUnit();
    const double back = path_us + jitter_us * random_.NextUnit() + asymmetry_us;
    const auto sent = static_cast<double>(local_);
    ClockSample sample;
    sample.t0 = local_;
    sample.t1 = std::llround(Remote(sent + there));
    sample.t2 = std::llround(Remote(sent + there + at_peer));
    sample.t3 = std::llround(sent + there + at_peer + back);
    return sample;
  }
  void Pass(std::int64_t us) { local_ += us; }

  double path_us = 20'000;
  double jitter_us = 5'000;
  double asymmetry_us = 0;
  double drift_ppm = 0;

 private:
  double Remote(double local) const {
    return remote_start_ + (local - static_cast<double>(start_)) * (1 + drift_ppm * 1e-6);
  }

  test::SeededRandom random_;
  std::int64_t local_ = 0;
  std::int64_t start_ = 0;
  double remote_start_ = 0;
};

double ErrorOf(const ClockEstimate& estimate, const World& world) {
  return std::abs(static_cast<double>(estimate.At(world.now())->offset_us) - world.TrueOffset());
}

// As a session asks: 20 pings at once, then two a second. The answer counts when it is there.
void Burst(ClockEstimate& estimate, World& world) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(estimate.Add(world.Ping()));
    world.Pass(50'000);
  }
}

TEST(ClockEstimate, WithinTwoMillisecondsUnderJitter) {
  double worst = 0;
  double sum = 0;
  int count = 0;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    World world(seed);
    world.drift_ppm = static_cast<double>(seed % 9) * 20 - 80;
    ClockEstimate estimate;
    Burst(estimate, world);
    for (int i = 0; i < 120; ++i) {
      const double error = ErrorOf(estimate, world);
      ASSERT_LT(error, 2'000) << "seed " << seed << " after " << i << " pings more";
      // What it says about itself is true.
      ASSERT_LE(error, static_cast<double>(estimate.At(world.now())->error_us) + 1);
      worst = std::max(worst, error);
      sum += error;
      ++count;
      ASSERT_TRUE(estimate.Add(world.Ping()));
      world.Pass(500'000);
    }
  }
  RecordProperty("worst_us", static_cast<int>(worst));
  RecordProperty("mean_us", static_cast<int>(sum / count));
}

TEST(ClockEstimate, FollowsDrift) {
  for (const double drift : {-450.0, -100.0, -30.0, 0.0, 30.0, 100.0, 450.0}) {
    World world(7);
    world.drift_ppm = drift;
    ClockEstimate estimate;
    Burst(estimate, world);
    for (int i = 0; i < 1200; ++i) {  // ten minutes
      ASSERT_TRUE(estimate.Add(world.Ping()));
      world.Pass(500'000);
      if (i < 80) continue;
      ASSERT_LT(ErrorOf(estimate, world), 2'000) << drift << " at " << i;
      ASSERT_NEAR(estimate.At(world.now())->drift_ppm, drift, 40);
    }
    // Without pings it goes on by what it knows.
    world.Pass(10'000'000);
    EXPECT_LT(ErrorOf(estimate, world), 2'000) << drift;
  }
}

TEST(ClockEstimate, OneEachFiveSecondsKeepsIt) {
  World world(11);
  world.drift_ppm = 40;
  ClockEstimate estimate;
  Burst(estimate, world);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(estimate.Add(world.Ping()));
    world.Pass(5'000'000);
    ASSERT_LT(ErrorOf(estimate, world), 4'000) << i;
  }
  Burst(estimate, world);
  EXPECT_LT(ErrorOf(estimate, world), 2'000);
}

TEST(ClockEstimate, AFastPathIsExact) {
  World world(3);
  world.path_us = 60;
  world.jitter_us = 20;
  ClockEstimate estimate;
  Burst(estimate, world);
  EXPECT_LT(ErrorOf(estimate, world), 20);
  EXPECT_LT(estimate.At(world.now())->error_us, 100);
  EXPECT_LT(*estimate.round_trip_us(), 200);
}

TEST(ClockEstimate, QueuesDoNotMoveIt) {
  World world(5);
  ClockEstimate estimate;
  Burst(estimate, world);
  const double before = ErrorOf(estimate, world);
  // A second of bufferbloat in one direction.
  world.asymmetry_us = 800'000;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(estimate.Add(world.Ping()));
    world.Pass(100'000);
  }
  EXPECT_LT(ErrorOf(estimate, world), before + 200);
}

TEST(ClockEstimate, AnAsymmetricPathIsInsideTheError) {
  World world(6);
  world.asymmetry_us = 30'000;
  ClockEstimate estimate;
  Burst(estimate, world);
  const double error = ErrorOf(estimate, world);
  EXPECT_GT(error, 10'000);  // half of it: nobody can see it
  EXPECT_LE(error, static_cast<double>(estimate.At(world.now())->error_us));
}

TEST(ClockEstimate, SurvivesAStep) {
  for (const double step : {-3'600e6, -2e6, -300e3, 300e3, 2e6, 3'600e6}) {
    World world(8);
    ClockEstimate estimate;
    Burst(estimate, world);
    world.Pass(60'000'000);
    world.StepRemote(step);
    Burst(estimate, world);
    EXPECT_LT(ErrorOf(estimate, world), 2'000) << step;
    EXPECT_LT(std::abs(estimate.At(world.now())->drift_ppm), 1) << step;
  }
  // A step that hides in the round trip fades with the samples from before.
  World world(9);
  ClockEstimate estimate;
  Burst(estimate, world);
  world.StepRemote(4'000);
  for (int i = 0; i < 240; ++i) {
    ASSERT_TRUE(estimate.Add(world.Ping()));
    world.Pass(500'000);
  }
  EXPECT_LT(ErrorOf(estimate, world), 2'000);
}

TEST(ClockEstimate, HostileSamples) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kEdge = ClockEstimate::kMaxTimeUs;
  const std::int64_t ours = 1'000'000;
  ClockEstimate estimate;
  EXPECT_EQ(estimate.At(ours), std::nullopt);
  EXPECT_EQ(estimate.round_trip_us(), std::nullopt);
  const ClockSample refused[] = {
      {ours, kMin, 0, ours + 10},
      {ours, 0, kMax, ours + 10},
      {ours, kMax, kMax, ours + 10},
      {ours, -1, 5, ours + 10},
      {ours, 10, 5, ours + 10},  // backwards
      {ours, 0, 11, ours + 10},  // longer at the peer than the whole round trip
      {ours, 0, kEdge, ours + 10},
      {ours, kEdge, kEdge + 1, ours + 10},
      {ours, 5, 6, ours - 1},
      {-5, 5, 6, ours},
      {ours, 5, 6, ours + ClockEstimate::kMaxRoundTripUs + 1}};
  for (const ClockSample& sample : refused) EXPECT_FALSE(estimate.Add(sample));
  EXPECT_EQ(estimate.At(ours), std::nullopt);

  // A clock that leaps to and fro between its ends: no overflow, nothing grows, each leap is a new
  // beginning.
  std::int64_t now = ours;
  for (int i = 0; i < 1000; ++i) {
    now += 1000;
    const std::int64_t theirs = i % 2 == 0 ? 0 : kEdge;
    ASSERT_TRUE(estimate.Add({now, theirs, theirs, now + 10}));
    const auto clock = estimate.At(now);
    ASSERT_TRUE(clock);
    EXPECT_LE(std::abs(clock->offset_us - (theirs - now)), 10);
  }
  // A clock that runs as fast as can be without being a step: the drift stays within its bound.
  estimate.Reset();
  for (int i = 0; i < 1000; ++i) {
    now += 100'000;
    const std::int64_t theirs = now + i * 150;  // 1500 ppm, hidden in a slow path
    ASSERT_TRUE(estimate.Add({now, theirs + 200'000, theirs + 200'000, now + 400'000}));
    EXPECT_LE(std::abs(estimate.At(now)->drift_ppm), ClockEstimate::kMaxDriftPpm + 1e-6);
  }
  // Random ones.
  test::SeededRandom random(1);
  for (int i = 0; i < 100'000; ++i) {
    const auto draw = [&] {
      return static_cast<std::int64_t>(random.NextUint64() >> random.NextBelow(64));
    };
    estimate.Add({draw(), draw(), draw(), draw()});
    static_cast<void>(estimate.At(draw()));
  }
}

TEST(ClockEstimate, HoldsNoMoreThanItsBound) {
  World world(4);
  ClockEstimate estimate;
  // A peer is pinged far too often; what is kept, and so what At costs, stays the same.
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(estimate.Add(world.Ping()));
    world.Pass(1'000);
  }
  EXPECT_LE(estimate.samples(), ClockEstimate::kMaxSamples);
}

}  // namespace
}  // namespace pairwire::sync

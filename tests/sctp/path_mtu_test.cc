// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/path_mtu.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "tests/support/manual_loop.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using pairwire::test::ManualLoop;

constexpr std::size_t kBase = 1160;

// A path of a certain MTU and round-trip time.
class PathMtuTest : public testing::Test, protected PathMtu::Events {
 protected:
  void SendProbe(std::uint32_t id, std::size_t size) override {
    probes.push_back(size);
    if (down || size > path) return;
    loop.ScheduleAt(loop.Now() + rtt, [this, id] { mtu.OnAnswer(id); });
  }
  void OnPathMtu(std::size_t size) override { sizes.push_back(size); }
  std::size_t CountOf(std::size_t size) const {
    return static_cast<std::size_t>(std::count(probes.begin(), probes.end(), size));
  }

  ManualLoop loop;
  std::size_t path = 1'000'000;
  bool down = false;
  Loop::Duration rtt = 1ms;
  std::vector<std::size_t> probes;
  std::vector<std::size_t> sizes;
  PathMtu mtu{loop, kBase, PathMtu::kLargest, *this};
};

TEST_F(PathMtuTest, AWidePathIsKnownAfterOneRoundTrip) {
  EXPECT_EQ(mtu.size(), kBase);
  mtu.Start();
  EXPECT_EQ(probes, (std::vector<std::size_t>{kBase, 1432, 1412, 1352, 1312}));
  EXPECT_EQ(mtu.size(), kBase) << "not before the answer";
  loop.RunFor(2ms);
  EXPECT_EQ(mtu.size(), 1432u);
  EXPECT_EQ(mtu.state(), PathMtu::State::kDone);
  loop.RunFor(24h);
  EXPECT_EQ(probes.size(), 5u) << "nothing above to look for";
}

TEST_F(PathMtuTest, EachPathGetsTheLargestSizeThatItCarries) {
  for (const std::size_t path_now :
       std::vector<std::size_t>{1500, 1432, 1431, 1412, 1400, 1352, 1351, 1312, 1311, 1160}) {
    path = path_now;
    std::size_t best = kBase;
    for (const std::size_t size : PathMtu::kSizes) {
      if (size <= path) best = std::max(best, size);
    }
    mtu.Start();
    mtu.OnPathChanged();
    loop.RunFor(10s);
    EXPECT_EQ(mtu.size(), best) << path;
    EXPECT_EQ(mtu.state(), PathMtu::State::kDone);
  }
}

TEST_F(PathMtuTest, ANarrowPathIsSettledAfterThreeAttemptsAndTriedAgainLater) {
  path = 1200;
  mtu.Start();
  loop.RunFor(10s);
  EXPECT_EQ(mtu.state(), PathMtu::State::kDone);
  EXPECT_EQ(mtu.size(), kBase);
  EXPECT_EQ(CountOf(1432), 3u);
  path = 2000;
  loop.RunFor(9min);
  EXPECT_EQ(mtu.size(), kBase);
  loop.RunFor(2min);
  EXPECT_EQ(mtu.size(), 1432u);
}

TEST_F(PathMtuTest, LossOfAProbeIsNoVerdict) {
  down = true;
  mtu.Start();
  loop.RunFor(500ms);
  down = false;
  loop.RunFor(2s);
  EXPECT_EQ(mtu.size(), 1432u);
}

TEST_F(PathMtuTest, APathThatIsAwayRulesNothingOutAndIsProbedRarely) {
  down = true;
  mtu.Start();
  loop.RunFor(10min);
  EXPECT_EQ(mtu.state(), PathMtu::State::kSearching);
  EXPECT_LE(CountOf(1432), 45u);
  down = false;
  loop.RunFor(17s);
  EXPECT_EQ(mtu.size(), 1432u);
}

TEST_F(PathMtuTest, AnswersOfALongPathCount) {
  rtt = 2500ms;
  mtu.Start();
  loop.RunFor(4s);
  EXPECT_EQ(mtu.size(), 1432u);
}

TEST_F(PathMtuTest, WhatMakesLargePacketsDoubtfulBringsTheBaseBack) {
  const std::vector<std::function<void()>> doubts{
      [this] { mtu.OnPathChanged(); }, [this] { mtu.OnQuiet(); }, [this] { mtu.OnTooLarge(1432); }};
  for (const auto& doubt : doubts) {
    path = 2000;
    mtu.Start();
    mtu.OnPathChanged();
    loop.RunFor(1s);
    ASSERT_EQ(mtu.size(), 1432u);
    path = 1360;
    doubt();
    EXPECT_EQ(mtu.size(), kBase) << "at once";
    loop.RunFor(1s);
    EXPECT_EQ(mtu.size(), 1352u);
  }
}

TEST_F(PathMtuTest, AnswersToProbesOfTheOldPathDoNotCount) {
  rtt = 100ms;
  mtu.Start();
  path = 1200;
  loop.RunFor(50ms);
  mtu.OnPathChanged();
  loop.RunFor(10s);
  EXPECT_EQ(mtu.size(), kBase);
  EXPECT_TRUE(sizes.empty());
}

TEST_F(PathMtuTest, WhatTheSystemRefusesIsNotProbedAgainInThisSearch) {
  mtu.Start();
  mtu.OnTooLarge(1432);
  loop.RunFor(10s);
  EXPECT_EQ(mtu.size(), 1412u);
  EXPECT_EQ(CountOf(1432), 1u);
  mtu.OnTooLarge(kBase);  // not a thing of the search
  EXPECT_EQ(mtu.size(), 1412u);
}

TEST_F(PathMtuTest, QuietAtTheBaseChangesNothing) {
  path = 1200;
  mtu.Start();
  loop.RunFor(10s);
  const std::size_t before = probes.size();
  for (int i = 0; i < 10; ++i) mtu.OnQuiet();
  EXPECT_EQ(probes.size(), before);
}

TEST_F(PathMtuTest, WithNothingAboveTheBaseThereIsNoSearch) {
  PathMtu off(loop, kBase, 0, *this);
  off.Start();
  off.OnPathChanged();
  off.OnQuiet();
  off.OnTooLarge(5000);
  for (std::uint32_t id = 0; id < 100; ++id) off.OnAnswer(id);
  EXPECT_TRUE(probes.empty());
  EXPECT_EQ(off.size(), kBase);
}

TEST_F(PathMtuTest, AfterStopNothingIsProbed) {
  path = 1200;
  mtu.Start();
  loop.RunFor(10s);
  const std::size_t before = probes.size();
  mtu.Stop();
  mtu.OnPathChanged();
  loop.RunFor(1h);
  EXPECT_EQ(probes.size(), before);
}

TEST_F(PathMtuTest, ForeignIdsAreHarmless) {
  path = 0;
  mtu.Start();
  for (std::uint32_t id = 0; id < 8; ++id) mtu.OnAnswer(id);
  for (std::uint32_t index = 5; index < 8; ++index) mtu.OnAnswer(8 + index);
  mtu.OnAnswer(0xffffffff);
  EXPECT_EQ(mtu.size(), kBase);
}

}  // namespace
}  // namespace pairwire::sctp

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ManualLoop's own controls: how the clock moves. What it shares with AsioLoop is in
// loop_contract_test.cc.
#include "tests/support/manual_loop.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace pairwire::test {
namespace {

using namespace std::chrono_literals;

TEST(ManualLoop, RunUntilIdleRunsNoTimerAndDoesNotMoveTheClock) {
  ManualLoop loop;
  const auto start = loop.Now();
  int posted = 0;
  loop.ScheduleAt(start, [] { ADD_FAILURE() << "a timer"; });
  loop.Post([&] { loop.Post([&] { loop.PostAtTurnEnd([&] { ++posted; }); }); });
  loop.RunUntilIdle();
  EXPECT_EQ(posted, 1);
  EXPECT_EQ(loop.Now(), start);
  EXPECT_EQ(loop.NextTimer(), start);
}

TEST(ManualLoop, AdvanceByStopsAtEachTimer) {
  ManualLoop loop;
  const auto start = loop.Now();
  std::vector<Loop::Duration> at;
  loop.ScheduleAt(start + 30ms, [&] { at.push_back(loop.Now() - start); });
  loop.ScheduleAt(start + 10ms, [&] {
    at.push_back(loop.Now() - start);
    loop.ScheduleAt(loop.Now() + 10ms, [&] { at.push_back(loop.Now() - start); });
  });
  loop.AdvanceBy(30ms);
  EXPECT_EQ(at, (std::vector<Loop::Duration>{10ms, 20ms, 30ms}));
  EXPECT_EQ(loop.Now(), start + 30ms);
}

TEST(ManualLoop, JumpByMakesTimersLate) {
  ManualLoop loop;
  const auto start = loop.Now();
  std::vector<Loop::Duration> at;
  loop.ScheduleAt(start + 10ms, [&] { at.push_back(loop.Now() - start); });
  loop.ScheduleAt(start + 20ms, [&] { at.push_back(loop.Now() - start); });
  loop.JumpBy(1h);
  EXPECT_EQ(at, (std::vector<Loop::Duration>{1h, 1h}));
}

TEST(ManualLoop, StepRunsOneTimerAndWhatItPosted) {
  ManualLoop loop;
  std::vector<int> order;
  loop.ScheduleAt(loop.Now() + 24h, [&] {
    order.push_back(1);
    loop.Post([&] { order.push_back(2); });
  });
  loop.ScheduleAt(loop.Now() + 25h, [&] { order.push_back(3); });
  EXPECT_TRUE(loop.Step());
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  EXPECT_TRUE(loop.Step());
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_FALSE(loop.Step());
}

TEST(ManualLoop, RunUntilStopsAtTheConditionOrTheLimit) {
  ManualLoop loop;
  const auto start = loop.Now();
  int ticks = 0;
  std::function<void()> tick = [&] {
    ++ticks;
    loop.ScheduleAt(loop.Now() + 1s, [&] { tick(); });
  };
  tick();
  EXPECT_TRUE(loop.RunUntil([&] { return ticks == 5; }, 1min));
  EXPECT_EQ(loop.Now(), start + 4s);
  EXPECT_FALSE(loop.RunUntil([&] { return ticks == 100; }, 10s));
  EXPECT_EQ(loop.Now(), start + 14s);
  EXPECT_EQ(ticks, 15);
}

TEST(ManualLoop, RunUntilWithoutEventsUsesUpTheLimit) {
  ManualLoop loop;
  const auto start = loop.Now();
  EXPECT_FALSE(loop.RunUntil([] { return false; }, 1h));
  EXPECT_EQ(loop.Now(), start + 1h);
}

TEST(ManualLoopDeathTest, WorkThatPostsItselfForEverEnds) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        ManualLoop loop;
        std::function<void()> again = [&] { loop.PostAtTurnEnd([&] { again(); }); };
        again();
        loop.RunUntilIdle();
      },
      "kMaxTurnsUntilIdle");
}

}  // namespace
}  // namespace pairwire::test

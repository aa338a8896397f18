// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Task, TaskSafety and Timer: what is posted by an owner that is gone does nothing.
#include "peer/base/task_safety.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <utility>

#include "peer/base/task.h"
#include "peer/base/timer.h"
#include "tests/support/manual_loop.h"

namespace pairwire {
namespace {

using namespace std::chrono_literals;

TEST(Task, HoldsWhatCanOnlyBeMoved) {
  int seen = 0;
  Task task = [value = std::make_unique<int>(7), &seen] { seen = *value; };
  ASSERT_TRUE(task);
  const auto moved = std::make_unique<Task>(std::move(task));
  (*moved)();
  EXPECT_EQ(seen, 7);
  EXPECT_FALSE(Task());
}

TEST(TaskSafety, WrappedTaskRunsWhileTheOwnerLives) {
  test::ManualLoop loop;
  int ran = 0;
  auto safety = std::make_unique<TaskSafety>();
  loop.Post(safety->Wrap([&] { ++ran; }));
  loop.RunUntilIdle();
  EXPECT_EQ(ran, 1);
  loop.Post(safety->Wrap([&] { ++ran; }));
  safety.reset();
  loop.RunUntilIdle();
  EXPECT_EQ(ran, 1);
}

TEST(TaskSafety, WatchTellsWhetherTheOwnerSurvivedACall) {
  auto safety = std::make_unique<TaskSafety>();
  const auto alive = safety->Watch();
  EXPECT_TRUE(*alive);
  safety.reset();
  EXPECT_FALSE(*alive);
}

TEST(TaskSafety, AWrappedTaskMayDestroyTheOwner) {
  test::ManualLoop loop;
  auto safety = std::make_unique<TaskSafety>();
  int ran = 0;
  loop.Post(safety->Wrap([&] {
    ++ran;
    safety.reset();
  }));
  loop.Post(safety->Wrap([&] { ++ran; }));
  loop.RunUntilIdle();
  EXPECT_EQ(ran, 1);
}

TEST(Timer, ExpiresOnceAndMayBeStartedOver) {
  test::ManualLoop loop;
  int expired = 0;
  Timer timer(loop, [&] { ++expired; });
  EXPECT_FALSE(timer.active());
  timer.Start(10ms);
  loop.AdvanceBy(9ms);
  timer.Start(10ms);  // pushed back
  loop.AdvanceBy(9ms);
  EXPECT_EQ(expired, 0);
  EXPECT_TRUE(timer.active());
  loop.AdvanceBy(1ms);
  EXPECT_EQ(expired, 1);
  EXPECT_FALSE(timer.active());
  loop.AdvanceBy(1h);
  EXPECT_EQ(expired, 1);
}

TEST(Timer, StopAndDestructionForgetIt) {
  test::ManualLoop loop;
  {
    Timer timer(loop, [] { ADD_FAILURE(); });
    timer.Start(1ms);
    timer.Stop();
    timer.Stop();
    timer.Start(1ms);
  }
  EXPECT_EQ(loop.NextTimer(), std::nullopt);
  loop.AdvanceBy(1s);
}

TEST(Timer, MayRestartItselfAndMayDestroyItself) {
  test::ManualLoop loop;
  int expired = 0;
  std::unique_ptr<Timer> timer;
  timer = std::make_unique<Timer>(loop, [&] {
    if (++expired < 3) {
      timer->Start(1s);
    } else {
      timer.reset();
    }
  });
  timer->Start(1s);
  loop.AdvanceBy(1h);
  EXPECT_EQ(expired, 3);
  EXPECT_EQ(timer, nullptr);
}

}  // namespace
}  // namespace pairwire

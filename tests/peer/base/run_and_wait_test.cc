// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RunAndWait: it comes back in every case, above all when the loop stops at the worst moment.
#include "peer/base/run_and_wait.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "peer/base/asio_loop.h"
#include "tests/support/manual_loop.h"
#include "tests/support/wait.h"

namespace pairwire {
namespace {

TEST(RunAndWait, RunsOnTheLoopAfterWhatWasPosted) {
  AsioLoop loop("wait");
  ASSERT_TRUE(loop.Start().has_value());
  std::vector<int> order;
  loop.Post([&] { order.push_back(1); });
  EXPECT_TRUE(RunAndWait(loop, [&] {
    EXPECT_TRUE(loop.IsCurrent());
    order.push_back(2);
  }));
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(RunAndWait, OnTheLoopItRunsAtOnce) {
  test::ManualLoop manual;
  bool ran = false;
  EXPECT_TRUE(RunAndWait(manual, [&] { ran = true; }));
  EXPECT_TRUE(ran);

  AsioLoop loop("wait");
  ASSERT_TRUE(loop.Start().has_value());
  bool inner = false;
  EXPECT_TRUE(RunAndWait(loop, [&] { EXPECT_TRUE(RunAndWait(loop, [&] { inner = true; })); }));
  EXPECT_TRUE(inner);
}

// The waiter's frame may hold what the task captured by reference: the task dies before it wakes.
TEST(RunAndWait, TheTaskIsDestroyedBeforeItReturns) {
  AsioLoop loop("wait");
  ASSERT_TRUE(loop.Start().has_value());
  const auto held = std::make_shared<int>(0);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(RunAndWait(loop, [held] {}));
    ASSERT_EQ(held.use_count(), 1);
  }
  loop.Stop();
  EXPECT_FALSE(RunAndWait(loop, [held] { ADD_FAILURE(); }));
  EXPECT_EQ(held.use_count(), 1);
}

TEST(RunAndWait, AWaiterInTheQueueWakesWhenTheLoopStops) {
  AsioLoop loop("wait");
  ASSERT_TRUE(loop.Start().has_value());
  test::Watched<bool> blocked(false);
  test::Watched<bool> release(false);
  loop.Post([&] {
    blocked.Set(true);
    EXPECT_TRUE(release.WaitFor(true));
  });
  ASSERT_TRUE(blocked.WaitFor(true));
  std::atomic<bool> ran = false;
  bool said = true;
  std::thread waiter([&] { said = RunAndWait(loop, [&] { ran = true; }); });
  std::thread stopper([&] { loop.Stop(); });
  // The loop is held until Stop refuses posts: then the waiter's task can no longer run.
  while (true) {
    const auto probe = std::make_shared<int>(0);
    loop.Post([probe] {});
    if (probe.use_count() == 1) break;
    std::this_thread::yield();
  }
  release.Set(true);
  waiter.join();
  stopper.join();
  EXPECT_FALSE(said);
  EXPECT_FALSE(ran);
}

TEST(RunAndWait, AgainstStopItAlwaysReturnsAndSaysTheTruth) {
  for (int round = 0; round < 300; ++round) {
    AsioLoop loop("race");
    ASSERT_TRUE(loop.Start().has_value());
    std::atomic<int> ran = 0;
    std::atomic<int> said = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 5; ++i) {
          if (RunAndWait(loop, [&] { ++ran; })) ++said;
        }
      });
    }
    threads.emplace_back([&] { loop.Stop(); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(ran, said);
  }
}

TEST(RunAndWait, FromOneLoopToAnother) {
  AsioLoop a("a");
  AsioLoop b("b");
  ASSERT_TRUE(a.Start().has_value());
  ASSERT_TRUE(b.Start().has_value());
  bool ran = false;
  EXPECT_TRUE(RunAndWait(a, [&] { EXPECT_TRUE(RunAndWait(b, [&] { ran = b.IsCurrent(); })); }));
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace pairwire

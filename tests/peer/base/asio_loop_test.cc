// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// AsioLoop beyond the common contract: its thread, idleness, wake-ups, fairness under floods, and
// Stop against everything else at once. Descriptors are in asio_watch_test.cc.
#include "peer/base/asio_loop.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "peer/base/run_and_wait.h"
#include "peer/base/timer.h"
#include "tests/support/fd_count.h"
#include "tests/support/wait.h"

namespace pairwire {
namespace {

using namespace std::chrono_literals;

// With and without a guest: Asio sleeps for the loop when somebody uses its context.
class AsioLoopTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(loop_.Start().has_value());
    if (GetParam()) loop_.context();
  }

  AsioLoop loop_{"loop under test"};
  test::Watched<bool> done_{false};
};

INSTANTIATE_TEST_SUITE_P(Guest, AsioLoopTest, testing::Bool());

TEST(AsioLoop, StartsOnceAndNotAfterStop) {
  AsioLoop loop("once");
  EXPECT_FALSE(loop.IsCurrent());
  ASSERT_TRUE(loop.Start().has_value());
  const auto again = loop.Start();
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, Errc::kInvalidState);
  loop.Stop();
  EXPECT_FALSE(loop.Start().has_value());

  AsioLoop never("never");
  never.Stop();
  EXPECT_FALSE(never.Start().has_value());
}

TEST(AsioLoop, WhatWasPostedBeforeStartRunsOrDiesWithIt) {
  const auto held = std::make_shared<int>(0);
  {
    AsioLoop never("never");
    never.Post([held] { ADD_FAILURE(); });
  }
  EXPECT_EQ(held.use_count(), 1);

  AsioLoop loop("later");
  test::Watched<bool> ran(false);
  loop.Post([&] { ran.Set(true); });
  ASSERT_TRUE(loop.Start().has_value());
  EXPECT_TRUE(ran.WaitFor(true));
}

TEST(AsioLoop, ThreadHasItsNameCutToWhatTheKernelKeeps) {
  AsioLoop loop("a name that is far too long");
  ASSERT_TRUE(loop.Start().has_value());
  std::array<char, 32> name{};
  ASSERT_TRUE(
      RunAndWait(loop, [&] { pthread_getname_np(pthread_self(), name.data(), name.size()); }));
  EXPECT_STREQ(name.data(), "a name that is ");
}

TEST_P(AsioLoopTest, ItsThreadLeavesSignalsToTheApplication) {
  sigset_t mask;
  ASSERT_TRUE(RunAndWait(loop_, [&] { pthread_sigmask(SIG_SETMASK, nullptr, &mask); }));
  EXPECT_TRUE(sigismember(&mask, SIGINT));
  EXPECT_TRUE(sigismember(&mask, SIGCHLD));
  EXPECT_FALSE(sigismember(&mask, SIGSEGV)) << "a fault must reach the sanitizer's handler";
  sigset_t ours;
  pthread_sigmask(SIG_SETMASK, nullptr, &ours);
  EXPECT_FALSE(sigismember(&ours, SIGINT)) << "the starting thread keeps its own mask";
}

TEST_P(AsioLoopTest, IsCurrentTellsLoopsApart) {
  AsioLoop other("other");
  ASSERT_TRUE(other.Start().has_value());
  EXPECT_FALSE(loop_.IsCurrent());
  ASSERT_TRUE(RunAndWait(loop_, [&] {
    EXPECT_TRUE(loop_.IsCurrent());
    EXPECT_FALSE(other.IsCurrent());
  }));
}

TEST(AsioLoop, GivesBackItsDescriptors) {
  const std::size_t before = test::OpenFdCount();
  {
    AsioLoop loop("descriptors");
    ASSERT_TRUE(loop.Start().has_value());
    EXPECT_GT(test::OpenFdCount(), before);
  }
  EXPECT_EQ(test::OpenFdCount(), before);
}

// A second loop measures the time, as this one must not be touched meanwhile.
TEST_P(AsioLoopTest, AnIdleLoopRunsNoTurnAndUsesNoCpu) {
  AsioLoop clock("clock");
  ASSERT_TRUE(clock.Start().has_value());
  pthread_t thread{};
  ASSERT_TRUE(RunAndWait(loop_, [&] {
    thread = pthread_self();
    loop_.ScheduleAt(loop_.Now() + 10h, [] { ADD_FAILURE(); });
  }));
  clockid_t cpu_clock{};
  ASSERT_EQ(pthread_getcpuclockid(thread, &cpu_clock), 0);

  struct Sample {
    std::uint64_t turns = 0;
    timespec cpu{};
  };
  const auto sample_after = [&](Loop::Duration delay) {
    test::Watched<bool> taken(false);
    Sample sample;
    EXPECT_TRUE(RunAndWait(clock, [&] {
      clock.ScheduleAt(clock.Now() + delay, [&] {
        sample.turns = loop_.turns();
        clock_gettime(cpu_clock, &sample.cpu);
        taken.Set(true);
      });
    }));
    EXPECT_TRUE(taken.WaitFor(true));
    return sample;
  };
  // The first sample comes when the loop had time to fall asleep; on a machine so loaded that it
  // had not, the next pair decides.
  Sample before = sample_after(50ms);
  bool idle = false;
  for (int attempt = 0; attempt < 10 && !idle; ++attempt) {
    const Sample after = sample_after(300ms);
    idle = after.turns == before.turns && after.cpu.tv_sec == before.cpu.tv_sec &&
           after.cpu.tv_nsec == before.cpu.tv_nsec;
    before = after;
  }
  EXPECT_TRUE(idle) << "in no 300 ms of 3 s the loop slept through";
}

// The loop's own clock says how long it went on after its last work.
TEST(AsioLoop, SpinsAfterWorkForItsTimeAndThenSleeps) {
  constexpr auto kSpin = 60ms;
  AsioLoop loop("spinner", kSpin);
  AsioLoop clock("clock");
  ASSERT_TRUE(loop.Start().has_value());
  ASSERT_TRUE(clock.Start().has_value());
  std::uint64_t turns_before = 0;
  Loop::TimePoint worked_at{};
  ASSERT_TRUE(RunAndWait(loop, [&] {
    turns_before = loop.turns();
    worked_at = loop.Now();
    // Not work that keeps it spinning.
    loop.ScheduleAt(loop.Now() + 10ms, [] {});
  }));
  // Asleep when its turns stand still for a while; each look is a while later.
  test::Watched<std::vector<std::pair<Loop::TimePoint, std::uint64_t>>> looks;
  std::function<void()> look = [&] {
    looks.Update([&](auto& all) { all.emplace_back(clock.Now(), loop.turns()); });
    clock.ScheduleAt(clock.Now() + 20ms, [&] { look(); });
  };
  clock.Post([&] { look(); });
  constexpr std::size_t kStill = 10;
  ASSERT_TRUE(looks.WaitUntil([](const auto& all) {
    return all.size() >= kStill && all.back().second == all[all.size() - kStill].second;
  })) << "it never slept";
  const auto all = looks.Get();
  const auto asleep_at = all[all.size() - kStill];
  EXPECT_GE(asleep_at.first - worked_at, kSpin) << "it slept too early";
  EXPECT_GT(asleep_at.second - turns_before, 10U) << "it did not poll";
  clock.Stop();
  // And wakes up again.
  EXPECT_TRUE(RunAndWait(loop, [] {}));
}

TEST_P(AsioLoopTest, ManyPostsShareOneTurn) {
  constexpr int kPosts = 1000;
  test::Watched<bool> blocked(false);
  test::Watched<bool> release(false);
  loop_.Post([&] {
    blocked.Set(true);
    EXPECT_TRUE(release.WaitFor(true));
  });
  ASSERT_TRUE(blocked.WaitFor(true));
  const std::uint64_t before = loop_.turns();
  int ran = 0;
  for (int i = 0; i < kPosts; ++i) loop_.Post([&] { ++ran; });
  loop_.Post([&] { done_.Set(true); });
  release.Set(true);
  ASSERT_TRUE(done_.WaitFor(true));
  EXPECT_EQ(ran, kPosts);
  EXPECT_LE(loop_.turns() - before, 2U);
}

TEST_P(AsioLoopTest, StormOfPostsFromFourThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 25000;
  int ran = 0;
  int ticks = 0;
  std::unique_ptr<Timer> tick;
  ASSERT_TRUE(RunAndWait(loop_, [&] {
    tick = std::make_unique<Timer>(loop_, [&] {
      ++ticks;
      tick->Start(1ms);
    });
    tick->Start(0ms);
  }));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        loop_.Post([&] {
          if (++ran == kThreads * kEach) done_.Set(true);
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(done_.WaitFor(true));
  ASSERT_TRUE(RunAndWait(loop_, [&] { tick.reset(); }));
  EXPECT_EQ(ran, kThreads * kEach);
  EXPECT_GT(ticks, 0);
}

TEST_P(AsioLoopTest, ATaskThatPostsItselfStarvesNeitherTimersNorTurnEnds) {
  std::atomic<bool> stop = false;
  std::function<void()> again = [&] {
    if (!stop) loop_.Post([&] { again(); });
  };
  test::Watched<int> reached(0);
  loop_.Post([&] {
    again();
    loop_.ScheduleAt(loop_.Now() + 1ms, [&] { reached.Update([](int& n) { ++n; }); });
    loop_.PostAtTurnEnd([&] { reached.Update([](int& n) { ++n; }); });
    boost::asio::post(loop_.context(), [&] { reached.Update([](int& n) { ++n; }); });
  });
  EXPECT_TRUE(reached.WaitFor(3));
  stop = true;
  loop_.Stop();  // before what the last round uses goes
}

TEST_P(AsioLoopTest, ATimerThatIsAlwaysDueDoesNotStarvePosts) {
  std::atomic<bool> stop = false;
  test::Watched<int> rounds(0);
  std::function<void()> again = [&] {
    rounds.Update([](int& n) { ++n; });
    if (!stop) loop_.ScheduleAt(loop_.Now() - 1h, [&] { again(); });
  };
  loop_.Post([&] { again(); });
  // Not before the timers run: else this post would only be in front of them.
  ASSERT_TRUE(rounds.WaitUntil([](int n) { return n > 1000; }));
  EXPECT_TRUE(RunAndWait(loop_, [&] { stop = true; }));
  loop_.Stop();  // before what the last round uses goes
}

// The loop arms the system's timer when it goes to sleep. Whether it slept between the two calls of
// a round is not in our hands, hence the rounds: in most it did.
TEST_P(AsioLoopTest, AnEarlierTimerWakesALoopThatSleepsForALaterOne) {
  for (int round = 1; round <= 20; ++round) {
    test::Watched<bool> expired(false);
    ASSERT_TRUE(RunAndWait(loop_, [&] {
      loop_.ScheduleAt(loop_.Now() + 10h - round * 1min, [] { ADD_FAILURE() << "far off"; });
    }));
    ASSERT_TRUE(RunAndWait(
        loop_, [&] { loop_.ScheduleAt(loop_.Now() + 1ms, [&] { expired.Set(true); }); }));
    ASSERT_TRUE(expired.WaitFor(true)) << "round " << round;
  }
}

TEST_P(AsioLoopTest, HandlersOnTheContextRunOnTheLoop) {
  boost::asio::post(loop_.context(), [&] {
    EXPECT_TRUE(loop_.IsCurrent());
    loop_.PostAtTurnEnd([&] { done_.Set(true); });
  });
  EXPECT_TRUE(done_.WaitFor(true));
}

TEST_P(AsioLoopTest, TheGuestsOwnTimerWakesTheLoop) {
  boost::asio::steady_timer timer(loop_.context(), 5ms);
  timer.async_wait([&](const boost::system::error_code&) { done_.Set(true); });
  EXPECT_TRUE(done_.WaitFor(true));
}

// A loop that never rests looks at its guest all the same.
TEST_P(AsioLoopTest, TheGuestIsServedBesideAFlood) {
  std::atomic<bool> stop = false;
  std::function<void()> again = [&] {
    if (!stop) loop_.Post([&] { again(); });
  };
  loop_.Post([&] { again(); });
  boost::asio::steady_timer timer(loop_.context(), 5ms);
  timer.async_wait([&](const boost::system::error_code&) { done_.Set(true); });
  EXPECT_TRUE(done_.WaitFor(true));
  stop = true;
  loop_.Stop();  // before what the last round uses goes
}

TEST_P(AsioLoopTest, TenThousandTimersRunInOrder) {
  std::vector<Loop::TimePoint> ran;
  constexpr std::size_t kTimers = 10000;
  loop_.Post([&] {
    const auto start = loop_.Now();
    for (std::size_t i = 0; i < kTimers; ++i) {
      const auto when = start + std::chrono::microseconds(i * 7919 % 20000);
      loop_.ScheduleAt(when, [&, when] {
        EXPECT_GE(loop_.Now(), when);
        ran.push_back(when);
        if (ran.size() == kTimers) done_.Set(true);
      });
    }
  });
  ASSERT_TRUE(done_.WaitFor(true));
  EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
}

TEST_P(AsioLoopTest, StopFinishesTheRunningTaskAndDestroysTheQueued) {
  test::Watched<bool> running(false);
  test::Watched<bool> refused(false);
  bool finished = false;
  const auto held = std::make_shared<int>(0);
  loop_.Post([&] {
    loop_.PostAtTurnEnd([] {});
    running.Set(true);
    EXPECT_TRUE(refused.WaitFor(true));
    finished = true;
  });
  ASSERT_TRUE(running.WaitFor(true));
  loop_.Post([held] { ADD_FAILURE() << "was queued when Stop came"; });
  std::thread stopper([&] { loop_.Stop(); });
  // Stop is under way as soon as a post is refused, which shows in its task being destroyed.
  while (true) {
    const auto probe = std::make_shared<int>(0);
    loop_.Post([probe] {});
    if (probe.use_count() == 1) break;
    std::this_thread::yield();
  }
  refused.Set(true);
  stopper.join();
  EXPECT_TRUE(finished);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(AsioLoop, StopAgainstPostersAndASecondStop) {
  for (int round = 0; round < 50; ++round) {
    const auto held = std::make_shared<int>(0);
    std::atomic<int> ran = 0;
    {
      AsioLoop loop("stop race");
      ASSERT_TRUE(loop.Start().has_value());
      std::vector<std::thread> threads;
      for (int t = 0; t < 2; ++t) {
        threads.emplace_back([&] {
          for (int i = 0; i < 200; ++i) loop.Post([&ran, held] { ++ran; });
        });
      }
      for (int t = 0; t < 2; ++t) {
        threads.emplace_back([&] { loop.Stop(); });
      }
      for (std::thread& thread : threads) thread.join();
    }
    EXPECT_LE(ran, 400);
    EXPECT_EQ(held.use_count(), 1) << "each task ran or was destroyed";
  }
}

TEST(AsioLoopDeathTest, StopFromItsOwnThreadIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        AsioLoop loop("self");
        static_cast<void>(loop.Start());
        RunAndWait(loop, [&] { loop.Stop(); });
      },
      "check failed");
}

TEST_P(AsioLoopTest, TimersFromAnotherThreadAreABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(loop_.ScheduleAt(loop_.Now(), [] {}), "check failed");
}

}  // namespace
}  // namespace pairwire

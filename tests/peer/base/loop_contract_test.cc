// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What loop.h promises, shown on both loops: AsioLoop on a real thread and ManualLoop on a virtual
// clock. Code tested on the second may rely on the same behaviour on the first.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "peer/base/asio_loop.h"
#include "peer/base/run_and_wait.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "tests/support/manual_loop.h"
#include "tests/support/wait.h"

namespace pairwire {
namespace {

using namespace std::chrono_literals;

// What differs between the two: how a test makes time pass.
class AsioDriver {
 public:
  AsioDriver() { EXPECT_TRUE(loop_.Start().has_value()); }
  Loop& loop() { return loop_; }
  void Stop() { loop_.Stop(); }
  bool WaitFor(const test::Watched<bool>& done) { return done.WaitFor(true); }

 private:
  AsioLoop loop_{"contract"};
};

class ManualDriver {
 public:
  Loop& loop() { return loop_; }
  void Stop() { loop_.Stop(); }
  bool WaitFor(const test::Watched<bool>& done) {
    return loop_.RunUntil([&] { return done.Get(); }, 1h);
  }

 private:
  test::ManualLoop loop_;
};

template <typename Driver>
class LoopContractTest : public testing::Test {
 protected:
  Loop& loop() { return driver_.loop(); }

  // Runs `body` on the loop; the test's end waits for Done().
  void OnLoop(Task body) { loop().Post(std::move(body)); }
  void Done() { done_.Set(true); }
  [[nodiscard]] bool WaitDone() { return driver_.WaitFor(done_); }

  Driver driver_;
  test::Watched<bool> done_{false};
  std::vector<int> order_;  // loop only, read after WaitDone
};

using Drivers = testing::Types<AsioDriver, ManualDriver>;
struct DriverNames {
  template <typename T>
  static std::string GetName(int) {
    return std::is_same_v<T, AsioDriver> ? "AsioLoop" : "ManualLoop";
  }
};
TYPED_TEST_SUITE(LoopContractTest, Drivers, DriverNames);

TYPED_TEST(LoopContractTest, PostsRunInOrder) {
  for (int i = 0; i < 100; ++i) {
    this->loop().Post([this, i] { this->order_.push_back(i); });
  }
  this->loop().Post([this] { this->Done(); });
  ASSERT_TRUE(this->WaitDone());
  ASSERT_EQ(this->order_.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(this->order_[static_cast<std::size_t>(i)], i);
}

TYPED_TEST(LoopContractTest, PostNeverRunsTheTaskInside) {
  this->OnLoop([this] {
    EXPECT_TRUE(this->loop().IsCurrent());
    this->loop().Post([this] {
      this->order_.push_back(2);
      this->Done();
    });
    this->order_.push_back(1);
  });
  ASSERT_TRUE(this->WaitDone());
  EXPECT_EQ(this->order_, (std::vector<int>{1, 2}));
}

TYPED_TEST(LoopContractTest, PostsFromOtherThreadsKeepEachThreadsOrder) {
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  std::vector<std::vector<int>> seen(kThreads);
  int total = 0;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        this->loop().Post([&, t, i] {
          seen[t].push_back(i);
          if (++total == kThreads * kEach) this->Done();
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(this->WaitDone());
  for (const auto& numbers : seen) {
    ASSERT_EQ(numbers.size(), static_cast<std::size_t>(kEach));
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
  }
}

TYPED_TEST(LoopContractTest, TurnEndRunsAfterTheTurnsWorkAndOnce) {
  this->OnLoop([this] {
    this->loop().PostAtTurnEnd([this] { this->order_.push_back(3); });
    this->loop().PostAtTurnEnd([this] {
      this->order_.push_back(4);
      this->Done();
    });
    this->loop().Post([this] { this->order_.push_back(2); });
    this->order_.push_back(1);
  });
  ASSERT_TRUE(this->WaitDone());
  EXPECT_EQ(this->order_, (std::vector<int>{1, 2, 3, 4}));
}

TYPED_TEST(LoopContractTest, WhatATurnEndTaskAddsIsTheNextTurns) {
  this->OnLoop([this] {
    this->loop().PostAtTurnEnd([this] {
      this->order_.push_back(1);
      this->loop().PostAtTurnEnd([this] {
        this->order_.push_back(4);
        this->Done();
      });
      this->loop().Post([this] { this->order_.push_back(3); });
    });
    this->loop().PostAtTurnEnd([this] { this->order_.push_back(2); });
  });
  ASSERT_TRUE(this->WaitDone());
  EXPECT_EQ(this->order_, (std::vector<int>{1, 2, 3, 4}));
}

TYPED_TEST(LoopContractTest, ATurnEndAddedAtATurnsEndKeepsTheLoopAwake) {
  this->OnLoop([this] {
    this->loop().PostAtTurnEnd([this] { this->loop().PostAtTurnEnd([this] { this->Done(); }); });
  });
  EXPECT_TRUE(this->WaitDone());
}

TYPED_TEST(LoopContractTest, TurnEndFollowsATimerToo) {
  this->OnLoop([this] {
    this->loop().ScheduleAt(this->loop().Now() + 1ms,
                            [this] { this->loop().PostAtTurnEnd([this] { this->Done(); }); });
  });
  EXPECT_TRUE(this->WaitDone());
}

TYPED_TEST(LoopContractTest, TimersRunInOrderOfTimeThenOfCreationAndNeverEarly) {
  this->OnLoop([this] {
    const auto start = this->loop().Now();
    const auto add = [this, start](Loop::Duration delay, int number) {
      this->loop().ScheduleAt(start + delay, [this, start, delay, number] {
        EXPECT_GE(this->loop().Now(), start + delay);
        this->order_.push_back(number);
      });
    };
    add(30ms, 5);
    add(10ms, 2);
    add(10ms, 3);
    add(0ms, 1);
    add(20ms, 4);
    this->loop().ScheduleAt(start + 31ms, [this] { this->Done(); });
    EXPECT_TRUE(this->order_.empty()) << "a timer ran from inside ScheduleAt";
  });
  ASSERT_TRUE(this->WaitDone());
  EXPECT_EQ(this->order_, (std::vector<int>{1, 2, 3, 4, 5}));
}

TYPED_TEST(LoopContractTest, ATimerInThePastRunsSoonInItsPlace) {
  this->OnLoop([this] {
    const auto now = this->loop().Now();
    this->loop().ScheduleAt(now + 1ms, [this] { this->Done(); });
    this->loop().ScheduleAt(now - 1h, [this] { this->order_.push_back(2); });
    this->loop().ScheduleAt(now - 2h, [this] { this->order_.push_back(1); });
  });
  ASSERT_TRUE(this->WaitDone());
  EXPECT_EQ(this->order_, (std::vector<int>{1, 2}));
}

TYPED_TEST(LoopContractTest, CancelledTimersDoNotRunAlsoWhenCancelledByOneOfTheSameTime) {
  this->OnLoop([this] {
    Loop& loop = this->loop();
    const auto when = loop.Now() + 5ms;
    const auto ids = std::make_shared<std::vector<TimerId>>();
    ids->push_back(loop.ScheduleAt(when, [this, ids] {
      this->order_.push_back(1);
      this->loop().CancelTimer(ids->at(0));  // itself: nothing happens
      this->loop().CancelTimer(ids->at(1));
    }));
    ids->push_back(loop.ScheduleAt(when, [] { ADD_FAILURE() << "cancelled by its neighbour"; }));
    ids->push_back(loop.ScheduleAt(when - 1ms, [] { ADD_FAILURE() << "cancelled at once"; }));
    loop.CancelTimer(ids->at(2));
    loop.CancelTimer(0);
    loop.CancelTimer(ids->at(2) + 1000);
    loop.ScheduleAt(when + 1ms, [this] { this->Done(); });
  });
  ASSERT_TRUE(this->WaitDone());
  EXPECT_EQ(this->order_, (std::vector<int>{1}));
}

TYPED_TEST(LoopContractTest, AnEarlierTimerOvertakesOneThatIsArmed) {
  this->OnLoop([this] {
    this->loop().ScheduleAt(this->loop().Now() + 10h, [] { ADD_FAILURE() << "far off"; });
  });
  this->OnLoop(
      [this] { this->loop().ScheduleAt(this->loop().Now() + 1ms, [this] { this->Done(); }); });
  EXPECT_TRUE(this->WaitDone());
}

TYPED_TEST(LoopContractTest, AnOwnerMayDestroyItselfFromItsTimer) {
  struct Owner {
    explicit Owner(Loop& loop) : timer(loop, [this] { on_expire(); }) {}
    std::function<void()> on_expire;
    Timer timer;
    TaskSafety safety;
  };
  const auto owner = std::make_shared<std::unique_ptr<Owner>>();
  this->OnLoop([this, owner] {
    *owner = std::make_unique<Owner>(this->loop());
    (*owner)->on_expire = [this, owner] {
      const auto kept = owner;  // this function dies with its owner
      Loop& loop = this->loop();
      auto* const test = this;
      loop.Post((*kept)->safety.Wrap([] { ADD_FAILURE() << "its owner is gone"; }));
      kept->reset();
      loop.Post([test] { test->Done(); });
    };
    (*owner)->timer.Start(1ms);
  });
  EXPECT_TRUE(this->WaitDone());
}

// Destroyed on the loop and still able to call it.
class Sentinel {
 public:
  Sentinel(Loop& loop, int& destroyed) : loop_(loop), destroyed_(destroyed) {}
  ~Sentinel() {
    EXPECT_TRUE(loop_.IsCurrent());
    ++destroyed_;
    loop_.Post([] { ADD_FAILURE() << "posted while stopping"; });
    loop_.PostAtTurnEnd([] { ADD_FAILURE() << "posted while stopping"; });
    loop_.CancelTimer(loop_.ScheduleAt(loop_.Now(), [] { ADD_FAILURE() << "too late"; }));
  }
  Sentinel(const Sentinel&) = delete;
  Sentinel& operator=(const Sentinel&) = delete;

 private:
  Loop& loop_;
  int& destroyed_;
};

TYPED_TEST(LoopContractTest, StopDestroysWhatIsQueuedOnTheLoopAndUnrun) {
  int destroyed = 0;
  this->OnLoop([&] {
    Loop& loop = this->loop();
    for (int i = 0; i < 10; ++i) {
      loop.ScheduleAt(loop.Now() + 10h, [held = std::make_shared<Sentinel>(loop, destroyed)] {
        ADD_FAILURE() << "ten hours later";
      });
    }
    this->Done();
  });
  ASSERT_TRUE(this->WaitDone());
  this->driver_.Stop();
  EXPECT_EQ(destroyed, 10);
  this->driver_.Stop();
}

TYPED_TEST(LoopContractTest, AfterStopTasksAreDestroyedUnrun) {
  this->driver_.Stop();
  const auto held = std::make_shared<int>(0);
  const auto task = [held] { ADD_FAILURE() << "ran after Stop"; };
  this->loop().Post(task);
  this->loop().PostAtTurnEnd(task);
  this->loop().CancelTimer(this->loop().ScheduleAt(this->loop().Now(), task));
  EXPECT_EQ(held.use_count(), 2) << "ours and the one in `task`";
}

}  // namespace
}  // namespace pairwire

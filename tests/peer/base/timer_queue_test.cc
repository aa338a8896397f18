// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TimerQueue: order by time and creation, cancelling, and tasks whose destructors call back.
#include "peer/base/timer_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "tests/support/seed_trace.h"
#include "tests/support/seeded_random.h"

namespace pairwire {
namespace {

Loop::TimePoint At(int ms) { return Loop::TimePoint(std::chrono::milliseconds(ms)); }

// Runs all that is due and returns how many.
int RunDue(TimerQueue& queue, Loop::TimePoint now) {
  int ran = 0;
  while (Task task = queue.TakeDue(now)) {
    task();
    ++ran;
  }
  return ran;
}

TEST(TimerQueue, RunsByTimeThenByCreation) {
  TimerQueue queue;
  std::vector<int> order;
  queue.Schedule(At(20), [&] { order.push_back(3); });
  queue.Schedule(At(10), [&] { order.push_back(1); });
  queue.Schedule(At(20), [&] { order.push_back(4); });
  queue.Schedule(At(10), [&] { order.push_back(2); });
  EXPECT_EQ(queue.Next(), At(10));
  EXPECT_EQ(RunDue(queue, At(9)), 0);
  EXPECT_EQ(RunDue(queue, At(10)), 2);
  EXPECT_EQ(queue.Next(), At(20));
  EXPECT_EQ(RunDue(queue, At(100)), 2);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(queue.Next(), std::nullopt);
}

TEST(TimerQueue, CancelDestroysTheTaskAndOnlyOnce) {
  TimerQueue queue;
  const auto held = std::make_shared<int>(0);
  const TimerId id = queue.Schedule(At(1), [held] { ADD_FAILURE() << "cancelled"; });
  EXPECT_EQ(held.use_count(), 2);
  EXPECT_TRUE(queue.Cancel(id));
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_FALSE(queue.Cancel(id));
  EXPECT_FALSE(queue.Cancel(0));
  EXPECT_FALSE(queue.Cancel(12345));
  EXPECT_EQ(RunDue(queue, At(9)), 0);
}

TEST(TimerQueue, CancelInsideATaskTakesALaterOneOfTheSameTime) {
  TimerQueue queue;
  TimerId second = 0;
  TimerId first = 0;
  first = queue.Schedule(At(1), [&] {
    EXPECT_FALSE(queue.Cancel(first));
    EXPECT_TRUE(queue.Cancel(second));
  });
  second = queue.Schedule(At(1), [] { ADD_FAILURE() << "cancelled"; });
  EXPECT_EQ(RunDue(queue, At(1)), 1);
}

TEST(TimerQueue, IdsAreNeverZeroAndNeverReused) {
  TimerQueue queue;
  std::vector<TimerId> ids;
  for (int i = 0; i < 100; ++i) {
    ids.push_back(queue.Schedule(At(i % 3), [] {}));
    if (i % 2 == 0) queue.Cancel(ids.back());
    if (i % 10 == 0) RunDue(queue, At(1));
  }
  EXPECT_EQ(std::count(ids.begin(), ids.end(), 0U), 0);
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(std::unique(ids.begin(), ids.end()), ids.end());
}

TEST(TimerQueue, TenThousandTimersWithEveryThirdCancelled) {
  const std::uint64_t seed = test::Seed(3);
  PAIRWIRE_TRACE_SEED(seed);
  test::SeededRandom random(seed);
  TimerQueue queue;
  std::vector<std::pair<int, int>> expected;  // time, creation
  std::vector<std::pair<int, int>> ran;
  std::vector<TimerId> doomed;
  for (int i = 0; i < 10000; ++i) {
    const int ms = static_cast<int>(random.NextBelow(500));
    const TimerId id = queue.Schedule(At(ms), [&ran, ms, i] { ran.emplace_back(ms, i); });
    if (i % 3 == 0) {
      doomed.push_back(id);
    } else {
      expected.emplace_back(ms, i);
    }
  }
  for (const TimerId id : doomed) ASSERT_TRUE(queue.Cancel(id));
  EXPECT_EQ(queue.size(), expected.size());
  for (int ms = 0; ms < 500; ++ms) RunDue(queue, At(ms));
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(ran, expected);
  EXPECT_EQ(queue.size(), 0U);
}

// Calls back into the queue when it dies.
class CancelsOnDeath {
 public:
  CancelsOnDeath(TimerQueue* queue, const TimerId* other) : queue_(queue), other_(other) {}
  ~CancelsOnDeath() { queue_->Cancel(*other_); }

 private:
  TimerQueue* const queue_;
  const TimerId* const other_;
};

TEST(TimerQueue, DestructorsOfTasksMayCallBack) {
  TimerQueue queue;
  TimerId other = 0;
  queue.Schedule(At(1), [dies = std::make_unique<CancelsOnDeath>(&queue, &other)] {});
  other = queue.Schedule(At(2), [] {});
  queue.Clear();
  EXPECT_EQ(queue.size(), 0U);

  const TimerId id =
      queue.Schedule(At(1), [dies = std::make_unique<CancelsOnDeath>(&queue, &other)] {});
  other = queue.Schedule(At(2), [] {});
  EXPECT_TRUE(queue.Cancel(id));
  EXPECT_EQ(queue.size(), 0U) << "its task's end cancelled the other";
}

}  // namespace
}  // namespace pairwire

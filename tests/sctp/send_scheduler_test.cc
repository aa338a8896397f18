// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Shares, debts and fresh turns, without any channel.
#include "sctp/send_scheduler.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "tests/support/seed_trace.h"
#include "tests/support/seeded_random.h"

namespace pairwire::sctp {
namespace {

using Id = SendScheduler::Id;

// Everybody always has a message of `size(id)`; who gets how many bytes.
template <typename Size>
std::map<Id, std::size_t> ShareOut(SendScheduler& scheduler, std::size_t bytes, Size size) {
  std::map<Id, std::size_t> shares;
  for (std::size_t sent = 0; sent < bytes;) {
    const Id id = *scheduler.Front();
    const std::size_t now = size(id);
    scheduler.Charge(now, false);
    shares[id] += now;
    sent += now;
  }
  return shares;
}

TEST(SendSchedulerTest, SharesFollowPrioritiesWhateverTheMessagesAre) {
  for (const std::size_t size : {64u, 1'000u, 16'384u, 65'536u}) {
    SCOPED_TRACE(size);
    SendScheduler scheduler;
    scheduler.Add(1, 128);
    scheduler.Add(2, 256);
    scheduler.Add(3, 512);
    scheduler.Add(4, 1024);
    auto shares = ShareOut(scheduler, 100'000'000, [&](Id) { return size; });
    EXPECT_NEAR(static_cast<double>(shares[2]) / static_cast<double>(shares[1]), 2.0, 0.02);
    EXPECT_NEAR(static_cast<double>(shares[3]) / static_cast<double>(shares[1]), 4.0, 0.04);
    EXPECT_NEAR(static_cast<double>(shares[4]) / static_cast<double>(shares[1]), 8.0, 0.08);
  }
}

TEST(SendSchedulerTest, BytesCountAndNotMessages) {
  SendScheduler scheduler;
  scheduler.Add(1, 256);
  scheduler.Add(2, 256);
  auto shares = ShareOut(scheduler, 50'000'000, [](Id id) { return id == 1 ? 60'000u : 100u; });
  EXPECT_NEAR(static_cast<double>(shares[1]), static_cast<double>(shares[2]), 100'000);
}

TEST(SendSchedulerTest, NoNumberOnTheWireStarvesAnybody) {
  EXPECT_EQ(SendScheduler::QuantumOf(256), 16u * 1024u);
  EXPECT_EQ(SendScheduler::QuantumOf(0), 2u * 1024u);
  EXPECT_EQ(SendScheduler::QuantumOf(65'535), 256u * 1024u);
}

TEST(SendSchedulerTest, WhoWasSilentGoesFirstButOnlyOnce) {
  SendScheduler scheduler;
  scheduler.Add(1, 256);
  scheduler.Add(2, 256);
  ShareOut(scheduler, 1'000'000, [](Id) { return 16'384u; });
  scheduler.Add(3, 256);
  EXPECT_EQ(scheduler.Front(), 3u);
  scheduler.Charge(64, false);
  // It falls silent: it keeps a place behind the others, where it finds itself again.
  EXPECT_FALSE(scheduler.Retire());
  EXPECT_NE(scheduler.Front(), 3u);
  EXPECT_EQ(scheduler.size(), 3u);
}

TEST(SendSchedulerTest, FallingSilentForgivesNoDebt) {
  // One channel sends 64 KiB, is silent and comes back at once; the other is always there.
  SendScheduler scheduler;
  scheduler.Add(1, 256);
  scheduler.Add(2, 256);
  std::map<Id, std::size_t> shares;
  bool one_is_in = true;
  bool one_has = true;
  for (std::size_t sent = 0; sent < 50'000'000;) {
    const Id id = *scheduler.Front();
    if (id == 1 && !one_has) {
      if (scheduler.Retire()) one_is_in = false;
      one_has = true;  // and has something again right then
      if (!one_is_in) scheduler.Add(1, 256);
      one_is_in = true;
      continue;
    }
    const std::size_t size = id == 1 ? 65'536 : 16'384;
    scheduler.Charge(size, false);
    if (id == 1) one_has = false;
    shares[id] += size;
    sent += size;
  }
  EXPECT_LT(shares[1], shares[2] * 3);
}

TEST(SendSchedulerTest, AMessageThatMustEndKeepsItsTurn) {
  SendScheduler scheduler;
  scheduler.Add(1, 256);
  scheduler.Add(2, 256);
  ASSERT_EQ(scheduler.Front(), 1u);
  for (int i = 0; i < 100; ++i) {
    scheduler.Charge(32'768, true);
    if (i == 50) scheduler.Add(3, 1024);
    ASSERT_EQ(scheduler.Front(), 1u) << i;
  }
  scheduler.Charge(1, false);
  // It owes 3 MB now.
  auto shares = ShareOut(scheduler, 1'000'000, [](Id) { return 10'000u; });
  EXPECT_EQ(shares[1], 0u);
}

TEST(SendSchedulerTest, RandomComingAndGoingLosesNobody) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    pairwire::test::SeededRandom random(seed);
    SendScheduler scheduler;
    std::map<Id, std::size_t> has;  // messages; those in the scheduler
    for (Id id = 0; id < 8; ++id) {
      has[id] = 1 + random.NextBelow(20);
      scheduler.Add(id, static_cast<std::uint16_t>(random.NextBelow(2000)));
    }
    for (int step = 0; step < 20'000 && !scheduler.empty(); ++step) {
      const Id id = *scheduler.Front();
      if (has[id] == 0) {
        if (scheduler.Retire()) has.erase(id);
      } else if (random.Chance(0.1)) {
        scheduler.Defer();
      } else {
        --has[id];
        scheduler.Charge(1 + random.NextBelow(70'000), false);
      }
    }
    EXPECT_TRUE(scheduler.empty());
    EXPECT_TRUE(has.empty());
  }
}

}  // namespace
}  // namespace pairwire::sctp

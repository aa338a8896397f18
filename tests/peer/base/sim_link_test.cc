// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The weather link: each number below is worked out first and then compared with what arrives.
// Random shares are accepted within five standard deviations of the binomial distribution.
#include "tests/support/sim_link.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "tests/support/manual_loop.h"
#include "tests/support/seed_trace.h"

namespace pairwire::test {
namespace {

using namespace std::chrono_literals;

constexpr int kPackets = 20000;

struct Arrival {
  int number;
  Loop::Duration at;
  bool operator==(const Arrival&) const = default;
};

Bytes Packet(int number, std::size_t size = 100) {
  Bytes packet(size, 0);
  for (std::size_t i = 0; i < 4; ++i) packet[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return packet;
}

// Sends `count` numbered packets, one each `gap`, and returns what arrives and when.
std::vector<Arrival> Transmit(const SimLink::Options& options, SimLink::Counters& counters,
                              int count = kPackets, Loop::Duration gap = 1ms,
                              std::size_t size = 100) {
  ManualLoop loop;
  const auto start = loop.Now();
  std::vector<Arrival> arrivals;
  SimLink link(loop, options, [&](ByteSpan packet) {
    EXPECT_EQ(packet.size(), size);
    const int number = packet[0] | packet[1] << 8 | packet[2] << 16 | packet[3] << 24;
    arrivals.push_back({number, loop.Now() - start});
  });
  for (int i = 0; i < count; ++i) {
    link.Send(Packet(i, size));
    loop.AdvanceBy(gap);
  }
  loop.AdvanceBy(1h);
  counters = link.counters();
  EXPECT_EQ(counters.sent, static_cast<std::uint64_t>(count));
  EXPECT_EQ(counters.delivered, arrivals.size());
  EXPECT_EQ(counters.sent + counters.duplicated, counters.delivered + counters.dropped());
  return arrivals;
}

void ExpectShare(std::uint64_t count, double probability, double trials = kPackets) {
  const double deviation = std::sqrt(trials * probability * (1 - probability));
  EXPECT_NEAR(static_cast<double>(count), trials * probability, 5 * deviation);
}

class SimLinkTest : public testing::Test {
 protected:
  const std::uint64_t seed_ = Seed(11);
  SimLink::Counters counters_;
};

TEST_F(SimLinkTest, APerfectWireDeliversAllInOrderAfterTheDelay) {
  const auto arrivals = Transmit({.delay = 25ms}, counters_, 1000);
  ASSERT_EQ(arrivals.size(), 1000U);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(arrivals[static_cast<std::size_t>(i)], (Arrival{i, 25ms + i * 1ms}));
  }
}

TEST_F(SimLinkTest, NothingArrivesFromInsideSend) {
  ManualLoop loop;
  int arrived = 0;
  SimLink link(loop, {}, [&](ByteSpan) { ++arrived; });
  link.Send(Packet(0));
  EXPECT_EQ(arrived, 0);
  loop.AdvanceBy(0ms);
  EXPECT_EQ(arrived, 1);
}

TEST_F(SimLinkTest, LossWithinTheBinomialBounds) {
  PAIRWIRE_TRACE_SEED(seed_);
  const auto arrivals = Transmit({.loss = 0.3, .seed = seed_}, counters_);
  ExpectShare(counters_.dropped_loss, 0.3);
  EXPECT_EQ(arrivals.size(), kPackets - counters_.dropped_loss);
}

TEST_F(SimLinkTest, BurstsTakeWholeRuns) {
  PAIRWIRE_TRACE_SEED(seed_);
  const auto arrivals =
      Transmit({.burst_loss = 0.01, .burst_length = 20, .seed = seed_}, counters_);
  // After a burst ends the next may start at once: each run of losses is a multiple of 20, but the
  // last.
  int next = 0;
  int bursts = 0;
  for (const Arrival& arrival : arrivals) {
    EXPECT_EQ((arrival.number - next) % 20, 0) << "before packet " << arrival.number;
    bursts += (arrival.number - next) / 20;
    next = arrival.number + 1;
  }
  // A cycle is 99 good packets on average and 20 lost ones: 20/119 of all.
  EXPECT_NEAR(static_cast<double>(counters_.dropped_burst) / kPackets, 20. / 119, 0.05);
  EXPECT_GT(bursts, 50);
}

TEST_F(SimLinkTest, JitterSpreadsButKeepsTheOrder) {
  PAIRWIRE_TRACE_SEED(seed_);
  // Packets 100 ms apart cannot meet: pure jitter.
  double sum_ms = 0;
  for (const Arrival& arrival :
       Transmit({.delay = 10ms, .jitter = 50ms, .seed = seed_}, counters_, 2000, 100ms)) {
    const auto late = arrival.at - arrival.number * 100ms;
    ASSERT_GE(late, 10ms);
    ASSERT_LE(late, 60ms);
    sum_ms += std::chrono::duration<double, std::milli>(late).count();
  }
  // Mean 10 + 25; its standard deviation is 50 / sqrt(12) / sqrt(2000) = 0.32.
  EXPECT_NEAR(sum_ms / 2000, 35, 5 * 0.32);

  int last = -1;
  for (const Arrival& arrival : Transmit({.jitter = 50ms, .seed = seed_}, counters_)) {
    ASSERT_EQ(arrival.number, ++last);
  }
}

TEST_F(SimLinkTest, ReorderHoldsBackTheShareAskedFor) {
  PAIRWIRE_TRACE_SEED(seed_);
  // Held back by 4.5 gaps: exactly four packets overtake, unless they are held back themselves.
  const auto arrivals =
      Transmit({.reorder = 0.1, .reorder_by = 4500us, .seed = seed_}, counters_, kPackets, 1ms);
  ExpectShare(counters_.reordered, 0.1);
  ASSERT_EQ(arrivals.size(), static_cast<std::size_t>(kPackets));
  std::uint64_t late = 0;
  for (const Arrival& arrival : arrivals) {
    const auto delay = arrival.at - arrival.number * 1ms;
    ASSERT_TRUE(delay == 0ms || delay == 4500us);
    if (delay != 0ms) ++late;
  }
  EXPECT_EQ(late, counters_.reordered);
  int overtakes = 0;
  for (std::size_t i = 1; i < arrivals.size(); ++i) {
    if (arrivals[i].number < arrivals[i - 1].number) ++overtakes;
  }
  EXPECT_GT(overtakes, 1000);
}

TEST_F(SimLinkTest, DuplicatesArriveTwice) {
  PAIRWIRE_TRACE_SEED(seed_);
  std::map<int, int> copies;
  for (const Arrival& arrival : Transmit({.duplicate = 0.05, .seed = seed_}, counters_)) {
    ++copies[arrival.number];
  }
  ExpectShare(counters_.duplicated, 0.05);
  std::uint64_t doubled = 0;
  for (const auto& [number, count] : copies) {
    ASSERT_LE(count, 2);
    if (count == 2) ++doubled;
  }
  EXPECT_EQ(doubled, counters_.duplicated);
  EXPECT_EQ(copies.size(), static_cast<std::size_t>(kPackets));
}

TEST_F(SimLinkTest, RateSpacesPackets) {
  // 1000 bytes at 8 Mbit/s are 1 ms each: packet i is through after (i + 1) ms, then 20 ms of
  // delay.
  const auto arrivals = Transmit({.delay = 20ms, .rate_bps = 8'000'000}, counters_, 200, 0ms, 1000);
  ASSERT_EQ(arrivals.size(), 200U);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(arrivals[static_cast<std::size_t>(i)].at, 20ms + (i + 1) * 1ms);
  }
}

TEST_F(SimLinkTest, OverloadedBottleneckDropsAtTheQueueLimit) {
  // Sent at twice the rate (1000 bytes each 500 us into 8 Mbit/s = 1 ms each) for 1000 packets: 500
  // ms in which 500 leave, and the queue of 50 drains afterwards. One more can be in the pipe at
  // either end.
  const auto arrivals =
      Transmit({.rate_bps = 8'000'000, .queue_limit_bytes = 50'000}, counters_, 1000, 500us, 1000);
  EXPECT_NEAR(static_cast<double>(arrivals.size()), 550, 2);
  EXPECT_EQ(counters_.dropped_queue, 1000 - arrivals.size());
  // No packet waits longer than the full queue takes.
  for (const Arrival& arrival : arrivals) EXPECT_LE(arrival.at - arrival.number * 500us, 50ms);
}

TEST_F(SimLinkTest, PacketsAboveTheMtuAreDropped) {
  ManualLoop loop;
  std::vector<std::size_t> sizes;
  SimLink link(loop, {.mtu = 1200}, [&](ByteSpan packet) { sizes.push_back(packet.size()); });
  for (const std::size_t size : {1199U, 1200U, 1201U, 65000U}) link.Send(Bytes(size, 1));
  loop.AdvanceBy(1ms);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1199, 1200}));
  EXPECT_EQ(link.counters().dropped_mtu, 2U);
}

TEST_F(SimLinkTest, DownDropsNewPacketsOnly) {
  ManualLoop loop;
  SimLink link(loop, {.delay = 10ms});
  link.Send(Packet(0));
  link.SetDown(true);
  link.Send(Packet(1));
  loop.AdvanceBy(20ms);
  EXPECT_EQ(link.counters().delivered, 1U);
  EXPECT_EQ(link.counters().dropped_down, 1U);
  link.SetDown(false);
  link.Send(Packet(2));
  loop.AdvanceBy(20ms);
  EXPECT_EQ(link.counters().delivered, 2U);
}

TEST_F(SimLinkTest, TheSameSeedGivesTheSameWeather) {
  SimLink::Options options{.delay = 10ms,
                           .jitter = 5ms,
                           .loss = 0.1,
                           .burst_loss = 0.01,
                           .burst_length = 5,
                           .reorder = 0.1,
                           .duplicate = 0.1,
                           .rate_bps = 1'000'000,
                           .seed = 5};
  const auto first = Transmit(options, counters_, 2000);
  EXPECT_EQ(Transmit(options, counters_, 2000), first);
  options.seed = 6;
  EXPECT_NE(Transmit(options, counters_, 2000), first);
}

TEST_F(SimLinkTest, AnEndMayDestroyThePathFromItsReceiver) {
  ManualLoop loop;
  auto path = std::make_unique<SimPath>(loop, SimLink::Options{.delay = 1ms, .duplicate = 1});
  int arrived = 0;
  path->a_to_b().SetReceiver([&](ByteSpan packet) {
    ++arrived;
    path->b_to_a().Send(packet);
    path.reset();
  });
  path->a_to_b().Send(Packet(0));
  loop.AdvanceBy(1s);
  EXPECT_EQ(arrived, 1);
}

TEST_F(SimLinkTest, ThePathCarriesBothWaysWithDifferentWeather) {
  ManualLoop loop;
  SimPath path(loop, {.loss = 0.5, .seed = 9});
  std::vector<int> at_a;
  std::vector<int> at_b;
  path.b_to_a().SetReceiver([&](ByteSpan packet) { at_a.push_back(packet[0]); });
  path.a_to_b().SetReceiver([&](ByteSpan packet) { at_b.push_back(packet[0]); });
  for (int i = 0; i < 64; ++i) {
    path.a_to_b().Send(Packet(i));
    path.b_to_a().Send(Packet(i));
  }
  loop.AdvanceBy(1ms);
  EXPECT_FALSE(at_a.empty());
  EXPECT_FALSE(at_b.empty());
  EXPECT_NE(at_a, at_b);
}

}  // namespace
}  // namespace pairwire::test

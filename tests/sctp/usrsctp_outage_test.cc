// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Paths that go away and come back, the same or another: SCTP gives nothing up, because whether a
// path is dead is for ICE consent to say, and goes on as soon as one is there.
#include <gtest/gtest.h>

#include <utility>

#include "tests/sctp/sctp_pair.h"
#include "tests/support/seed_trace.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using test::RandomBytes;
using test::SctpPair;
using test::SimLink;

// Keeps the send buffer full with messages of 10 kB.
struct Transfer {
  explicit Transfer(SctpPair& pair_in) : pair(pair_in) {}

  void RunFor(Loop::Duration time) {
    const auto end = pair.loop.Now() + time;
    while (pair.loop.Now() < end) {
      if (sent.size() < limit && Fill()) continue;
      pair.loop.RunFor(1ms);
      ASSERT_FALSE(pair.a.over() || pair.b.over()) << pair.a.error.detail << pair.b.error.detail;
    }
  }
  bool Fill() {
    if (next.empty()) next = RandomBytes(10'000, sent.size());
    if (!pair.a.Send(2, next)) return false;
    sent.push_back({StreamId{2}, Ppid::kBinary, std::exchange(next, {})});
    return true;
  }
  void Finish() {
    ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == sent.size(); }, 600s));
    EXPECT_TRUE(pair.b.messages == sent) << "each once, in order";
    EXPECT_TRUE(pair.RunUntil([&] { return pair.a.unacknowledged == 0; }, 10s));
    EXPECT_EQ(pair.a.states.size(), 1u);
    EXPECT_EQ(pair.b.states.size(), 1u);
  }

  SctpPair& pair;
  std::vector<test::ReceivedMessage> sent;
  Bytes next;
  std::size_t limit = 1'000'000;
};

constexpr std::uint64_t kRate = 8'000'000;  // 100 messages in a second

TEST(UsrsctpOutageTest, ATransferGoesOnWithin1200MsOfTheEndOfABlackout) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    SctpPair pair({.delay = 15ms, .jitter = 2ms, .rate_bps = kRate, .seed = seed},
                  {.send_buffer = 1024 * 1024});
    pair.Connect();
    Transfer transfer(pair);
    transfer.limit = 400;
    // Different moments of the retransmission timer.
    transfer.RunFor(1s + seed * 137ms);
    pair.path.SetDown(true);
    transfer.RunFor(25s);
    const std::size_t before = pair.b.messages.size();
    ASSERT_LT(before, transfer.sent.size());
    pair.path.SetDown(false);
    ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() > before; }, 1200ms));
    // And at the path's rate again soon, not a packet for each timer.
    transfer.RunFor(3s);
    EXPECT_GT(pair.b.messages.size(), before + 100);
    transfer.Finish();
  }
}

TEST(UsrsctpOutageTest, OneDirectionOnlyAlsoResumes) {
  for (const bool acknowledgements : {true, false}) {
    SctpPair pair({.delay = 15ms, .rate_bps = kRate}, {.send_buffer = 1024 * 1024});
    pair.Connect();
    Transfer transfer(pair);
    transfer.limit = 400;
    transfer.RunFor(1s);
    SimLink& link = acknowledgements ? pair.path.b_to_a() : pair.path.a_to_b();
    link.SetDown(true);
    transfer.RunFor(25s);
    const std::size_t before = pair.b.messages.size();
    link.SetDown(false);
    ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() > before; }, 1200ms));
    transfer.Finish();
  }
}

TEST(UsrsctpOutageTest, TenMinutesAreNotTooLong) {
  SctpPair pair({.delay = 15ms, .rate_bps = kRate}, {.send_buffer = 512 * 1024});
  pair.Connect();
  Transfer transfer(pair);
  transfer.limit = 150;
  transfer.RunFor(500ms);
  pair.path.SetDown(true);
  pair.RunUntil([&] { return pair.a.over() || pair.b.over(); }, 600s);
  pair.path.SetDown(false);
  const std::size_t before = pair.b.messages.size();
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() > before; }, 1200ms));
  transfer.RunFor(1s);
  transfer.Finish();
}

TEST(UsrsctpOutageTest, AnIdleAssociationOutlivesAnOutageToo) {
  SctpPair pair({.delay = 15ms});
  pair.Connect();
  pair.path.SetDown(true);
  pair.loop.AdvanceBy(300s);
  pair.path.SetDown(false);
  ASSERT_TRUE(pair.b.Send(0, Bytes(10)).has_value());
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.messages.size() == 1; }, 3s));
  EXPECT_FALSE(pair.a.over() || pair.b.over());
}

// An ICE restart: nothing for a while, then a path that is slower or faster by far.
TEST(UsrsctpOutageTest, APathWithAnotherRoundTripTimeIsTakenOver) {
  const struct {
    Loop::Duration before;
    Loop::Duration after;
  } rows[] = {{5ms, 300ms}, {300ms, 5ms}, {15ms, 15ms}};
  for (const auto& row : rows) {
    SCOPED_TRACE(testing::Message() << row.before.count() << " -> " << row.after.count());
    SimLink::Options weather{.delay = row.before, .rate_bps = kRate};
    SctpPair pair(weather, {.send_buffer = 1024 * 1024});
    pair.Connect();
    Transfer transfer(pair);
    transfer.limit = 600;
    transfer.RunFor(2s);
    pair.path.SetDown(true);
    transfer.RunFor(4s);
    weather.delay = row.after;
    pair.path.a_to_b().SetOptions(weather);
    pair.path.b_to_a().SetOptions(weather);
    pair.path.SetDown(false);
    const std::size_t before = pair.b.messages.size();
    ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() > before; }, 3s + row.after));
    transfer.RunFor(5s);
    // Smoothed: on its way to the new one. The queue of the bottleneck (256 KiB at 8 Mbit/s) is 262
    // ms of it.
    const auto rtt = pair.a.association->stats().smoothed_rtt;
    EXPECT_GE(rtt, row.after);
    EXPECT_LE(rtt, 2 * row.after + 300ms);
    transfer.Finish();
  }
}

}  // namespace
}  // namespace pairwire::sctp

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Bad weather: connecting and transferring through loss, reordering and duplicates, many seeds.
#include <gtest/gtest.h>

#include "tests/sctp/sctp_pair.h"
#include "tests/support/seed_trace.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using test::RandomBytes;
using test::SctpPair;

TEST(UsrsctpLossTest, ConnectsThroughThirtyPercentLoss) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    SctpPair pair({.delay = 20ms, .jitter = 10ms, .loss = 0.3, .seed = seed});
    pair.StartConnecting();
    ASSERT_TRUE(pair.RunUntil([&] { return pair.a.connected() && pair.b.connected(); }, 12s));
    // A message there and one back, as a channel needs to open.
    ASSERT_TRUE(pair.a.Send(0, Bytes(10)).has_value());
    ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 1; }, 8s));
    ASSERT_TRUE(pair.b.Send(0, Bytes(10)).has_value());
    ASSERT_TRUE(pair.RunUntil([&] { return pair.a.messages.size() == 1; }, 8s));
    EXPECT_EQ(pair.a.states.size(), 1u);
    EXPECT_EQ(pair.b.states.size(), 1u);
  }
}

// usrsctp takes the time of a handshake with retransmissions for a round trip (handshake_rtt.h).
TEST(UsrsctpLossTest, LostHandshakePacketsDoNotMakeTheTimeoutLong) {
  for (int lost = 0; lost <= 6; ++lost) {
    SCOPED_TRACE(lost);
    SctpPair pair({.delay = 20ms});
    pair.path.SetDown(lost > 0);
    pair.StartConnecting();
    pair.loop.AdvanceBy(lost * 450ms);
    pair.path.SetDown(false);
    ASSERT_TRUE(pair.RunUntil([&] { return pair.a.connected() && pair.b.connected(); }, 2s));
    pair.loop.AdvanceBy(50ms);  // a round trip
    for (const auto* end : {&pair.a, &pair.b}) {
      EXPECT_LE(end->association->stats().retransmission_timeout, 350ms);
      EXPECT_GE(end->association->stats().retransmission_timeout, 200ms);
    }
    // And that is when a lost message goes again.
    pair.path.SetDown(true);
    ASSERT_TRUE(pair.a.Send(0, Bytes(10)).has_value());
    pair.loop.AdvanceBy(100ms);
    pair.path.SetDown(false);
    EXPECT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 1; }, 300ms));
  }
}

// The largest timeout follows the round trip: a second is too short here.
TEST(UsrsctpLossTest, ALongPathIsNotTakenForLoss) {
  SctpPair pair({.delay = 700ms, .jitter = 100ms});
  pair.Connect();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(pair.a.Send(0, Bytes(1000)).has_value());
    pair.loop.AdvanceBy(200ms);
  }
  const std::uint64_t at_first = pair.a.association->stats().retransmitted_chunks;
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(pair.a.Send(0, Bytes(1000)).has_value());
    pair.loop.AdvanceBy(200ms);
  }
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 300; }, 10s));
  EXPECT_EQ(pair.a.association->stats().retransmitted_chunks, at_first);
}

TEST(UsrsctpLossTest, AMebibyteArrivesIntactThroughLossReorderingAndDuplicates) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    SctpPair pair({.delay = 10ms,
                   .jitter = 3ms,
                   .loss = 0.05,
                   .reorder = 0.05,
                   .duplicate = 0.05,
                   .seed = seed});
    pair.Connect();
    test::SeededRandom random(seed);
    std::vector<test::ReceivedMessage> sent;
    std::size_t total = 0;
    while (total < 1024 * 1024) {
      const std::size_t size = 1 + random.NextBelow(random.Chance(0.5) ? 2000 : 65'536);
      const auto stream = static_cast<std::uint16_t>(seed % 7);
      sent.push_back(
          {StreamId{stream}, Ppid::kBinary, RandomBytes(size, seed * 1000 + sent.size())});
      ASSERT_TRUE(pair.a.Send(stream, sent.back().data).has_value());
      total += size;
    }
    ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == sent.size(); }, 600s))
        << pair.b.messages.size() << " of " << sent.size() << ", " << pair.a.error.detail;
    ASSERT_TRUE(pair.b.messages == sent);
    ASSERT_TRUE(pair.RunUntil([&] { return pair.a.unacknowledged == 0; }, 60s));
  }
}

TEST(UsrsctpLossTest, ManyStreamsBothWaysKeepTheirOwnOrder) {
  SctpPair pair({.delay = 10ms, .loss = 0.05, .reorder = 0.1, .seed = 3});
  pair.Connect();
  for (std::uint32_t i = 0; i < 500; ++i) {
    Bytes data(4 + i % 1500);
    for (int k = 0; k < 4; ++k)
      data[static_cast<std::size_t>(k)] = static_cast<std::uint8_t>(i >> (8 * k));
    ASSERT_TRUE(pair.a.Send(static_cast<std::uint16_t>(i % 10), data).has_value());
    ASSERT_TRUE(pair.b.Send(static_cast<std::uint16_t>(i % 9), data).has_value());
  }
  ASSERT_TRUE(pair.RunUntil(
      [&] { return pair.a.messages.size() == 500 && pair.b.messages.size() == 500; }, 600s));
  for (const auto* end : {&pair.a, &pair.b}) {
    std::map<StreamId, std::uint32_t> last;
    for (const auto& message : end->messages) {
      const std::uint32_t number = message.data[0] + 256u * message.data[1];
      const auto [at, first] = last.try_emplace(message.stream, number);
      if (!first) {
        EXPECT_GT(number, at->second);
        at->second = number;
      }
    }
  }
}

TEST(UsrsctpLossTest, HeavyLossDoesNotAbort) {
  // fr_max_burst 0 would: see the runtime's settings.
  SctpPair pair({.delay = 5ms, .rate_bps = 50'000'000, .queue_limit_bytes = 20'000, .seed = 9});
  pair.Connect();
  pair.b.keep_messages = false;
  std::size_t accepted = 0;
  while (accepted < 20'000'000) {
    if (pair.a.Send(0, Bytes(50'000))) {
      accepted += 50'000;
    } else {
      ASSERT_TRUE(pair.loop.Step());
      ASSERT_FALSE(pair.a.over()) << pair.a.error.detail;
    }
  }
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.received_bytes == accepted; }, 600s));
  EXPECT_GT(pair.path.a_to_b().counters().dropped_queue, 10u);
}

// Not 30 percent: there, the last data may need longer than usrsctp waits for a shutdown (five
// times the largest RTO, 50 s), and then an abort is right.
TEST(UsrsctpLossTest, CloseSurvivesLoss) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    SctpPair pair({.delay = 10ms, .loss = 0.15, .seed = seed});
    pair.Connect();
    ASSERT_TRUE(pair.a.Send(0, Bytes(20'000)).has_value());
    pair.a.association->Close();
    ASSERT_TRUE(pair.RunUntil([&] { return pair.a.over() && pair.b.over(); }, 600s));
    EXPECT_EQ(pair.b.received_bytes, 20'000u);
    EXPECT_EQ(pair.a.states.back(), AssociationState::kClosed);
    EXPECT_EQ(pair.b.states.back(), AssociationState::kClosed);
  }
}

}  // namespace
}  // namespace pairwire::sctp

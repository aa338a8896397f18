// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Unordered and partially reliable delivery (RFC 3758, RFC 7496) over real associations and bad
// weather: no stall, no flood, and every abandoned byte leaves the buffer.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/sctp/sctp_pair.h"
#include "tests/support/seed_trace.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using test::SctpPair;
using test::SimLink;

// A message that begins with its number.
Bytes Numbered(std::uint32_t number, std::size_t size) {
  Bytes data(size);
  for (int i = 0; i < 4; ++i) {
    data[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  return data;
}

std::uint32_t NumberOf(ByteSpan data) {
  return std::uint32_t{data[0]} | std::uint32_t{data[1]} << 8 | std::uint32_t{data[2]} << 16 |
         std::uint32_t{data[3]} << 24;
}

struct Outcome {
  std::vector<std::uint32_t> numbers;  // as they came
  Loop::Duration longest_gap{};        // between two that came
  Loop::Duration latest{};             // of all, from Send to arrival
};

// Sends `count` messages of `size` bytes, one each `interval`, and waits until all are dealt with.
Outcome Stream(SctpPair& pair, std::uint32_t count, std::size_t size, Loop::Duration interval,
               const Delivery& delivery) {
  Outcome outcome;
  std::vector<Loop::TimePoint> sent_at;
  Loop::TimePoint last = pair.loop.Now();
  pair.b.hook = [&](int) {
    for (const auto& message : pair.b.messages) {
      const std::uint32_t number = NumberOf(message.data);
      outcome.numbers.push_back(number);
      outcome.longest_gap = std::max(outcome.longest_gap, pair.loop.Now() - last);
      outcome.latest = std::max(outcome.latest, pair.loop.Now() - sent_at.at(number));
      last = pair.loop.Now();
    }
    pair.b.messages.clear();
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    sent_at.push_back(pair.loop.Now());
    EXPECT_TRUE(pair.a.Send(1, Numbered(i, size), Ppid::kBinary, delivery).has_value()) << i;
    pair.loop.RunFor(interval);
  }
  EXPECT_TRUE(pair.RunUntil([&] { return pair.a.unacknowledged == 0; }, 10s))
      << pair.a.unacknowledged << " bytes are left";
  pair.loop.RunFor(1s);
  pair.b.hook = nullptr;
  EXPECT_FALSE(pair.a.over() || pair.b.over());
  EXPECT_EQ(std::set(outcome.numbers.begin(), outcome.numbers.end()).size(), outcome.numbers.size())
      << "doubled";
  return outcome;
}

TEST(UsrsctpReliabilityTest, WithoutRetransmissionsLossNeitherStallsNorFloods) {
  for (const double loss : {0.01, 0.05, 0.1, 0.2}) {
    for (const bool ordered : {true, false}) {
      SCOPED_TRACE(testing::Message() << loss << (ordered ? " ordered" : " unordered"));
      SctpPair pair({.delay = 20ms, .loss = loss, .seed = 5});
      pair.Connect();
      const std::size_t packets_before = pair.a.packets;
      constexpr std::uint32_t kCount = 2'000;
      const Outcome outcome =
          Stream(pair, kCount, 100, 10ms, {.ordered = ordered, .max_retransmits = 0});
      // Each message is a packet: the weather alone decides. Three standard deviations are 0.03.
      const double arrived = static_cast<double>(outcome.numbers.size()) / kCount;
      EXPECT_NEAR(arrived, 1 - loss, 0.03);
      // A FORWARD-TSN that is lost is sent again after 0.2, 0.4, 0.8 s. At 20 % loss three in a row
      // (1.4 s and a round trip) were met in 43 of 200 runs: usrsctp draws random numbers of its
      // own. A stall would reach the RTO's bound of 2.5 s.
      EXPECT_LT(outcome.longest_gap, 1'600ms);
      EXPECT_LT(pair.a.packets - packets_before, 2 * kCount);
      EXPECT_EQ(std::is_sorted(outcome.numbers.begin(), outcome.numbers.end()), true);
      const auto stats = pair.a.association->stats();
      EXPECT_GE(stats.abandoned_messages, kCount - outcome.numbers.size());
    }
  }
}

TEST(UsrsctpReliabilityTest, EachRetransmissionAllowedSavesMost) {
  const auto arrived = [](std::uint16_t retransmits) {
    SctpPair pair({.delay = 20ms, .loss = 0.2, .seed = 8});
    pair.Connect();
    return Stream(pair, 2'000, 100, 10ms, {.ordered = false, .max_retransmits = retransmits})
        .numbers.size();
  };
  const std::size_t none = arrived(0);
  const std::size_t one = arrived(1);
  const std::size_t five = arrived(5);
  EXPECT_GT(one, none + 200);
  EXPECT_GT(five, one);
  EXPECT_GE(five, 1'995u);
}

TEST(UsrsctpReliabilityTest, ReliableAndUnorderedLosesNothing) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    SctpPair pair({.delay = 20ms, .loss = 0.1, .reorder = 0.1, .seed = seed});
    pair.Connect();
    const Outcome outcome = Stream(pair, 1'000, 500, 5ms, {.ordered = false});
    EXPECT_EQ(outcome.numbers.size(), 1'000u);
    EXPECT_FALSE(std::is_sorted(outcome.numbers.begin(), outcome.numbers.end()))
        << "later ones did not wait for lost ones";
  }
}

TEST(UsrsctpReliabilityTest, ALifeTimeBoundsHowLateAMessageComes) {
  for (const double loss : {0.05, 0.2}) {
    SCOPED_TRACE(loss);
    SctpPair pair({.delay = 20ms, .loss = loss, .seed = 3});
    pair.Connect();
    const Outcome outcome =
        Stream(pair, 2'000, 100, 10ms, {.ordered = false, .max_life_time = 150ms});
    const double arrived = static_cast<double>(outcome.numbers.size()) / 2'000;
    EXPECT_GT(arrived, 1 - loss / 2) << "most losses are repaired within 150 ms at 40 ms RTT";
    // The life time, one way, and what a retransmission that began in time may wait for the window.
    EXPECT_LT(outcome.latest, 150ms + 20ms + 250ms);
    EXPECT_LT(outcome.longest_gap, 1s);
  }
}

TEST(UsrsctpReliabilityTest, ALifeTimeOfZeroIsSentOnce) {
  SctpPair pair({.delay = 20ms});
  pair.Connect();
  EXPECT_EQ(Stream(pair, 200, 100, 5ms, {.max_life_time = 0ms}).numbers.size(), 200u);
}

// Messages of many chunks: given up with parts sent, parts not, through both queues of usrsctp.
TEST(UsrsctpReliabilityTest, LargeMessagesThatAreGivenUpFreeTheirBytes) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    for (const bool timed : {false, true}) {
      SctpPair pair({.delay = 20ms, .loss = 0.03, .rate_bps = 20'000'000, .seed = seed},
                    {.interleaving = seed % 4 < 2});
      pair.Connect();
      Delivery delivery{.ordered = seed % 2 == 0};
      if (timed) {
        delivery.max_life_time = 100ms;
      } else {
        delivery.max_retransmits = 0;
      }
      pair.b.keep_messages = false;
      for (std::uint32_t i = 0; i < 60; ++i) {
        const std::size_t size = 10'000 + 3'000 * (i % 50);
        ASSERT_TRUE(pair.a.Send(1, Numbered(i, size), Ppid::kBinary, delivery).has_value() ||
                    pair.a.unacknowledged > 3'000'000);
        pair.loop.RunFor(40ms);
      }
      ASSERT_TRUE(pair.RunUntil([&] { return pair.a.unacknowledged == 0; }, 30s))
          << pair.a.unacknowledged << " bytes are left";
      // The association and the stream are as good as new.
      pair.b.keep_messages = true;
      ASSERT_TRUE(pair.a.Send(1, Numbered(99, 50'000)).has_value());
      ASSERT_TRUE(pair.RunUntil([&] { return !pair.b.messages.empty(); }, 30s));
      EXPECT_EQ(pair.b.messages.back().data, Numbered(99, 50'000));
      const StreamId stream{1};
      ASSERT_TRUE(pair.a.association->ResetStreams({&stream, 1}).has_value());
      ASSERT_TRUE(pair.RunUntil([&] { return !pair.b.incoming_resets.empty(); }, 30s));
      EXPECT_FALSE(pair.a.over() || pair.b.over());
    }
  }
}

TEST(UsrsctpReliabilityTest, AStreamIsResetWhileMessagesAreGivenUp) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    SctpPair pair({.delay = 20ms, .loss = 0.2, .seed = seed});
    pair.Connect();
    for (std::uint32_t i = 0; i < 100; ++i) {
      ASSERT_TRUE(
          pair.a.Send(1, Numbered(i, 2'500), Ppid::kBinary, {.max_retransmits = 0}).has_value());
    }
    const StreamId stream{1};
    ASSERT_TRUE(pair.a.association->ResetStreams({&stream, 1}).has_value());
    ASSERT_TRUE(pair.RunUntil(
        [&] { return !pair.b.incoming_resets.empty() && !pair.a.outgoing_resets.empty(); }, 30s));
    EXPECT_TRUE(pair.RunUntil([&] { return pair.a.unacknowledged == 0; }, 10s));
  }
}

TEST(UsrsctpReliabilityTest, ADeadPathDoesNotFillTheBufferWithWhatMayBeLost) {
  SctpPair pair({.delay = 20ms});
  pair.Connect();
  pair.path.SetDown(true);
  for (std::uint32_t i = 0; i < 200; ++i) {
    ASSERT_TRUE(pair.a.Send(1, Numbered(i, 1'000), Ppid::kBinary, {.max_retransmits = 0}));
    pair.loop.RunFor(50ms);
  }
  pair.path.SetDown(false);
  ASSERT_TRUE(pair.a.Send(1, Numbered(1'000, 1'000)).has_value());
  ASSERT_TRUE(pair.RunUntil(
      [&] { return !pair.b.messages.empty() && NumberOf(pair.b.messages.back().data) == 1'000; },
      10s));
  EXPECT_TRUE(pair.RunUntil([&] { return pair.a.unacknowledged == 0; }, 5s));
}

TEST(UsrsctpReliabilityTest, StatsSayHowThePathIs) {
  SctpPair pair({.delay = 50ms, .loss = 0.05, .seed = 2});
  EXPECT_EQ(pair.a.association->stats().state, AssociationState::kNew);
  pair.Connect();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(pair.a.Send(0, Bytes(100'000)).has_value());
  const auto busy = pair.a.association->stats();
  EXPECT_EQ(busy.state, AssociationState::kConnected);
  EXPECT_EQ(busy.unacknowledged_bytes, 500'000u);
  EXPECT_GT(busy.unacknowledged_chunks, 5u);
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.unacknowledged == 0; }));
  const auto stats = pair.a.association->stats();
  EXPECT_NEAR(static_cast<double>(stats.smoothed_rtt.count()), 110, 30);
  EXPECT_GE(stats.retransmission_timeout, 200ms);
  EXPECT_GT(stats.congestion_window, 1'000u);
  EXPECT_GT(stats.receiver_window, 1'000'000u);
  EXPECT_EQ(stats.unacknowledged_chunks, 0u);
  EXPECT_EQ(stats.outgoing_streams, kInitialStreams);
  EXPECT_EQ(stats.incoming_streams, kInitialStreams);
  EXPECT_EQ(stats.packets_sent, pair.a.packets);
  EXPECT_GT(stats.bytes_sent, 500'000u);
  EXPECT_GT(stats.retransmitted_chunks, 5u);
  EXPECT_EQ(stats.packets_received, pair.path.b_to_a().counters().delivered);
  EXPECT_EQ(stats.abandoned_messages, 0u);
}

}  // namespace
}  // namespace pairwire::sctp

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Nothing is acknowledged: noticed, told once with the cause, and its end, too.
#include <gtest/gtest.h>

#include "tests/sctp/sctp_pair.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using test::SctpPair;

TEST(UsrsctpStallTest, APathThatCarriesNothingIsAStallAndItsReturnTheEnd) {
  SctpPair pair({.delay = 20ms});
  pair.Connect();
  ASSERT_TRUE(pair.a.Send(0, Bytes(10)).has_value());
  pair.loop.RunFor(60s);
  EXPECT_TRUE(pair.a.stalls.empty()) << "idle is no stall";

  pair.path.SetDown(true);
  ASSERT_TRUE(pair.a.Send(0, Bytes(10)).has_value());
  pair.loop.RunFor(4900ms);
  EXPECT_TRUE(pair.a.stalls.empty());
  EXPECT_FALSE(pair.a.association->stats().stalled);
  pair.loop.RunFor(1200ms);
  EXPECT_EQ(pair.a.stalls, std::vector<StallCause>{StallCause::kPath});
  EXPECT_TRUE(pair.a.association->stats().stalled);
  pair.loop.RunFor(60s);
  EXPECT_EQ(pair.a.stalls.size(), 1u) << "once";
  EXPECT_EQ(pair.a.resumptions, 0);

  pair.path.SetDown(false);
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.resumptions == 1; }, 3s));
  EXPECT_EQ(pair.a.association->stats().stalls, 1u);
  EXPECT_FALSE(pair.a.association->stats().stalled);
  EXPECT_TRUE(pair.b.stalls.empty());
  EXPECT_EQ(pair.a.states.size(), 1u) << "it gives nothing up";
}

TEST(UsrsctpStallTest, AReaderThatDoesNotReadIsToldFromAPathThatCarriesNothing) {
  SctpPair pair({.delay = 5ms}, {.send_buffer = 1024 * 1024, .receive_buffer = 128 * 1024});
  pair.Connect();
  pair.b.association->PauseReceiving();
  while (pair.a.Send(0, Bytes(10'000))) {
  }
  pair.loop.RunFor(10s);
  EXPECT_EQ(pair.a.stalls, std::vector<StallCause>{StallCause::kReceiver});
  pair.b.association->ResumeReceiving();
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.unacknowledged == 0; }, 30s));
  EXPECT_EQ(pair.a.resumptions, 1);
}

// No byte is acknowledged here, and still it is one stall after the other, each with its end.
TEST(UsrsctpStallTest, AResetThatWaitsIsAStallToo) {
  SctpPair pair({.delay = 20ms});
  pair.Connect();
  for (int round = 1; round <= 3; ++round) {
    pair.path.SetDown(true);
    const StreamId stream{static_cast<std::uint16_t>(round)};
    ASSERT_TRUE(pair.a.association->ResetStreams(std::vector{stream}).has_value());
    pair.loop.RunFor(10s);
    EXPECT_EQ(pair.a.stalls.size(), static_cast<std::size_t>(round));
    EXPECT_TRUE(pair.a.association->stats().stalled);
    pair.path.SetDown(false);
    ASSERT_TRUE(pair.RunUntil([&] { return pair.a.outgoing_resets.size() >= std::size_t(round); }));
    EXPECT_EQ(pair.a.resumptions, round);
    EXPECT_FALSE(pair.a.association->stats().stalled);
  }
}

TEST(UsrsctpStallTest, ASlowPathIsNone) {
  SctpPair pair({.delay = 1s, .rate_bps = 20'000, .queue_limit_bytes = 1'000'000});
  pair.Connect();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(pair.a.Send(0, Bytes(2000)).has_value());
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.unacknowledged == 0; }, 120s));
  EXPECT_TRUE(pair.a.stalls.empty());
}

TEST(UsrsctpStallTest, TheAssociationMayBeDestroyedInTheEvent) {
  SctpPair pair({.delay = 20ms});
  pair.Connect();
  pair.path.SetDown(true);
  ASSERT_TRUE(pair.a.Send(0, Bytes(10)).has_value());
  pair.a.hook = [&](int) {
    if (!pair.a.stalls.empty()) pair.a.association.reset();
  };
  pair.loop.RunFor(60s);
  EXPECT_EQ(pair.a.association, nullptr);
}

}  // namespace
}  // namespace pairwire::sctp

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What idle associations cost: usrsctp's clock is ticked slowly while nothing is under way, and no
// timer notices.
#include <gtest/gtest.h>

#include <cstdio>
#include <ctime>
#include <memory>
#include <vector>

#include "tests/sctp/sctp_pair.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using test::ManualLoop;
using test::SctpEnd;
using test::SctpPair;

TEST(UsrsctpIdleTest, AnIdleAssociationTicksOnceASecondAndSendsNothing) {
  SctpPair pair({.delay = 5ms});
  pair.Connect();
  pair.loop.RunFor(1s);
  const std::size_t packets = pair.a.packets + pair.b.packets;
  const std::uint64_t ticks = pair.runtime->ticks();
  pair.loop.RunFor(60s);
  EXPECT_LE(pair.runtime->ticks() - ticks, 61u);
  EXPECT_EQ(pair.a.packets + pair.b.packets, packets) << "no heartbeats: ICE consent is enough";
}

TEST(UsrsctpIdleTest, WhileSomethingIsOutstandingTicksAreFine) {
  SctpPair pair({.delay = 5ms});
  pair.Connect();
  pair.loop.RunFor(10s);
  pair.path.SetDown(true);
  ASSERT_TRUE(pair.a.Send(0, Bytes(10)).has_value());
  pair.loop.RunFor(10s);
  const std::uint64_t ticks = pair.runtime->ticks();
  pair.loop.RunFor(10s);
  EXPECT_GE(pair.runtime->ticks() - ticks, 999u);
}

// A timer that starts after a pause must not end early because the clock was behind: a delayed
// acknowledgement would, and a retransmission, too.
TEST(UsrsctpIdleTest, TimersThatStartAfterAPauseAreOnTime) {
  for (int offset = 0; offset < 1000; offset += 70) {
    SctpPair pair({.delay = 75ms});  // the least retransmission timeout is 200 ms
    pair.Connect();
    ASSERT_TRUE(pair.a.Send(0, Bytes(10)).has_value());  // the first of all is acknowledged at once
    pair.loop.RunFor(5s + offset * 1ms);
    const std::size_t a_packets = pair.a.packets;
    const std::size_t b_packets = pair.b.packets;
    const auto start = pair.loop.Now();
    ASSERT_TRUE(pair.a.Send(0, Bytes(10)).has_value());
    ASSERT_TRUE(pair.RunUntil([&] { return pair.b.packets > b_packets; }));
    EXPECT_GE(pair.loop.Now() - start, 75ms + 10ms) << "the acknowledgement is delayed";
    EXPECT_LE(pair.loop.Now() - start, 75ms + 30ms);
    ASSERT_TRUE(pair.RunUntil([&] { return pair.a.unacknowledged == 0; }));
    EXPECT_EQ(pair.a.packets, a_packets + 1) << "sent again too early, offset " << offset;
  }
}

TEST(UsrsctpIdleTest, FourHundredIdleAssociations) {
  ManualLoop loop;
  test::VirtualWallClock wall_clock{loop};
  auto runtime = UsrsctpRuntime::Create(loop).value();
  std::vector<std::unique_ptr<SctpEnd>> ends;
  const UsrsctpAssociationOptions options{.outgoing_streams = kInitialStreamsOfOurs};
  // Straight across, through the loop.
  const auto add = [&](std::size_t other) {
    ends.push_back(std::make_unique<SctpEnd>(*runtime, options, [&loop, &ends, other](ByteSpan p) {
      loop.Post([&ends, other, packet = Bytes(p.begin(), p.end())] {
        if (ends[other]->association) ends[other]->association->ReceivePacket(packet);
      });
    }));
  };
  ends.reserve(400);
  for (std::size_t i = 0; i < 400; i += 2) {
    add(i + 1);
    add(i);
  }
  for (auto& end : ends) ASSERT_TRUE(end->association->Connect(0).has_value());
  loop.RunFor(1s);
  for (auto& end : ends) ASSERT_TRUE(end->connected());
  const std::clock_t start = std::clock();
  constexpr int kSeconds = 60;
  loop.RunFor(kSeconds * 1s);
  const double used = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / kSeconds;
  std::printf("[   INFO   ] 400 idle associations: %.3f %% of a core\n", 100 * used);
  EXPECT_LT(used, 0.02) << "an order of magnitude above what it takes";
  for (auto& end : ends) end->association.reset();
}

}  // namespace
}  // namespace pairwire::sctp

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Two muxes over two real associations and simulated weather: the whole box, as a connection uses
// it.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "sctp/channel_mux.h"
#include "tests/sctp/real_mux_pair.h"
#include "tests/support/seed_trace.h"
#include "tests/support/seeded_random.h"
#include "tests/support/sim_link.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using pairwire::test::SeededRandom;
using pairwire::test::SimLink;
using test::MuxEnd;
using test::RealMuxPair;

TEST(ChannelMuxUsrsctpTest, OpenSendCloseBothWays) {
  RealMuxPair pair({.delay = 10ms});
  const ChannelId early = pair.a.mux->Open({.label = "early", .protocol = "proto"}).value();
  pair.Start();
  ASSERT_TRUE(pair.RunUntil([&] { return !pair.a.opened.empty() && !pair.b.opened.empty(); }));
  EXPECT_EQ(pair.b.log[1], "incoming early/proto");
  const ChannelId at_b = pair.b.incoming[0];
  ASSERT_TRUE(pair.a.SendText(early, "hello").has_value());
  ASSERT_TRUE(pair.a.SendText(early, "").has_value());
  ASSERT_TRUE(pair.b.mux->Send(at_b, Bytes(256 * 1024, 7), false).has_value());
  ASSERT_TRUE(
      pair.RunUntil([&] { return pair.b.messages.size() == 2 && pair.a.messages.size() == 1; }));
  EXPECT_EQ(pair.b.messages[0].data, "hello");
  EXPECT_EQ(pair.b.messages[1].data, "");
  EXPECT_TRUE(pair.b.messages[1].is_text);
  EXPECT_EQ(pair.a.messages[0].data.size(), 256u * 1024u);
  EXPECT_FALSE(pair.a.messages[0].is_text);
  ASSERT_TRUE(pair.RunUntil([&] {
    return pair.a.mux->total_buffered_amount() == 0 && pair.b.mux->total_buffered_amount() == 0;
  }));
  pair.b.mux->Close(at_b);
  ASSERT_TRUE(
      pair.RunUntil([&] { return pair.a.closed.size() == 1 && pair.b.closed.size() == 1; }));
  EXPECT_FALSE(pair.a.closed[early].has_value());
  pair.a.mux->CloseAll();
  EXPECT_TRUE(pair.RunUntil([&] {
    return pair.a.states.back() == AssociationState::kClosed &&
           pair.b.states.back() == AssociationState::kClosed;
  }));
}

TEST(ChannelMuxUsrsctpTest, TenThousandMessagesThroughBadWeatherWithBackPressure) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    RealMuxPair pair({.delay = 10ms, .jitter = 2ms, .loss = 0.02, .reorder = 0.02, .seed = seed},
                     {.max_buffered_amount = 200'000, .max_receive_buffer = 50'000});
    pair.Start();
    const ChannelId id = pair.a.mux->Open({.label = "numbers"}).value();
    ASSERT_TRUE(pair.RunUntil([&] { return pair.b.opened.size() == 1; }));
    SeededRandom random(seed);
    int sent = 0;
    while (sent < 10'000) {
      const auto result = pair.a.SendText(id, std::to_string(sent));
      if (result) {
        ++sent;
        continue;
      }
      ASSERT_EQ(result.error().code, Errc::kBufferFull);
      if (random.Chance(0.05)) pair.b.mux->PauseReceiving(pair.b.incoming[0]);
      if (random.Chance(0.3)) pair.b.mux->ResumeReceiving(pair.b.incoming[0]);
      ASSERT_TRUE(pair.loop.Step());
    }
    pair.b.mux->ResumeReceiving(pair.b.incoming[0]);
    ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 10'000; }, 600s));
    for (int i = 0; i < 10'000; ++i) {
      ASSERT_EQ(pair.b.messages[static_cast<std::size_t>(i)].data, std::to_string(i));
    }
    ASSERT_TRUE(pair.RunUntil([&] { return pair.a.mux->total_buffered_amount() == 0; }, 60s));
    EXPECT_EQ(pair.a.buffered[id], 0u);
  }
}

// A large message is given up when parts of it were sent, others wait in usrsctp and the rest here.
// Its last acknowledgement is for a TSN that was never sent, and may free nothing; all the same
// what is behind it must go on. The moment matters, so many are tried.
TEST(ChannelMuxUsrsctpTest, AMessageGivenUpInTheMiddleHoldsUpNothing) {
  const std::vector<ChannelOptions> options = {
      {.label = "limited", .ordered = false, .max_retransmits = 0}, {.label = "reliable"}};
  for (int ms = 5; ms < 200; ms += 5) {
    SCOPED_TRACE(ms);
    RealMuxPair pair({.delay = 10ms, .rate_bps = 10'000'000});
    const auto ids = pair.Connect(options);
    const auto send = [&](ChannelId id, int count, std::size_t size) {
      while (count-- > 0) ASSERT_TRUE(pair.a.mux->Send(id, Bytes(size), false).has_value());
    };
    // A window so wide that usrsctp gets more of both than it may have once the window is gone.
    send(ids[1], 30, 16'000);
    ASSERT_TRUE(pair.RunUntil([&] { return pair.a.mux->total_buffered_amount() == 0; }));
    send(ids[1], 10, 16'000);
    send(ids[0], 1, 250'000);
    ASSERT_TRUE(pair.a.SendText(ids[1], "behind it").has_value());
    pair.loop.RunFor(std::chrono::milliseconds(ms));
    pair.path.SetDown(true);
    pair.loop.RunFor(500ms);
    pair.path.SetDown(false);
    const auto arrived = [&] {
      return std::any_of(pair.b.messages.begin(), pair.b.messages.end(),
                         [](const auto& message) { return message.data == "behind it"; });
    };
    EXPECT_TRUE(pair.RunUntil(arrived, 10s));
    EXPECT_TRUE(pair.RunUntil([&] { return pair.a.mux->total_buffered_amount() == 0; }, 10s));
  }
}

// The other end waits 10 s for what is on its way, then goes; and the sender hears of the rest. In
// the middle of a message, too, where usrsctp cannot end in order.
TEST(ChannelMuxUsrsctpTest, WhoIsCutOffIsTold) {
  for (const std::size_t size : {std::size_t{20'000}, std::size_t{250'000}}) {
    SCOPED_TRACE(size);
    RealMuxPair pair({.delay = 10ms, .rate_bps = 200'000, .queue_limit_bytes = 100'000});
    const auto ids = pair.Connect({{.label = "cut off"}, {.label = "idle"}});
    for (std::size_t sent = 0; sent < 1'000'000; sent += size) {
      ASSERT_TRUE(pair.a.mux->Send(ids[0], Bytes(size), false).has_value());
    }
    pair.loop.RunFor(1s);
    pair.b.mux->CloseAll();
    ASSERT_TRUE(
        pair.RunUntil([&] { return pair.a.closed.size() == 2 && pair.b.closed.size() == 2; }, 60s));
    ASSERT_TRUE(pair.a.closed[ids[0]].has_value());
    EXPECT_EQ(pair.a.closed[ids[0]]->code, Errc::kClosed);
    EXPECT_FALSE(pair.a.closed[ids[1]].has_value());
    ASSERT_TRUE(
        pair.RunUntil([&] { return pair.a.states.size() == 2 && pair.b.states.size() == 2; }));
    EXPECT_EQ(pair.a.states.back(), AssociationState::kClosed);
    EXPECT_EQ(pair.b.states.back(), AssociationState::kClosed);
  }
}

TEST(ChannelMuxUsrsctpTest, AReaderThatStopsHoldsTheSenderWithinBounds) {
  RealMuxPair pair({.delay = 1ms});
  pair.b.accept_incoming = false;
  pair.Start();
  const ChannelId id = pair.a.mux->Open({.label = "file"}).value();
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.opened.size() == 1; }));
  std::size_t accepted = 0;
  for (int i = 0; i < 500; ++i) {
    while (pair.a.mux->Send(id, Bytes(16'384), false)) accepted += 16'384;
    pair.loop.AdvanceBy(20ms);
  }
  // max_receive_buffer 1 MiB + window 4 MiB + max_buffered_amount 4 MiB, and a message.
  EXPECT_LT(accepted, 10u * 1024 * 1024);
  pair.b.mux->ResumeReceiving(pair.b.incoming[0]);
  std::size_t received = 0;
  ASSERT_TRUE(pair.RunUntil([&] {
    for (const auto& message : pair.b.messages) received += message.data.size();
    pair.b.messages.clear();
    return received == accepted;
  }));
}

TEST(ChannelMuxUsrsctpTest, ChannelsComeAndGoAtBothEndsThroughLoss) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    SeededRandom random(seed);
    RealMuxPair pair({.delay = 10ms, .jitter = 5ms, .loss = 0.05, .seed = seed},
                     {.max_channels = 12});
    pair.Start();
    std::size_t opened_by_a = 0;
    std::size_t opened_by_b = 0;
    std::vector<ChannelId> of_a;
    std::vector<ChannelId> of_b;
    for (int step = 0; step < 200; ++step) {
      const bool at_a = random.Chance(0.5);
      MuxEnd& end = at_a ? pair.a : pair.b;
      auto& own = at_a ? of_a : of_b;
      if (random.Chance(0.5)) {
        if (const auto id = end.mux->Open({.label = "x"})) {
          own.push_back(*id);
          ++(at_a ? opened_by_a : opened_by_b);
        }
      } else if (random.Chance(0.6) && !own.empty()) {
        const ChannelId id = own[random.NextBelow(own.size())];
        (void)end.SendText(id, "bye");
        end.mux->Close(id);
      } else if (!end.incoming.empty()) {
        end.mux->Close(end.incoming[random.NextBelow(end.incoming.size())]);
      }
      pair.loop.RunFor(std::chrono::milliseconds(random.NextBelow(60)));
    }
    pair.a.mux->CloseAll();
    pair.b.mux->CloseAll();
    ASSERT_TRUE(pair.RunUntil(
        [&] {
          return pair.a.states.back() == AssociationState::kClosed &&
                 pair.b.states.back() == AssociationState::kClosed;
        },
        600s));
    EXPECT_EQ(pair.a.closed.size(), opened_by_a + pair.a.incoming.size());
    EXPECT_EQ(pair.b.closed.size(), opened_by_b + pair.b.incoming.size());
  }
}

TEST(ChannelMuxUsrsctpTest, MoreChannelsThanInitialStreams) {
  RealMuxPair pair({.delay = 5ms}, {.max_channels = 300});
  pair.Start();
  std::vector<ChannelId> ids;
  for (int i = 0; i < 200; ++i) ids.push_back(pair.a.mux->Open({.label = "many"}).value());
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.opened.size() == 200; }));
  EXPECT_GE(ToInt(*pair.a.mux->stream_of(ids.back())), kInitialStreams);
  for (const ChannelId id : ids) ASSERT_TRUE(pair.a.SendText(id, "x").has_value());
  for (const ChannelId id : pair.b.incoming) ASSERT_TRUE(pair.b.SendText(id, "y").has_value());
  ASSERT_TRUE(pair.RunUntil(
      [&] { return pair.a.messages.size() == 200 && pair.b.messages.size() == 200; }));
  for (const ChannelId id : ids) pair.a.mux->Close(id);
  EXPECT_TRUE(
      pair.RunUntil([&] { return pair.a.closed.size() == 200 && pair.b.closed.size() == 200; }));
}

// RFC 8832's six types, opened by each end, through loss and reordering.
TEST(ChannelMuxUsrsctpTest, EveryKindOfChannelWorksFromBothEnds) {
  const ChannelOptions kinds[] = {
      {.ordered = true},
      {.ordered = false},
      {.ordered = true, .max_retransmits = 2},
      {.ordered = false, .max_retransmits = 0},
      {.ordered = true, .max_life_time = 200ms},
      {.ordered = false, .max_life_time = 200ms},
  };
  RealMuxPair pair({.delay = 10ms, .loss = 0.05, .reorder = 0.2, .reorder_by = 12ms, .seed = 4});
  pair.Start();
  std::map<ChannelId, ChannelOptions> of_a;
  for (int i = 0; i < 12; ++i) {
    ChannelOptions options = kinds[i % 6];
    options.label = std::to_string(i);
    MuxEnd& end = i < 6 ? pair.a : pair.b;
    of_a[end.mux->Open(options).value()] = options;
  }
  ASSERT_TRUE(
      pair.RunUntil([&] { return pair.a.opened.size() == 12 && pair.b.opened.size() == 12; }));
  for (const auto* end : {&pair.a, &pair.b}) {
    for (const auto& [id, options] : end->incoming_options) {
      ChannelOptions expected = kinds[std::stoi(options.label) % 6];
      expected.label = options.label;
      expected.id = ToInt(*end->mux->stream_of(id));
      EXPECT_EQ(options, expected);
    }
  }
  constexpr int kMessages = 500;
  for (int i = 0; i < kMessages; ++i) {
    for (MuxEnd* const end : {&pair.a, &pair.b}) {
      for (const ChannelId id : end->opened) {
        ASSERT_TRUE(end->SendText(id, std::to_string(i)).has_value());
      }
    }
    pair.loop.RunFor(5ms);
  }
  ASSERT_TRUE(pair.RunUntil([&] {
    return pair.a.mux->total_buffered_amount() == 0 && pair.b.mux->total_buffered_amount() == 0;
  }));
  pair.loop.RunFor(1s);
  for (const auto* end : {&pair.a, &pair.b}) {
    std::map<ChannelId, std::vector<int>> numbers;
    for (const auto& message : end->messages)
      numbers[message.id].push_back(std::stoi(message.data));
    ASSERT_EQ(numbers.size(), 12u);
    for (const auto& channel : end->mux->stats().channels) {
      SCOPED_TRACE(channel.label);
      const ChannelOptions& kind = kinds[std::stoi(channel.label) % 6];
      const auto& got = numbers[channel.channel];
      const bool reliable = !kind.max_retransmits && !kind.max_life_time;
      EXPECT_EQ(channel.messages_received, got.size());
      EXPECT_GE(got.size(), reliable ? kMessages : kMessages * 9 / 10);
      EXPECT_LE(got.size(), kMessages);
      EXPECT_EQ(std::is_sorted(got.begin(), got.end()), kind.ordered);
    }
  }
}

TEST(ChannelMuxUsrsctpTest, NegotiatedChannelsOfAnyNumber) {
  for (const std::uint16_t id : std::initializer_list<std::uint16_t>{0, 300, 65'534}) {
    SCOPED_TRACE(id);
    const ChannelOptions options{.ordered = false, .negotiated = true, .id = id};
    RealMuxPair pair({.delay = 10ms, .loss = 0.1, .seed = 7});
    const ChannelId at_a = pair.a.mux->Open(options).value();
    const ChannelId at_b = pair.b.mux->Open(options).value();
    pair.Start();
    ASSERT_TRUE(
        pair.RunUntil([&] { return pair.a.opened.size() == 1 && pair.b.opened.size() == 1; }));
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(pair.a.SendText(at_a, "ping").has_value());
      ASSERT_TRUE(pair.b.SendText(at_b, "pong").has_value());
    }
    ASSERT_TRUE(pair.RunUntil(
        [&] { return pair.a.messages.size() == 50 && pair.b.messages.size() == 50; }));
    pair.b.mux->Close(at_b);
    ASSERT_TRUE(
        pair.RunUntil([&] { return pair.a.closed.size() == 1 && pair.b.closed.size() == 1; }));
    EXPECT_FALSE(pair.a.closed[at_a] || pair.b.closed[at_b]);
  }
}

// The quicker end sends at once; the other makes its half later, and above the first streams.
TEST(ChannelMuxUsrsctpTest, ANegotiatedChannelMadeLateAtOneEnd) {
  const ChannelOptions options{.negotiated = true, .id = 700};
  RealMuxPair pair({.delay = 10ms, .loss = 0.05, .seed = 9});
  pair.Start();
  ASSERT_TRUE(pair.RunUntil([&] { return !pair.a.states.empty() && !pair.b.states.empty(); }));
  const ChannelId at_a = pair.a.mux->Open(options).value();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(pair.a.SendText(at_a, std::to_string(i)).has_value());
  }
  pair.loop.RunFor(3s);
  EXPECT_TRUE(pair.b.messages.empty());
  const ChannelId at_b = pair.b.mux->Open(options).value();
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 20; }, 1s));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(pair.b.messages[static_cast<std::size_t>(i)].data, std::to_string(i));
  }
  ASSERT_TRUE(pair.b.SendText(at_b, "back").has_value());
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.messages.size() == 1; }));
}

TEST(ChannelMuxUsrsctpTest, AMessageThatMayBeLostStillCountsDownToZero) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    RealMuxPair pair({.delay = 20ms, .loss = 0.1, .rate_bps = 5'000'000, .seed = seed});
    pair.Start();
    ChannelOptions options{.ordered = seed % 2 == 0};
    if (seed % 3 == 0) {
      options.max_life_time = 100ms;
    } else {
      options.max_retransmits = static_cast<std::uint16_t>(seed % 3 - 1);
    }
    const ChannelId id = pair.a.mux->Open(options).value();
    ASSERT_TRUE(pair.RunUntil([&] { return pair.a.opened.size() == 1; }));
    SeededRandom random(seed);
    for (int i = 0; i < 300; ++i) {
      (void)pair.a.mux->Send(id, Bytes(random.NextBelow(8'000)), false);
      pair.loop.RunFor(5ms);
    }
    ASSERT_TRUE(pair.RunUntil([&] { return pair.a.mux->total_buffered_amount() == 0; }, 60s));
    EXPECT_EQ(pair.a.buffered[id], 0u);
    pair.a.mux->Close(id);
    ASSERT_TRUE(
        pair.RunUntil([&] { return pair.a.closed.contains(id) && !pair.b.closed.empty(); }, 60s));
    EXPECT_FALSE(pair.a.closed[id].has_value());
  }
}

// Send takes messages before the OPEN has left; Close must not take them back.
TEST(ChannelMuxUsrsctpTest, CloseBeforeTheOpenHasLeftLosesNothing) {
  RealMuxPair pair({.delay = 20ms, .rate_bps = 10'000'000});
  const ChannelId busy = pair.a.mux->Open({}).value();
  pair.Start();
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.opened.size() == 1; }));
  while (pair.a.mux->Send(busy, Bytes(100'000), false)) {
  }
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.mux->total_buffered_amount() < 3'900'000; }));
  const ChannelId late = pair.a.mux->Open({.label = "late"}).value();
  ASSERT_TRUE(pair.a.SendText(late, "last words").has_value());
  pair.a.mux->Close(late);
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.closed.contains(late); }));
  EXPECT_FALSE(pair.a.closed[late].has_value());
  ASSERT_EQ(pair.b.incoming.size(), 2u);
  EXPECT_EQ(std::count_if(pair.b.messages.begin(), pair.b.messages.end(),
                          [](const auto& message) { return message.data == "last words"; }),
            1);
}

TEST(ChannelMuxUsrsctpTest, CloseRightAfterSendLosesNothing) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    RealMuxPair pair({.delay = 20ms, .loss = 0.05, .seed = seed});
    pair.Start();
    const ChannelId of_a = pair.a.mux->Open({.ordered = seed % 2 == 0}).value();
    const ChannelId of_b = pair.b.mux->Open({}).value();
    ASSERT_TRUE(
        pair.RunUntil([&] { return pair.a.opened.size() == 2 && pair.b.opened.size() == 2; }));
    for (int i = 0; i < 300; ++i) {
      ASSERT_TRUE(pair.a.mux->Send(of_a, Bytes(1'000), false).has_value());
      ASSERT_TRUE(pair.b.mux->Send(of_b, Bytes(1'000), false).has_value());
    }
    // Each end closes what it sent on, then one shuts everything down.
    pair.a.mux->Close(of_a);
    pair.b.mux->Close(of_b);
    ASSERT_TRUE(
        pair.RunUntil([&] { return pair.a.closed.size() == 2 && pair.b.closed.size() == 2; }));
    EXPECT_EQ(pair.a.messages.size(), 300u);
    EXPECT_EQ(pair.b.messages.size(), 300u);
    const ChannelId last = pair.a.mux->Open({}).value();
    ASSERT_TRUE(pair.a.mux->Send(last, Bytes(200'000), false).has_value());
    pair.a.mux->CloseAll();
    ASSERT_TRUE(pair.RunUntil([&] {
      return pair.a.states.back() == AssociationState::kClosed &&
             pair.b.states.back() == AssociationState::kClosed;
    }));
    EXPECT_EQ(pair.b.messages.size(), 301u);
  }
}

TEST(ChannelMuxUsrsctpTest, AfterABlackoutOnlyWhatIsYoungComes) {
  RealMuxPair pair({.delay = 20ms});
  pair.Start();
  const ChannelId timed = pair.a.mux->Open({.max_life_time = 500ms}).value();
  const ChannelId reliable = pair.a.mux->Open({}).value();
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.opened.size() == 2; }));
  pair.path.SetDown(true);
  for (int i = 0; i < 2'500; ++i) {
    ASSERT_TRUE(pair.a.SendText(timed, std::to_string(i)).has_value());
    if (i % 100 == 0) {
      ASSERT_TRUE(pair.a.SendText(reliable, std::to_string(i)).has_value());
    }
    pair.loop.RunFor(10ms);
  }
  pair.path.SetDown(false);
  for (int i = 2'500; i < 2'800; ++i) {
    ASSERT_TRUE(pair.a.SendText(timed, std::to_string(i)).has_value());
    pair.loop.RunFor(10ms);
  }
  pair.loop.RunFor(1s);
  int of_timed = 0;
  int of_reliable = 0;
  for (const auto& message : pair.b.messages) {
    ++(message.id == pair.b.incoming[0] ? of_timed : of_reliable);
  }
  EXPECT_EQ(of_reliable, 25);
  // Of the blackout: those of the second before the stall was noticed.
  int of_blackout = 0;
  for (const auto& message : pair.b.messages) {
    if (message.id == pair.b.incoming[0] && std::stoi(message.data) < 2'400) ++of_blackout;
  }
  EXPECT_LE(of_blackout, 110);
  EXPECT_GE(of_timed, 50);
  EXPECT_EQ(pair.a.mux->total_buffered_amount(), 0u);
}

TEST(ChannelMuxUsrsctpTest, DestructionTellsTheOtherEnd) {
  RealMuxPair pair({.delay = 5ms});
  pair.Start();
  (void)pair.a.mux->Open({.label = "x"});
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.opened.size() == 1; }));
  const int events = pair.a.events;
  pair.a.mux.reset();
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.closed.size() == 1; }, 1s));
  EXPECT_EQ(pair.b.states.back(), AssociationState::kFailed);
  EXPECT_TRUE(pair.b.closed.begin()->second.has_value());
  EXPECT_EQ(pair.a.events, events);
}

}  // namespace
}  // namespace pairwire::sctp

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Two muxes over two real associations and simulated weather: the whole box, as a connection uses
// it.
#include <gtest/gtest.h>

#include <chrono>
#include <map>

#include "sctp/channel_mux.h"
#include "sctp/usrsctp_association.h"
#include "tests/sctp/mux_end.h"
#include "tests/sctp/virtual_wall_clock.h"
#include "tests/support/seed_trace.h"
#include "tests/support/seeded_random.h"
#include "tests/support/sim_link.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using pairwire::test::ManualLoop;
using pairwire::test::SeededRandom;
using pairwire::test::SimLink;
using pairwire::test::SimPath;
using test::MuxEnd;

struct RealMuxPair {
  explicit RealMuxPair(const SimLink::Options& weather = {}, const ChannelMuxOptions& options = {})
      : runtime(UsrsctpRuntime::Create(loop).value()),
        path(loop, weather),
        a(loop, options),
        b(loop, options) {
    a.on_packet = [this](ByteSpan packet) { path.a_to_b().Send(packet); };
    b.on_packet = [this](ByteSpan packet) { path.b_to_a().Send(packet); };
    path.a_to_b().SetReceiver([this](ByteSpan packet) {
      if (b.mux) b.mux->ReceivePacket(packet);
    });
    path.b_to_a().SetReceiver([this](ByteSpan packet) {
      if (a.mux) a.mux->ReceivePacket(packet);
    });
  }
  ~RealMuxPair() {
    a.mux.reset();
    b.mux.reset();
  }

  void Start() {
    const auto make = [this](AssociationEvents& events) {
      return std::make_unique<UsrsctpAssociation>(*runtime, UsrsctpAssociationOptions{}, events);
    };
    ASSERT_TRUE(a.mux->Start(make, true, 256 * 1024).has_value());
    ASSERT_TRUE(b.mux->Start(make, false, 256 * 1024).has_value());
  }
  bool RunUntil(const std::function<bool()>& condition, Loop::Duration limit = 120s) {
    return loop.RunUntil(condition, limit);
  }

  ManualLoop loop;
  test::VirtualWallClock wall_clock{loop};
  std::unique_ptr<UsrsctpRuntime> runtime;
  SimPath path;
  MuxEnd a;
  MuxEnd b;
};

TEST(ChannelMuxUsrsctpTest, OpenSendCloseBothWays) {
  RealMuxPair pair({.delay = 10ms});
  const ChannelId early = pair.a.mux->Open("early", "proto").value();
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
    const ChannelId id = pair.a.mux->Open("numbers", "").value();
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

TEST(ChannelMuxUsrsctpTest, AReaderThatStopsHoldsTheSenderWithinBounds) {
  RealMuxPair pair({.delay = 1ms});
  pair.b.accept_incoming = false;
  pair.Start();
  const ChannelId id = pair.a.mux->Open("file", "").value();
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
        if (const auto id = end.mux->Open("x", "")) {
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
  for (int i = 0; i < 200; ++i) ids.push_back(pair.a.mux->Open("many", "").value());
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

TEST(ChannelMuxUsrsctpTest, DestructionTellsTheOtherEnd) {
  RealMuxPair pair({.delay = 5ms});
  pair.Start();
  (void)pair.a.mux->Open("x", "");
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

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Closing: draining, both directions of reset in every order, reuse of numbers, both ends at once,
// CloseAll.
#include <gtest/gtest.h>

#include <chrono>

#include "sctp/channel_mux.h"
#include "tests/sctp/mux_end.h"
#include "tests/support/seed_trace.h"
#include "tests/support/seeded_random.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using pairwire::test::SeededRandom;
using test::FakeMux;
using test::FakeMuxPair;

TEST(ChannelMuxCloseTest, CloseSendsWhatWaitsThenResets) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.OpenChannel();
  mux.fake->AcknowledgeAll();
  mux.fake->sent.clear();
  mux.fake->capacity = 10;
  ASSERT_TRUE(mux.end.SendText(id, "0123456789").has_value());
  ASSERT_TRUE(mux.end.SendText(id, "abcdefghij").has_value());
  mux.end.mux->Close(id);
  EXPECT_EQ(mux.end.SendText(id, "x").error().code, Errc::kClosed);
  EXPECT_TRUE(mux.fake->resets.empty());
  mux.fake->AcknowledgeAll();
  EXPECT_EQ(mux.fake->sent.size(), 2u);
  EXPECT_EQ(mux.fake->resets, std::vector{StreamId{0}});
  mux.fake->AcknowledgeAll();
  EXPECT_EQ(mux.end.mux->buffered_amount(id), 0u);
  mux.fake->ResetOutgoingDone(0);
  EXPECT_TRUE(mux.end.closed.empty());
  mux.fake->ResetIncoming(0);
  ASSERT_TRUE(mux.end.closed.contains(id));
  EXPECT_FALSE(mux.end.closed[id].has_value());
  EXPECT_FALSE(mux.end.mux->stream_of(id).has_value());
}

TEST(ChannelMuxCloseTest, TheOtherEndsResetMayComeFirst) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.OpenChannel();
  mux.end.mux->Close(id);
  mux.fake->ResetIncoming(0);
  EXPECT_TRUE(mux.end.closed.empty());
  mux.fake->ResetOutgoingDone(0);
  EXPECT_TRUE(mux.end.closed.contains(id));
}

TEST(ChannelMuxCloseTest, AResetByTheOtherEndIsAnsweredAfterDraining) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.RemoteOpen(1);
  mux.fake->AcknowledgeAll();
  mux.fake->capacity = 5;
  ASSERT_TRUE(mux.end.SendText(id, "12345").has_value());
  ASSERT_TRUE(mux.end.SendText(id, "67890").has_value());
  mux.fake->ResetIncoming(1);
  EXPECT_EQ(mux.end.SendText(id, "x").error().code, Errc::kClosed);
  EXPECT_TRUE(mux.fake->resets.empty());
  mux.fake->AcknowledgeAll();
  EXPECT_EQ(mux.fake->resets, std::vector{StreamId{1}});
  mux.fake->ResetOutgoingDone(1);
  ASSERT_TRUE(mux.end.closed.contains(id));
  EXPECT_FALSE(mux.end.closed[id].has_value());
}

TEST(ChannelMuxCloseTest, AResetOfOurDirectionAtTheOtherEndsWishClosesToo) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.OpenChannel();
  mux.fake->ResetOutgoingDone(0);
  EXPECT_EQ(mux.end.SendText(id, "x").error().code, Errc::kClosed);
  mux.fake->ResetIncoming(0);
  EXPECT_TRUE(mux.end.closed.contains(id));
}

TEST(ChannelMuxCloseTest, AnOtherEndThatNeverAnswersDoesNotHoldUpTheApplication) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.OpenChannel();
  const ChannelId other = mux.OpenChannel();
  mux.end.mux->Close(id);
  mux.fake->ResetOutgoingDone(0);
  mux.loop.AdvanceBy(9s);
  EXPECT_TRUE(mux.end.closed.empty());
  mux.end.mux->Close(other);
  mux.fake->ResetOutgoingDone(2);
  mux.loop.AdvanceBy(2s);
  EXPECT_TRUE(mux.end.closed.contains(id));
  EXPECT_FALSE(mux.end.closed.contains(other));
  mux.loop.AdvanceBy(10s);
  EXPECT_TRUE(mux.end.closed.contains(other));
  // The numbers stay taken until the other end has reset its direction.
  EXPECT_EQ(mux.end.mux->stream_of(mux.end.mux->Open({}).value()), StreamId{4});
  mux.fake->ResetIncoming(0);
  EXPECT_EQ(mux.end.mux->stream_of(mux.end.mux->Open({}).value()), StreamId{0});
}

TEST(ChannelMuxCloseTest, ClosingWhatWasNeverAnnouncedTellsNobody) {
  FakeMux mux;
  const ChannelId before_start = mux.end.mux->Open({}).value();
  mux.end.mux->Close(before_start);
  mux.Start();
  const ChannelId before_connected = mux.end.mux->Open({}).value();
  mux.end.mux->Close(before_connected);
  mux.fake->BecomeConnected();
  EXPECT_TRUE(mux.fake->sent.empty());
  EXPECT_EQ(mux.end.closed.size(), 2u);
  EXPECT_EQ(mux.end.mux->stream_of(mux.end.mux->Open({}).value()), StreamId{0});
}

TEST(ChannelMuxCloseTest, ClosingBeforeTheAckIsOrderly) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.end.mux->Open({}).value();
  mux.end.mux->Close(id);
  mux.fake->Receive(0, Ppid::kDcep, EncodeDcepAck());
  EXPECT_TRUE(mux.end.opened.empty());
  mux.fake->ResetOutgoingDone(0);
  mux.fake->ResetIncoming(0);
  ASSERT_TRUE(mux.end.closed.contains(id));
  EXPECT_FALSE(mux.end.closed[id].has_value());
}

TEST(ChannelMuxCloseTest, ARefusalByTheOtherEndHasAnError) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.end.mux->Open({}).value();
  mux.fake->ResetIncoming(0);
  mux.fake->ResetOutgoingDone(0);
  ASSERT_TRUE(mux.end.closed.contains(id));
  EXPECT_EQ(mux.end.closed[id]->code, Errc::kClosed);
}

TEST(ChannelMuxCloseTest, NumbersAreUsedAgainIdsAreNot) {
  FakeMux mux;
  mux.Connect();
  const ChannelId first = mux.OpenChannel();
  mux.end.mux->Close(first);
  mux.fake->ResetOutgoingDone(0);
  EXPECT_EQ(mux.end.mux->stream_of(mux.end.mux->Open({}).value()), StreamId{2});
  mux.fake->ResetIncoming(0);
  const ChannelId again = mux.end.mux->Open({}).value();
  EXPECT_EQ(mux.end.mux->stream_of(again), StreamId{0});
  EXPECT_GT(again, first);
}

TEST(ChannelMuxCloseTest, TheNextOpenMayOvertakeTheWordOfOurReset) {
  FakeMux mux;
  mux.Connect();
  const ChannelId old = mux.RemoteOpen(1, "old");
  mux.fake->ResetIncoming(1);  // we answer by a reset, the other end gets it and opens anew
  mux.fake->sent.clear();
  const ChannelId next = mux.RemoteOpen(1, "next");
  ASSERT_NE(next, old);
  EXPECT_TRUE(mux.end.closed.contains(old));
  // Nothing may go out on the stream before our side knows that it is reset.
  ASSERT_TRUE(mux.end.SendText(next, "held").has_value());
  EXPECT_TRUE(mux.fake->sent.empty());
  mux.fake->Receive(1, Ppid::kString, AsBytes("data"));
  EXPECT_EQ(mux.end.messages.back().id, next);
  mux.fake->ResetOutgoingDone(1);
  ASSERT_EQ(mux.fake->sent.size(), 2u);
  EXPECT_EQ(mux.fake->sent[0].ppid, Ppid::kDcep);
  EXPECT_EQ(mux.fake->sent[1].ppid, Ppid::kString);
  EXPECT_FALSE(mux.end.closed.contains(next));
}

TEST(ChannelMuxCloseTest, CloseAllDrainsThenShutsDown) {
  FakeMux mux;
  mux.Connect();
  const ChannelId ours = mux.OpenChannel();
  const ChannelId theirs = mux.RemoteOpen(1);
  ASSERT_TRUE(mux.end.SendText(ours, "x").has_value());
  mux.end.mux->CloseAll();
  mux.end.mux->CloseAll();
  EXPECT_EQ(mux.end.mux->Open({}).error().code, Errc::kClosed);
  EXPECT_EQ(mux.fake->resets.size(), 2u);
  EXPECT_EQ(mux.fake->closes, 0);
  for (const std::uint16_t stream : std::vector<std::uint16_t>{0, 1}) {
    mux.fake->ResetOutgoingDone(stream);
    mux.fake->ResetIncoming(stream);
  }
  EXPECT_EQ(mux.end.closed.size(), 2u);
  EXPECT_TRUE(mux.end.closed.contains(ours) && mux.end.closed.contains(theirs));
  EXPECT_EQ(mux.fake->closes, 1);
  EXPECT_EQ(mux.RemoteOpen(3), 0u);  // refused now
  mux.fake->BecomeOver(AssociationState::kClosed, {});
  EXPECT_EQ(mux.end.states.back(), AssociationState::kClosed);
}

TEST(ChannelMuxCloseTest, CloseAllWithoutAnAssociationIsReported) {
  FakeMux mux;
  const ChannelId id = mux.end.mux->Open({}).value();
  mux.end.mux->CloseAll();
  EXPECT_TRUE(mux.end.states.empty());
  mux.loop.RunUntilIdle();
  EXPECT_EQ(mux.end.states, std::vector{AssociationState::kClosed});
  EXPECT_TRUE(mux.end.closed.contains(id));
  EXPECT_FALSE(mux.end.mux->Start({}, true, 0, false).has_value());
}

TEST(ChannelMuxCloseTest, CloseAllWhileConnectingClosesTheAssociation) {
  FakeMux mux;
  mux.Start();
  mux.end.mux->CloseAll();
  EXPECT_EQ(mux.fake->closes, 1);
  mux.fake->BecomeOver(AssociationState::kClosed, {});
  EXPECT_EQ(mux.end.states, std::vector{AssociationState::kClosed});
}

// The other end ended the association in order, but not everything that Send took was on its way.
TEST(ChannelMuxCloseTest, WhatWasNotSentIsTold) {
  FakeMux mux;
  mux.Connect();
  const ChannelId cut_off = mux.OpenChannel();
  const ChannelId idle = mux.OpenChannel();
  mux.fake->capacity = mux.fake->unacknowledged;
  ASSERT_TRUE(mux.end.SendText(cut_off, "waits").has_value());
  mux.fake->BecomeOver(AssociationState::kClosed, {});
  EXPECT_EQ(mux.end.states.back(), AssociationState::kClosed);
  ASSERT_TRUE(mux.end.closed.at(cut_off).has_value());
  EXPECT_EQ(mux.end.closed.at(cut_off)->code, Errc::kClosed);
  EXPECT_FALSE(mux.end.closed.at(idle).has_value());
}

TEST(ChannelMuxCloseTest, TenThousandChannelsInSequence) {
  FakeMuxPair pair({.max_opens_per_second = 1'000'000});
  pair.a.keep_log = pair.b.keep_log = false;
  pair.Connect();
  pair.fake_a->keep_sent = pair.fake_b->keep_sent = false;
  std::uint16_t highest = 0;
  for (int i = 0; i < 10'000; ++i) {
    auto& opener = i % 2 == 0 ? pair.a : pair.b;
    auto& other = i % 2 == 0 ? pair.b : pair.a;
    const ChannelId id = opener.mux->Open({.label = "n"}).value();
    const std::size_t opened = opener.opened.size();
    const std::size_t closed = opener.closed.size() + other.closed.size();
    ASSERT_TRUE(pair.RunUntil([&] { return opener.opened.size() > opened; })) << i;
    highest = std::max(highest, ToInt(*opener.mux->stream_of(id)));
    ASSERT_TRUE(opener.SendText(id, "x").has_value());
    if (i % 3 == 0) {
      other.mux->Close(other.incoming.back());
    } else {
      opener.mux->Close(id);
    }
    ASSERT_TRUE(pair.RunUntil([&] {
      return opener.closed.size() + other.closed.size() == closed + 2;
    })) << i;
  }
  EXPECT_LE(highest, 5);  // numbers come back
  EXPECT_EQ(pair.a.closed.size(), 10'000u);
  EXPECT_EQ(pair.b.closed.size(), 10'000u);
}

TEST(ChannelMuxCloseTest, BothEndsCloseAndOpenAtOnceUnderRandomDelays) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    SeededRandom random(seed);
    FakeMuxPair pair({.max_channels = 8});
    pair.Connect();
    pair.fake_a->delay = std::chrono::milliseconds(1 + random.NextBelow(50));
    pair.fake_b->delay = std::chrono::milliseconds(1 + random.NextBelow(50));
    std::vector<ChannelId> of_a;
    std::vector<ChannelId> of_b;
    for (int step = 0; step < 300; ++step) {
      auto& end = random.Chance(0.5) ? pair.a : pair.b;
      auto& own = &end == &pair.a ? of_a : of_b;
      if (random.Chance(0.4)) {
        if (const auto id = end.mux->Open({.label = "x"})) own.push_back(*id);
      } else if (random.Chance(0.5) && !own.empty()) {
        end.mux->Close(own[random.NextBelow(own.size())]);
      } else if (!end.incoming.empty()) {
        const ChannelId id = end.incoming[random.NextBelow(end.incoming.size())];
        (void)end.SendText(id, "text");
        end.mux->Close(id);
      }
      pair.loop.RunFor(std::chrono::milliseconds(random.NextBelow(30)));
    }
    pair.a.mux->CloseAll();
    pair.b.mux->CloseAll();
    ASSERT_TRUE(pair.RunUntil([&] {
      return pair.a.states.back() == AssociationState::kClosed &&
             pair.b.states.back() == AssociationState::kClosed;
    }));
    // Each channel that either end knew is closed, once.
    EXPECT_EQ(pair.a.closed.size(), of_a.size() + pair.a.incoming.size());
    EXPECT_EQ(pair.b.closed.size(), of_b.size() + pair.b.incoming.size());
    EXPECT_EQ(pair.a.mux->total_buffered_amount(), 0u);
  }
}

}  // namespace
}  // namespace pairwire::sctp

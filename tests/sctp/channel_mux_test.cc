// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ChannelMux over a fake association: opening from both sides, states, limits, and destruction
// inside events.
#include "sctp/channel_mux.h"

#include <gtest/gtest.h>

#include "tests/sctp/mux_end.h"

namespace pairwire::sctp {
namespace {

using test::FakeMux;
using test::FakeMuxPair;
using test::MuxMessage;

TEST(ChannelMuxTest, OpenBeforeStartGetsItsStreamAtStart) {
  FakeMux mux;
  const ChannelId first = mux.end.mux->Open({.label = "one", .protocol = "p"}).value();
  const ChannelId second = mux.end.mux->Open({.label = "two"}).value();
  EXPECT_FALSE(mux.end.mux->stream_of(first).has_value());
  mux.Start(false);
  EXPECT_EQ(mux.end.mux->stream_of(first), StreamId{1});
  EXPECT_EQ(mux.end.mux->stream_of(second), StreamId{3});
  EXPECT_TRUE(mux.fake->sent.empty());
  mux.fake->BecomeConnected();
  ASSERT_EQ(mux.fake->sent.size(), 2u);
  EXPECT_EQ(mux.fake->sent[0].ppid, Ppid::kDcep);
  const auto open = std::get<DcepOpen>(DecodeDcep(mux.fake->sent[0].data).value());
  EXPECT_EQ(open.label, "one");
  EXPECT_EQ(open.protocol, "p");
  EXPECT_EQ(open.type, DcepChannelType::kReliable);
  EXPECT_TRUE(mux.end.opened.empty());
  mux.fake->Receive(1, Ppid::kDcep, EncodeDcepAck());
  EXPECT_EQ(mux.end.opened, std::vector{first});
}

TEST(ChannelMuxTest, TheOtherEndsOpenIsAnnouncedAndAcknowledged) {
  FakeMux mux;
  mux.Connect(true);
  const ChannelId id = mux.RemoteOpen(1, "hello");
  ASSERT_NE(id, 0u);
  EXPECT_EQ(mux.end.log, (std::vector<std::string>{"state2", "incoming hello/", "open 1"}));
  ASSERT_EQ(mux.fake->sent.size(), 1u);
  EXPECT_EQ(mux.fake->sent[0], (test::FakeAssociation::Sent{StreamId{1}, Ppid::kDcep, {0x02}}));
  EXPECT_EQ(mux.end.mux->stream_of(id), StreamId{1});
}

TEST(ChannelMuxTest, AChannelClosedAtItsArrivalIsNotAnnouncedAsOpen) {
  FakeMux mux;
  mux.Connect(true);
  mux.end.hook = [&](int) {
    if (!mux.end.incoming.empty()) mux.end.mux->Close(mux.end.incoming.back());
  };
  mux.RemoteOpen(1);
  EXPECT_TRUE(mux.end.opened.empty());
  EXPECT_EQ(mux.fake->resets, std::vector{StreamId{1}});
}

TEST(ChannelMuxTest, SendingBeforeTheAckIsAllowedButNotBeforeTheConnection) {
  FakeMux mux;
  const ChannelId id = mux.end.mux->Open({.label = "x"}).value();
  EXPECT_EQ(mux.end.SendText(id, "early").error().code, Errc::kInvalidState);
  mux.Start();
  EXPECT_EQ(mux.end.SendText(id, "early").error().code, Errc::kInvalidState);
  mux.fake->BecomeConnected();
  EXPECT_TRUE(mux.end.SendText(id, "in time").has_value());
  ASSERT_EQ(mux.fake->sent.size(), 2u);  // after the OPEN, on the same stream
  EXPECT_EQ(mux.fake->sent[1].stream, mux.fake->sent[0].stream);
}

TEST(ChannelMuxTest, ASecondAckChangesNothing) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.OpenChannel();
  mux.fake->Receive(0, Ppid::kDcep, EncodeDcepAck());
  mux.fake->Receive(77, Ppid::kDcep, EncodeDcepAck());
  EXPECT_EQ(mux.end.opened, std::vector{id});
  EXPECT_TRUE(mux.end.closed.empty());
}

TEST(ChannelMuxTest, DataInPlaceOfTheAckOpensToo) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.end.mux->Open({.label = "x"}).value();
  mux.fake->Receive(0, Ppid::kString, AsBytes("hi"));
  EXPECT_EQ(mux.end.opened, std::vector{id});
  EXPECT_EQ(mux.end.messages, (std::vector<MuxMessage>{{id, "hi", true}}));
}

TEST(ChannelMuxTest, LimitsOfOpen) {
  FakeMux mux({.max_channels = 2});
  const std::string longest(kMaxLabelLength, 'x');
  EXPECT_EQ(mux.end.mux->Open({.label = longest + "x"}).error().code, Errc::kLimitExceeded);
  EXPECT_EQ(mux.end.mux->Open({.protocol = longest + "x"}).error().code, Errc::kLimitExceeded);
  EXPECT_TRUE(mux.end.mux->Open({.label = longest, .protocol = longest}).has_value());
  EXPECT_TRUE(mux.end.mux->Open({}).has_value());
  EXPECT_EQ(mux.end.mux->Open({}).error().code, Errc::kLimitExceeded);
}

TEST(ChannelMuxTest, StartIsOnceAndItsFailureIsToldAtOnce) {
  FakeMux mux;
  mux.Start();
  EXPECT_EQ(mux.end.mux->Start({}, true, 0, false).error().code, Errc::kInvalidState);

  FakeMux failing;
  const auto started = failing.end.mux->Start(
      [&](AssociationEvents& events) {
        auto made = std::make_unique<test::FakeAssociation>(failing.loop, events);
        made->connect_error = Error{Errc::kSctpFailed, "no"};
        return made;
      },
      true, 0, false);
  EXPECT_EQ(started.error().code, Errc::kSctpFailed);
  EXPECT_EQ(failing.end.mux->Open({}).error().code, Errc::kClosed);
}

TEST(ChannelMuxTest, PacketsPassBothWays) {
  FakeMux mux;
  int packets = 0;
  mux.end.on_packet = [&](ByteSpan) { ++packets; };
  mux.end.mux->ReceivePacket(Bytes{1});  // before Start: dropped
  mux.Connect();
  mux.end.mux->ReceivePacket(Bytes{1, 2, 3});
  EXPECT_EQ(mux.fake->packets, std::vector<Bytes>({{1, 2, 3}}));
  mux.OpenChannel();
  EXPECT_EQ(packets, 1);
}

TEST(ChannelMuxTest, FailureClosesEveryChannelWithTheReason) {
  FakeMux mux;
  mux.Connect();
  const ChannelId ours = mux.OpenChannel();
  const ChannelId theirs = mux.RemoteOpen(1);
  ASSERT_TRUE(mux.end.SendText(ours, "waiting").has_value());
  mux.fake->BecomeOver(AssociationState::kFailed, {Errc::kSctpFailed, "lost"});
  EXPECT_EQ(mux.end.states.back(), AssociationState::kFailed);
  EXPECT_EQ(mux.end.error.detail, "lost");
  ASSERT_EQ(mux.end.closed.size(), 2u);
  EXPECT_EQ(mux.end.closed[ours]->code, Errc::kSctpFailed);
  EXPECT_EQ(mux.end.closed[theirs]->code, Errc::kSctpFailed);
  EXPECT_EQ(mux.end.log[mux.end.log.size() - 3], "state4");  // before the channels
  EXPECT_EQ(mux.end.mux->total_buffered_amount(), 0u);
  EXPECT_EQ(mux.end.SendText(ours, "x").error().code, Errc::kClosed);
  EXPECT_EQ(mux.end.mux->Open({}).error().code, Errc::kClosed);
}

TEST(ChannelMuxTest, OrderlyEndClosesEveryChannelWithoutAnError) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.OpenChannel();
  mux.fake->BecomeOver(AssociationState::kClosed, {});
  ASSERT_TRUE(mux.end.closed.contains(id));
  EXPECT_FALSE(mux.end.closed[id].has_value());
}

TEST(ChannelMuxTest, UnknownIdsAreHarmless) {
  FakeMux mux;
  mux.Connect();
  EXPECT_EQ(mux.end.SendText(99, "x").error().code, Errc::kClosed);
  mux.end.mux->Close(99);
  mux.end.mux->PauseReceiving(99);
  mux.end.mux->ResumeReceiving(99);
  EXPECT_FALSE(mux.end.mux->stream_of(99).has_value());
  EXPECT_EQ(mux.end.mux->buffered_amount(99), 0u);
}

TEST(ChannelMuxTest, EventsNeverComeFromInsideAMethod) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.OpenChannel();
  const ChannelId theirs = mux.RemoteOpen(1);
  mux.end.mux->PauseReceiving(theirs);
  mux.fake->Receive(1, Ppid::kString, AsBytes("kept"));
  const int before = mux.end.events;
  ASSERT_TRUE(mux.end.SendText(id, "x").has_value());
  mux.end.mux->ResumeReceiving(theirs);
  mux.end.mux->Close(id);
  mux.end.mux->Close(mux.end.mux->Open({.label = "never announced"}).value());
  mux.end.mux->CloseAll();
  EXPECT_EQ(mux.end.events, before);
}

// Runs a busy life of two muxes; used to destroy one of them inside each of its events.
void RunScenario(FakeMuxPair& pair) {
  pair.Connect();
  if (!pair.a.mux) return;
  const auto first = pair.a.mux->Open({.label = "first"});
  const auto second = pair.a.mux->Open({.label = "second"});
  pair.loop.RunFor(std::chrono::milliseconds(10));
  const auto send = [](test::MuxEnd& end, ChannelId id) {
    if (end.mux) (void)end.SendText(id, "text");
  };
  if (first) send(pair.a, *first);
  if (second) send(pair.a, *second);
  for (const ChannelId id : pair.b.incoming) send(pair.b, id);
  pair.loop.RunFor(std::chrono::milliseconds(10));
  if (pair.a.mux && first) pair.a.mux->Close(*first);
  if (pair.b.mux && pair.b.incoming.size() > 1) pair.b.mux->Close(pair.b.incoming[1]);
  pair.loop.RunFor(std::chrono::milliseconds(10));
  if (pair.a.mux) pair.a.mux->CloseAll();
  pair.loop.RunFor(std::chrono::seconds(30));
}

TEST(ChannelMuxTest, MayBeDestroyedInsideEachEvent) {
  int events_of_a = 0;
  int events_of_b = 0;
  {
    FakeMuxPair pair;
    RunScenario(pair);
    events_of_a = pair.a.events;
    events_of_b = pair.b.events;
    EXPECT_EQ(pair.a.closed.size(), 2u);
    EXPECT_EQ(pair.b.closed.size(), 2u);
    EXPECT_EQ(pair.a.states.back(), AssociationState::kClosed);
  }
  ASSERT_GT(events_of_a, 6);
  ASSERT_GT(events_of_b, 8);
  for (int at = 1; at <= events_of_a; ++at) {
    FakeMuxPair pair;
    pair.a.hook = [&](int event) {
      EXPECT_LE(event, at) << "an event after destruction";
      if (event == at) pair.a.mux.reset();
    };
    RunScenario(pair);
  }
  for (int at = 1; at <= events_of_b; ++at) {
    FakeMuxPair pair;
    pair.b.hook = [&](int event) {
      EXPECT_LE(event, at) << "an event after destruction";
      if (event == at) pair.b.mux.reset();
    };
    RunScenario(pair);
  }
}

}  // namespace
}  // namespace pairwire::sctp

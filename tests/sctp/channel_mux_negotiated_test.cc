// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Negotiated channels, and messages that come before their channel, over fakes.
#include <gtest/gtest.h>

#include "tests/sctp/mux_end.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using test::FakeMux;
using test::FakeMuxPair;
using test::MuxMessage;

ChannelOptions Negotiated(std::uint16_t id) { return {.label = "n", .negotiated = true, .id = id}; }

TEST(ChannelMuxNegotiatedTest, OpensWithTheAssociationAndAnnouncesNothing) {
  FakeMux mux;
  const ChannelId before = mux.end.mux->Open(Negotiated(7)).value();
  mux.Start();
  EXPECT_EQ(mux.end.SendText(before, "x").error().code, Errc::kInvalidState);
  EXPECT_TRUE(mux.end.opened.empty());
  mux.fake->BecomeConnected();
  mux.loop.RunUntilIdle();
  EXPECT_EQ(mux.end.opened, std::vector{before});
  const ChannelId after = mux.end.mux->Open(Negotiated(8)).value();
  EXPECT_EQ(mux.end.opened.size(), 1u) << "not from inside Open";
  mux.loop.RunUntilIdle();
  EXPECT_EQ(mux.end.opened, (std::vector{before, after}));
  EXPECT_TRUE(mux.fake->sent.empty());
  EXPECT_EQ(mux.end.mux->stream_of(before), StreamId{7});
  ASSERT_TRUE(mux.end.SendText(after, "x").has_value());
  EXPECT_EQ(mux.fake->sent.back().stream, StreamId{8});
}

TEST(ChannelMuxNegotiatedTest, BothEndsTalkAndCloseInOrder) {
  FakeMuxPair pair;
  const ChannelId at_a = pair.a.mux->Open(Negotiated(0)).value();
  const ChannelId at_b = pair.b.mux->Open(Negotiated(0)).value();
  pair.Connect();
  ASSERT_TRUE(pair.a.SendText(at_a, "ping").has_value());
  ASSERT_TRUE(pair.b.SendText(at_b, "pong").has_value());
  ASSERT_TRUE(pair.RunUntil([&] { return !pair.a.messages.empty() && !pair.b.messages.empty(); }));
  EXPECT_EQ(pair.b.messages[0], (MuxMessage{at_b, "ping", true}));
  EXPECT_EQ(pair.a.messages[0], (MuxMessage{at_a, "pong", true}));
  EXPECT_TRUE(pair.a.incoming.empty() && pair.b.incoming.empty());
  pair.a.mux->Close(at_a);
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.closed.size() + pair.b.closed.size() == 2; }));
  EXPECT_FALSE(pair.a.closed[at_a] || pair.b.closed[at_b]);
  // The number is free again at both ends.
  EXPECT_TRUE(pair.a.mux->Open(Negotiated(0)).has_value());
  EXPECT_TRUE(pair.b.mux->Open(Negotiated(0)).has_value());
}

TEST(ChannelMuxNegotiatedTest, AnIdInUseIsRefused) {
  FakeMux mux;
  (void)mux.end.mux->Open(Negotiated(2)).value();
  EXPECT_EQ(mux.end.mux->Open(Negotiated(2)).error().code, Errc::kInvalidState);
  mux.Connect(true);
  EXPECT_EQ(mux.end.mux->Open(Negotiated(2)).error().code, Errc::kInvalidState);
  const ChannelId in_band = mux.end.mux->Open({}).value();
  const auto chosen = ToInt(*mux.end.mux->stream_of(in_band));
  EXPECT_EQ(mux.end.mux->Open(Negotiated(chosen)).error().code, Errc::kInvalidState);
  ASSERT_NE(mux.RemoteOpen(5), 0u);
  EXPECT_EQ(mux.end.mux->Open(Negotiated(5)).error().code, Errc::kInvalidState);
  // Still closing: in use.
  mux.end.mux->Close(mux.end.incoming[0]);
  EXPECT_EQ(mux.end.mux->Open(Negotiated(5)).error().code, Errc::kInvalidState);
}

TEST(ChannelMuxNegotiatedTest, ChosenNumbersGoAroundAgreedOnes) {
  FakeMux mux;
  const ChannelId early = mux.end.mux->Open({}).value();
  for (const std::uint16_t id : std::initializer_list<std::uint16_t>{0, 1, 2, 6})
    ASSERT_TRUE(mux.end.mux->Open(Negotiated(id)));
  mux.Connect(true);
  EXPECT_EQ(mux.end.mux->stream_of(early), StreamId{4});
  EXPECT_EQ(mux.end.mux->stream_of(mux.end.mux->Open({}).value()), StreamId{8});
  ASSERT_TRUE(mux.end.mux->Open(Negotiated(10)));
  EXPECT_EQ(mux.end.mux->stream_of(mux.end.mux->Open({}).value()), StreamId{12});
}

TEST(ChannelMuxNegotiatedTest, AHighNumberIsAskedForInTheInit) {
  FakeMux low;
  low.Connect();
  EXPECT_LE(low.fake->connect_streams, 1u);
  FakeMux high;
  ASSERT_TRUE(high.end.mux->Open(Negotiated(65'534)));
  high.Connect();
  EXPECT_EQ(high.fake->connect_streams, 65'535u);
}

TEST(ChannelMuxNegotiatedTest, ClosedBeforeTheAssociationGoesAtOnce) {
  FakeMux mux;
  const ChannelId id = mux.end.mux->Open(Negotiated(3)).value();
  mux.end.mux->Close(id);
  mux.loop.RunUntilIdle();
  EXPECT_TRUE(mux.end.closed.contains(id));
  EXPECT_TRUE(mux.end.mux->Open(Negotiated(3)).has_value());
  mux.Connect();
  EXPECT_TRUE(mux.fake->resets.empty());
}

TEST(ChannelMuxNegotiatedTest, AnOpenOnItsStreamClosesIt) {
  FakeMux mux;
  const ChannelId id = mux.end.mux->Open(Negotiated(1)).value();
  mux.Connect(true);
  EXPECT_EQ(mux.RemoteOpen(1), 0u);
  EXPECT_EQ(mux.fake->resets, std::vector{StreamId{1}});
  mux.fake->ResetOutgoingDone(1);
  mux.fake->ResetIncoming(1);
  ASSERT_TRUE(mux.end.closed.contains(id));
  EXPECT_EQ(mux.end.closed[id]->code, Errc::kParseError);
}

TEST(ChannelMuxNegotiatedTest, AnAckOnItsStreamChangesNothing) {
  FakeMux mux;
  const ChannelId id = mux.end.mux->Open(Negotiated(1)).value();
  mux.Connect(true);
  mux.fake->Receive(1, Ppid::kDcep, EncodeDcepAck());
  EXPECT_EQ(mux.end.opened, std::vector{id});
  EXPECT_TRUE(mux.end.SendText(id, "x").has_value());
}

// --- Messages before the channel

TEST(ChannelMuxEarlyTest, MessagesWaitForTheirNegotiatedChannel) {
  FakeMux mux;
  mux.Connect();
  mux.fake->Receive(4, Ppid::kString, AsBytes("one"));
  mux.fake->Receive(4, Ppid::kStringEmpty, Bytes{0});
  mux.fake->Receive(4, Ppid::kBinary, AsBytes("two"));
  EXPECT_TRUE(mux.fake->resets.empty());
  mux.loop.AdvanceBy(9s);
  const ChannelId id = mux.end.mux->Open(Negotiated(4)).value();
  EXPECT_TRUE(mux.end.messages.empty()) << "not from inside Open";
  mux.fake->Receive(4, Ppid::kString, AsBytes("three"));
  mux.loop.RunUntilIdle();
  const std::vector<MuxMessage> expected{
      {id, "one", true}, {id, "", true}, {id, "two", false}, {id, "three", true}};
  EXPECT_EQ(mux.end.messages, expected);
  EXPECT_EQ(mux.end.log.back(), "open " + std::to_string(id));
  mux.loop.AdvanceBy(60s);
  EXPECT_TRUE(mux.fake->resets.empty());
  EXPECT_TRUE(mux.end.closed.empty());
}

TEST(ChannelMuxEarlyTest, PausedChannelsGetThemLater) {
  FakeMux mux;
  mux.Connect();
  mux.fake->Receive(4, Ppid::kString, AsBytes("one"));
  const ChannelId id = mux.end.mux->Open(Negotiated(4)).value();
  mux.end.mux->PauseReceiving(id);
  mux.loop.RunUntilIdle();
  EXPECT_TRUE(mux.end.messages.empty());
  mux.end.mux->ResumeReceiving(id);
  mux.loop.RunUntilIdle();
  EXPECT_EQ(mux.end.messages.size(), 1u);
}

TEST(ChannelMuxEarlyTest, NobodyComesTheStreamIsRefused) {
  FakeMux mux;
  mux.Connect(true);
  mux.fake->Receive(5, Ppid::kString, AsBytes("x"));
  mux.loop.AdvanceBy(9'900ms);
  mux.fake->Receive(7, Ppid::kString, AsBytes("y"));
  EXPECT_TRUE(mux.fake->resets.empty());
  mux.loop.AdvanceBy(200ms);
  EXPECT_EQ(mux.fake->resets, std::vector{StreamId{5}});
  mux.loop.AdvanceBy(10s);
  EXPECT_EQ(mux.fake->resets, (std::vector{StreamId{5}, StreamId{7}}));
  // In use until the other end has closed its half.
  EXPECT_EQ(mux.end.mux->Open(Negotiated(5)).error().code, Errc::kInvalidState);
  mux.fake->ResetOutgoingDone(5);
  mux.fake->ResetIncoming(5);
  EXPECT_TRUE(mux.end.mux->Open(Negotiated(5)).has_value());
}

TEST(ChannelMuxEarlyTest, AFloodIsRefusedAtTheBound) {
  FakeMux mux({.max_early_bytes = 10'000});
  mux.Connect(true);
  for (int i = 0; i < 100; ++i) mux.fake->Receive(5, Ppid::kBinary, Bytes(1'000));
  EXPECT_EQ(mux.fake->resets, std::vector{StreamId{5}});
  EXPECT_FALSE(mux.fake->paused);
}

TEST(ChannelMuxEarlyTest, AnOpenThatWasOvertakenGetsThem) {
  FakeMux mux;
  mux.Connect(true);
  mux.fake->Receive(5, Ppid::kString, AsBytes("overtook"));
  const ChannelId id = mux.RemoteOpen(5);
  ASSERT_NE(id, 0u);
  mux.loop.RunUntilIdle();
  EXPECT_EQ(mux.end.messages, (std::vector<MuxMessage>{{id, "overtook", true}}));
}

TEST(ChannelMuxEarlyTest, AnUnknownPpidAmongThemClosesTheChannel) {
  FakeMux mux;
  mux.Connect();
  mux.fake->Receive(4, Ppid{99}, AsBytes("x"));
  const ChannelId id = mux.end.mux->Open(Negotiated(4)).value();
  EXPECT_EQ(mux.fake->resets, std::vector{StreamId{4}});
  mux.fake->ResetOutgoingDone(4);
  mux.fake->ResetIncoming(4);
  EXPECT_EQ(mux.end.closed[id]->code, Errc::kParseError);
}

TEST(ChannelMuxEarlyTest, TheOtherEndClosesBeforeWeOpen) {
  FakeMux mux;
  mux.Connect(true);
  mux.fake->Receive(5, Ppid::kString, AsBytes("x"));
  mux.fake->ResetIncoming(5);
  EXPECT_EQ(mux.fake->resets, std::vector{StreamId{5}}) << "it waits for our half";
  mux.fake->ResetOutgoingDone(5);
  EXPECT_TRUE(mux.end.mux->Open(Negotiated(5)).has_value());
  mux.loop.RunUntilIdle();
  EXPECT_TRUE(mux.end.messages.empty()) << "of the life before";
}

TEST(ChannelMuxEarlyTest, TheNextLifeOfAStreamDoesNotLoseItsFirstMessage) {
  FakeMux mux;
  const ChannelId first = mux.end.mux->Open(Negotiated(5)).value();
  mux.Connect(true);
  mux.end.mux->Close(first);
  mux.fake->ResetIncoming(5);
  // The other end has our reset, and uses the number again before we hear of it.
  mux.fake->Receive(5, Ppid::kString, AsBytes("next"));
  mux.fake->ResetOutgoingDone(5);
  ASSERT_TRUE(mux.end.closed.contains(first));
  const ChannelId second = mux.end.mux->Open(Negotiated(5)).value();
  mux.loop.RunUntilIdle();
  EXPECT_EQ(mux.end.messages, (std::vector<MuxMessage>{{second, "next", true}}));
}

}  // namespace
}  // namespace pairwire::sctp

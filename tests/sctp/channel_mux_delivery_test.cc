// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the mux asks of the association for each message, life times, limits on the other end's
// OPENs, and statistics, over fakes.
#include <gtest/gtest.h>

#include "tests/sctp/mux_end.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using test::FakeMux;

TEST(ChannelMuxDeliveryTest, InOrderUntilTheAckThenAsTheChannelSays) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.end.mux->Open({.ordered = false, .max_retransmits = 3}).value();
  ASSERT_TRUE(mux.end.SendText(id, "before").has_value());
  mux.fake->Receive(0, Ppid::kDcep, EncodeDcepAck());
  ASSERT_TRUE(mux.end.SendText(id, "after").has_value());
  ASSERT_EQ(mux.fake->sent.size(), 3u);
  EXPECT_EQ(mux.fake->sent[0].delivery, Delivery{}) << "DCEP is reliable and in order";
  EXPECT_EQ(mux.fake->sent[1].delivery, (Delivery{.ordered = true, .max_retransmits = 3}));
  EXPECT_EQ(mux.fake->sent[2].delivery, (Delivery{.ordered = false, .max_retransmits = 3}));
}

TEST(ChannelMuxDeliveryTest, WhatWaitsForTheAckWhenTheChannelClosesStaysInOrder) {
  FakeMux mux;
  mux.Connect();
  mux.fake->capacity = 0;
  const ChannelId id = mux.end.mux->Open({.ordered = false}).value();
  ASSERT_TRUE(mux.end.SendText(id, "x").has_value());
  // OPEN goes, the message waits, the channel closes.
  mux.fake->capacity = mux.fake->unacknowledged + 12;
  mux.fake->Acknowledge(0);
  ASSERT_EQ(mux.fake->sent.size(), 1u);
  mux.end.mux->Close(id);
  mux.fake->capacity = 1'000;
  mux.fake->AcknowledgeAll();
  ASSERT_EQ(mux.fake->sent.size(), 2u);
  EXPECT_TRUE(mux.fake->sent[1].delivery.ordered);
}

TEST(ChannelMuxDeliveryTest, AnIncomingChannelTravelsAsAnnouncedBothWays) {
  FakeMux mux;
  mux.Connect(true);
  const DcepOpen open{.type = DcepChannelType::kLimitedLifetimeUnordered,
                      .priority = 1024,
                      .reliability = 150,
                      .label = "l",
                      .protocol = "p"};
  mux.fake->Receive(9, Ppid::kDcep, EncodeDcepOpen(open).value());
  ASSERT_EQ(mux.end.incoming.size(), 1u);
  const ChannelId id = mux.end.incoming[0];
  const ChannelOptions expected{.label = "l",
                                .protocol = "p",
                                .ordered = false,
                                .max_life_time = 150ms,
                                .id = 9,
                                .priority = 1024};
  EXPECT_EQ(mux.end.incoming_options[id], expected);
  ASSERT_TRUE(mux.end.SendText(id, "x").has_value());
  EXPECT_EQ(mux.fake->sent[0].delivery, Delivery{}) << "ACK";
  EXPECT_EQ(mux.fake->sent[1].delivery, (Delivery{.ordered = false, .max_life_time = 150ms}));
}

TEST(ChannelMuxDeliveryTest, ANegotiatedChannelIsUnorderedFromTheFirstMessage) {
  FakeMux mux;
  const ChannelId id = mux.end.mux->Open({.ordered = false, .negotiated = true, .id = 3}).value();
  mux.Connect();
  ASSERT_TRUE(mux.end.SendText(id, "x").has_value());
  EXPECT_FALSE(mux.fake->sent[0].delivery.ordered);
}

// --- Life times

TEST(ChannelMuxLifeTimeTest, WhatWaitedHasLessOfItLeft) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.end.mux->Open({.max_life_time = 500ms}).value();
  mux.fake->AcknowledgeAll();
  mux.fake->capacity = 0;
  ASSERT_TRUE(mux.end.SendText(id, "x").has_value());
  mux.loop.AdvanceBy(200ms);
  mux.fake->capacity = 100;
  mux.fake->Acknowledge(0);
  ASSERT_EQ(mux.fake->sent.size(), 2u);
  EXPECT_EQ(mux.fake->sent[1].delivery.max_life_time, 300ms);
}

TEST(ChannelMuxLifeTimeTest, WhatWaitedTooLongIsDroppedAndItsBytesAreFree) {
  FakeMux mux;
  mux.Connect();
  const ChannelId timed = mux.end.mux->Open({.max_life_time = 100ms}).value();
  const ChannelId reliable = mux.OpenChannel();
  mux.fake->AcknowledgeAll();
  mux.fake->capacity = 0;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(mux.end.SendText(timed, "0123456789").has_value());
  ASSERT_TRUE(mux.end.SendText(reliable, "stays").has_value());
  mux.loop.AdvanceBy(60ms);
  ASSERT_TRUE(mux.end.SendText(timed, "younger").has_value());
  mux.loop.AdvanceBy(60ms);
  EXPECT_EQ(mux.end.mux->buffered_amount(timed), 7u);
  mux.loop.AdvanceBy(60ms);
  EXPECT_EQ(mux.end.mux->buffered_amount(timed), 0u);
  EXPECT_EQ(mux.end.buffered[timed], 0u);
  EXPECT_EQ(mux.end.mux->total_buffered_amount(), 5u);
  mux.fake->capacity = 1'000;
  mux.fake->Acknowledge(0);
  EXPECT_EQ(AsText(mux.fake->sent.back().data), "stays");
  EXPECT_EQ(mux.end.mux->stats().channels[0].messages_expired, 11u);
}

TEST(ChannelMuxLifeTimeTest, AClosingChannelDoesNotWaitForWhatExpired) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.end.mux->Open({.max_life_time = 100ms}).value();
  mux.fake->Receive(0, Ppid::kDcep, EncodeDcepAck());
  mux.fake->AcknowledgeAll();
  mux.fake->capacity = 0;
  ASSERT_TRUE(mux.end.SendText(id, "x").has_value());
  mux.end.mux->Close(id);
  EXPECT_TRUE(mux.fake->resets.empty());
  mux.loop.AdvanceBy(200ms);
  EXPECT_EQ(mux.fake->resets, std::vector{StreamId{0}});
}

TEST(ChannelMuxLifeTimeTest, WhileNothingIsAcknowledgedTheyWaitHere) {
  FakeMux mux;
  mux.Connect();
  const ChannelId timed = mux.end.mux->Open({.max_life_time = 300ms}).value();
  const ChannelId reliable = mux.OpenChannel();
  mux.fake->AcknowledgeAll();
  mux.fake->sent.clear();
  ASSERT_TRUE(mux.end.SendText(timed, "goes").has_value());
  mux.loop.AdvanceBy(1'100ms);
  ASSERT_TRUE(mux.end.SendText(timed, "too old when the path is back").has_value());
  ASSERT_TRUE(mux.end.SendText(reliable, "goes, too").has_value());
  EXPECT_EQ(mux.fake->sent.size(), 2u);
  mux.loop.AdvanceBy(1s);
  ASSERT_TRUE(mux.end.SendText(timed, "young").has_value());
  EXPECT_EQ(mux.fake->sent.size(), 2u);
  mux.fake->AcknowledgeAll();
  ASSERT_EQ(mux.fake->sent.size(), 3u);
  EXPECT_EQ(AsText(mux.fake->sent[2].data), "young");
}

// --- What the other end may open

TEST(ChannelMuxOpenLimitTest, OpensAreLimitedInTheLongRun) {
  FakeMux mux({.max_channels = 4, .max_opens_per_second = 20});
  mux.Connect(true);
  const auto open_and_close = [&](std::uint16_t stream) {
    const bool opened = mux.RemoteOpen(stream) != 0;
    if (opened) mux.end.mux->Close(mux.end.incoming.back());
    mux.fake->ResetOutgoingDone(stream);
    mux.fake->ResetIncoming(stream);
    return opened;
  };
  // As many at once as may be open, then 20 in a second.
  int opened = 0;
  for (int i = 0; i < 50; ++i) opened += open_and_close(1) ? 1 : 0;
  EXPECT_EQ(opened, 4);
  opened = 0;
  for (int i = 0; i < 1'000; ++i) {
    mux.loop.AdvanceBy(10ms);
    opened += open_and_close(1) ? 1 : 0;
  }
  EXPECT_GE(opened, 199);
  EXPECT_LE(opened, 201);
}

TEST(ChannelMuxOpenLimitTest, ALabelOverTheLimitIsRefused) {
  FakeMux mux({.max_incoming_label = 10});
  mux.Connect(true);
  EXPECT_NE(mux.RemoteOpen(1, std::string(10, 'x')), 0u);
  EXPECT_EQ(mux.RemoteOpen(3, std::string(11, 'x')), 0u);
  EXPECT_EQ(mux.fake->resets, std::vector{StreamId{3}});
}

TEST(ChannelMuxOpenLimitTest, AnOpenThatTheOtherEndCannotTakeIsRefusedHere) {
  FakeMux mux;
  const ChannelId before = mux.end.mux->Open({.label = std::string(2'000, 'x')}).value();
  mux.Connect(true, 1'000);
  mux.loop.RunUntilIdle();
  ASSERT_TRUE(mux.end.closed.contains(before));
  EXPECT_EQ(mux.end.closed[before]->code, Errc::kMessageTooLarge);
  EXPECT_EQ(mux.end.mux->Open({.label = std::string(2'000, 'x')}).error().code,
            Errc::kMessageTooLarge);
  EXPECT_TRUE(mux.end.mux->Open({.label = std::string(900, 'x')}).has_value());
}

// --- Statistics

TEST(ChannelMuxStatsTest, CountsWhatUsersSentAndGot) {
  FakeMux mux;
  EXPECT_FALSE(mux.end.mux->stats().association.has_value());
  mux.Connect(true);
  const ChannelId id = mux.end.mux->Open({.label = "l", .protocol = "p"}).value();
  EXPECT_EQ(mux.end.mux->stats().channels_opened, 0u);
  mux.fake->Receive(0, Ppid::kDcep, EncodeDcepAck());
  ASSERT_TRUE(mux.end.SendText(id, "123").has_value());
  ASSERT_TRUE(mux.end.SendText(id, "").has_value());
  mux.fake->capacity = 0;
  ASSERT_TRUE(mux.end.SendText(id, "waits").has_value());
  mux.fake->Receive(0, Ppid::kBinary, Bytes(5));
  mux.fake->Receive(0, Ppid::kBinaryEmpty, Bytes(1));
  auto stats = mux.end.mux->stats();
  ASSERT_EQ(stats.channels.size(), 1u);
  EXPECT_EQ(stats.channels[0].channel, id);
  EXPECT_EQ(stats.channels[0].stream, StreamId{0});
  EXPECT_EQ(stats.channels[0].state, ChannelState::kOpen);
  EXPECT_EQ(stats.channels[0].label + stats.channels[0].protocol, "lp");
  EXPECT_EQ(stats.channels[0].messages_sent, 2u);
  EXPECT_EQ(stats.channels[0].bytes_sent, 3u);
  EXPECT_EQ(stats.channels[0].messages_received, 2u);
  EXPECT_EQ(stats.channels[0].bytes_received, 5u);
  EXPECT_EQ(stats.association->state, AssociationState::kConnected);
  EXPECT_EQ(stats.channels_opened, 1u);
  EXPECT_EQ(stats.channels_closed, 0u);
  mux.fake->capacity = 100;
  mux.fake->AcknowledgeAll();
  EXPECT_EQ(mux.end.mux->stats().channels[0].bytes_sent, 8u);
  mux.end.mux->Close(id);
  EXPECT_EQ(mux.end.mux->stats().channels_closed, 1u);
  ASSERT_NE(mux.RemoteOpen(1), 0u);
  EXPECT_EQ(mux.end.mux->stats().channels_opened, 2u);
  mux.fake->BecomeOver(AssociationState::kFailed, {});
  EXPECT_EQ(mux.end.mux->stats().channels_closed, 2u);
}

}  // namespace
}  // namespace pairwire::sctp

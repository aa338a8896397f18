// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Who sends what in which order: priorities, pieces, and how little is handed over ahead. Over the
// fake association, where the order is exact.
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "sctp/channel_mux.h"
#include "tests/sctp/mux_end.h"

namespace pairwire::sctp {
namespace {

using test::FakeMux;

constexpr std::size_t kMany = 100'000'000;

ChannelId Open(FakeMux& mux, std::uint16_t priority) {
  const ChannelId id = mux.end.mux->Open({.label = "x", .priority = priority}).value();
  mux.fake->Receive(ToInt(*mux.end.mux->stream_of(id)), Ppid::kDcep, EncodeDcepAck());
  mux.loop.RunUntilIdle();
  return id;
}

std::map<StreamId, std::size_t> BytesOf(const std::vector<test::FakeAssociation::Sent>& sent) {
  std::map<StreamId, std::size_t> bytes;
  for (const auto& piece : sent) bytes[piece.stream] += piece.data.size();
  return bytes;
}

// Acknowledges piece by piece until nothing waits or so many bytes have gone out.
void Flow(FakeMux& mux, std::size_t bytes) {
  std::size_t gone = 0;
  while (mux.fake->unacknowledged > 0 && gone < bytes) {
    const std::size_t part = std::min<std::size_t>(mux.fake->unacknowledged, 1'200);
    gone += part;
    mux.fake->Acknowledge(part);
  }
}

TEST(ChannelMuxScheduleTest, ChannelsTakeTurns) {
  FakeMux mux;
  mux.Connect();
  std::vector<ChannelId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(mux.OpenChannel());
  mux.fake->AcknowledgeAll();
  mux.fake->sent.clear();
  mux.fake->capacity = 0;
  for (const ChannelId id : ids) {
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(mux.end.mux->Send(id, Bytes(16'384), false));
  }
  mux.fake->capacity = kMany;
  mux.fake->AcknowledgeAll();
  ASSERT_EQ(mux.fake->sent.size(), 15u);
  for (std::size_t i = 0; i + 3 <= 15; i += 3) {
    EXPECT_NE(mux.fake->sent[i].stream, mux.fake->sent[i + 1].stream);
    EXPECT_NE(mux.fake->sent[i + 1].stream, mux.fake->sent[i + 2].stream);
    EXPECT_NE(mux.fake->sent[i].stream, mux.fake->sent[i + 2].stream);
  }
}

TEST(ChannelMuxScheduleTest, SharesFollowThePriorities) {
  FakeMux mux({.max_buffered_amount = kMany});
  mux.Connect();
  mux.fake->backlog = 50'000;
  const ChannelId low = Open(mux, 128);
  const ChannelId normal = Open(mux, 256);
  const ChannelId high = Open(mux, 1024);
  mux.fake->AcknowledgeAll();
  mux.fake->sent.clear();
  for (int i = 0; i < 6'000; ++i) {
    for (const ChannelId id : {low, normal, high}) {
      ASSERT_TRUE(mux.end.mux->Send(id, Bytes(1'000), false));
    }
  }
  Flow(mux, 5'000'000);
  auto bytes = BytesOf(mux.fake->sent);
  const auto of = [&](ChannelId id) {
    return static_cast<double>(bytes[*mux.end.mux->stream_of(id)]);
  };
  EXPECT_NEAR(of(normal) / of(low), 2.0, 0.4);
  EXPECT_NEAR(of(high) / of(low), 8.0, 1.6);
}

TEST(ChannelMuxScheduleTest, LittleIsHandedOverAhead) {
  FakeMux mux({.max_buffered_amount = kMany});
  mux.Connect(true, 0);
  mux.fake->backlog = 100'000;
  const ChannelId bulk = mux.OpenChannel();
  const ChannelId small = mux.OpenChannel();
  mux.fake->AcknowledgeAll();
  ASSERT_TRUE(mux.end.mux->Send(bulk, Bytes(50'000'000), false));
  EXPECT_LE(mux.fake->unacknowledged, 100'000u + 64u * 1024u);
  // A message that comes now goes with the next room, before the rest of the large one.
  ASSERT_TRUE(mux.end.mux->Send(small, Bytes(64), false));
  mux.fake->sent.clear();
  mux.fake->Acknowledge(64 * 1024);
  ASSERT_FALSE(mux.fake->sent.empty());
  EXPECT_EQ(mux.fake->sent[0].stream, *mux.end.mux->stream_of(small));
  EXPECT_EQ(mux.fake->sent[0].data.size(), 64u);
}

TEST(ChannelMuxScheduleTest, TinyMessagesCountForWhatTheyCost) {
  FakeMux mux({.max_buffered_amount = kMany});
  mux.Connect();
  mux.fake->backlog = 64'000;
  const ChannelId id = mux.OpenChannel();
  mux.fake->AcknowledgeAll();
  mux.fake->sent.clear();
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(mux.end.mux->Send(id, Bytes(1), false));
  EXPECT_LT(mux.fake->sent.size(), 1'001u);
}

TEST(ChannelMuxScheduleTest, PiecesOfLargeMessagesAreMixed) {
  FakeMux mux({.max_buffered_amount = kMany});
  mux.Connect(true, 0);
  const ChannelId a = mux.OpenChannel();
  const ChannelId b = mux.OpenChannel();
  mux.fake->AcknowledgeAll();
  mux.fake->sent.clear();
  mux.fake->backlog = 40'000;
  ASSERT_TRUE(mux.end.mux->Send(a, Bytes(250'000, 1), false));
  ASSERT_TRUE(mux.end.mux->Send(b, Bytes(250'000, 2), false));
  Flow(mux, kMany);
  int changes = 0;
  Bytes whole;
  for (std::size_t i = 0; i < mux.fake->sent.size(); ++i) {
    const auto& piece = mux.fake->sent[i];
    if (i > 0 && piece.stream != mux.fake->sent[i - 1].stream) ++changes;
    if (piece.stream == *mux.end.mux->stream_of(a)) {
      whole.insert(whole.end(), piece.data.begin(), piece.data.end());
    }
  }
  EXPECT_GT(changes, 8);
  EXPECT_EQ(whole, Bytes(250'000, 1));
  EXPECT_TRUE(mux.fake->unfinished.empty());
  EXPECT_EQ(mux.end.mux->total_buffered_amount(), 0u);
  EXPECT_EQ(mux.end.mux->queued_messages(), 0u);
}

// The fake checks that nothing else is sent in the middle of a message.
TEST(ChannelMuxScheduleTest, WithoutInterleavingAMessageThatHasBegunEnds) {
  FakeMux mux({.max_buffered_amount = kMany});
  mux.Connect(true, 0);
  mux.fake->interleaving = false;
  const ChannelId a = mux.OpenChannel();
  const ChannelId b = Open(mux, 1024);
  mux.fake->AcknowledgeAll();
  mux.fake->sent.clear();
  mux.fake->backlog = 40'000;
  ASSERT_TRUE(mux.end.mux->Send(a, Bytes(300'000), false));
  ASSERT_TRUE(mux.end.mux->Send(a, Bytes(300'000), false));
  ASSERT_TRUE(mux.end.mux->Send(b, Bytes(10), false));
  // An OPEN is a message like others.
  const ChannelId c = mux.end.mux->Open({.label = "c"}).value();
  Flow(mux, kMany);
  ASSERT_TRUE(mux.fake->unfinished.empty());
  // The small one is next after the first large one.
  std::size_t at = 0;
  while (!mux.fake->sent[at].last) ++at;
  EXPECT_EQ(mux.fake->sent[at].stream, *mux.end.mux->stream_of(a));
  EXPECT_NE(mux.fake->sent[at + 1].stream, *mux.end.mux->stream_of(a));
  EXPECT_NE(mux.fake->sent[at + 2].stream, *mux.end.mux->stream_of(a));
  EXPECT_EQ(BytesOf(mux.fake->sent)[*mux.end.mux->stream_of(a)], 600'000u);
  EXPECT_GT(BytesOf(mux.fake->sent)[*mux.end.mux->stream_of(c)], 0u);
}

TEST(ChannelMuxScheduleTest, RoomForAPartOfAPieceIsUsed) {
  FakeMux mux({.max_buffered_amount = kMany});
  mux.Connect(true, 0);
  const ChannelId id = mux.OpenChannel();
  mux.fake->AcknowledgeAll();
  mux.fake->sent.clear();
  mux.fake->capacity = 10'000;
  Bytes message(200'000);
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<std::uint8_t>(i % 251);
  ASSERT_TRUE(mux.end.mux->Send(id, message, false));
  Flow(mux, kMany);
  Bytes whole;
  for (const auto& piece : mux.fake->sent) {
    whole.insert(whole.end(), piece.data.begin(), piece.data.end());
  }
  EXPECT_EQ(whole, message);
}

// What the other end must keep of unfinished messages is bounded.
TEST(ChannelMuxScheduleTest, OfLargeMessagesOneIsUnderWay) {
  FakeMux mux({.max_buffered_amount = kMany});
  mux.Connect(true, 0);
  std::map<StreamId, std::size_t> sizes;
  mux.fake->backlog = 0;
  for (const std::size_t size : {300'000u, 5'000'000u, 200'000u, 250'000u, 700'000u, 260'000u,
                                 190'000u, 180'000u, 170'000u, 160'000u, 100u}) {
    const ChannelId id = mux.OpenChannel();
    mux.fake->AcknowledgeAll();
    sizes[*mux.end.mux->stream_of(id)] = size;
    ASSERT_TRUE(mux.end.mux->Send(id, Bytes(size), false));
  }
  mux.fake->backlog = 40'000;
  mux.fake->Acknowledge(0);
  std::size_t most = 0;
  for (int i = 0; i < 50'000 && mux.fake->unacknowledged > 0; ++i) {
    std::size_t large = 0;
    std::size_t others = 0;
    for (const StreamId stream : mux.fake->unfinished) {
      if (sizes[stream] > 256 * 1024) {
        ++large;
      } else {
        others += sizes[stream];
      }
    }
    ASSERT_LE(large, 1u);
    ASSERT_LE(others, 1024u * 1024u);
    most = std::max(most, mux.fake->unfinished.size());
    Flow(mux, 1'200);
  }
  EXPECT_GE(most, 4u);
  for (auto& [stream, size] : sizes) size += 12 + std::string("label").size();  // its OPEN
  EXPECT_EQ(BytesOf(mux.fake->sent), sizes);
}

TEST(ChannelMuxScheduleTest, AChannelThatClosesInTheMiddleOfAMessageEndsIt) {
  FakeMux mux({.max_buffered_amount = kMany});
  mux.Connect(true, 0);
  const ChannelId id = mux.OpenChannel();
  mux.fake->AcknowledgeAll();
  mux.fake->backlog = 40'000;
  ASSERT_TRUE(mux.end.mux->Send(id, Bytes(200'000), false));
  ASSERT_TRUE(mux.end.mux->Send(id, Bytes(200'000), false));
  // A message that makes no sense: the channel ends with an error, and drops what has not begun.
  mux.fake->Receive(0, static_cast<Ppid>(99), Bytes(1));
  EXPECT_EQ(mux.end.mux->queued_messages(), 1u);
  EXPECT_TRUE(mux.fake->resets.empty());
  Flow(mux, kMany);
  EXPECT_TRUE(mux.fake->unfinished.empty());
  EXPECT_EQ(mux.fake->resets.size(), 1u);
}

TEST(ChannelMuxScheduleTest, ALabelAndAProtocolOfFullLengthArePieces) {
  FakeMux mux({.max_buffered_amount = kMany});
  mux.Connect(true, 0);
  const std::string long_text(kMaxLabelLength, 'x');
  mux.fake->backlog = 1'000;
  const ChannelId id = mux.end.mux->Open({.label = long_text, .protocol = long_text}).value();
  // Closed while its OPEN is half out: it is ended, then reset.
  mux.end.mux->Close(id);
  Flow(mux, kMany);
  EXPECT_TRUE(mux.fake->unfinished.empty());
  EXPECT_EQ(BytesOf(mux.fake->sent)[StreamId{0}], 12u + 2 * kMaxLabelLength);
  EXPECT_EQ(mux.fake->resets.size(), 1u);
}

TEST(ChannelMuxScheduleTest, AnOwnedMessageIsMovedAndASharedOneShared) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.OpenChannel();
  mux.fake->AcknowledgeAll();
  mux.fake->sent.clear();
  mux.fake->capacity = 0;
  const auto shared = std::make_shared<const Bytes>(10, std::uint8_t{7});
  Payload once(shared);
  ASSERT_TRUE(mux.end.mux->SendOwned(id, once, false));
  EXPECT_EQ(shared.use_count(), 2);
  Payload own(Bytes(5, 9));
  ASSERT_TRUE(mux.end.mux->SendOwned(id, own, false));
  EXPECT_EQ(own.size(), 0u);
  Payload too_large(Bytes(300'000));
  EXPECT_FALSE(mux.end.mux->SendOwned(id, too_large, false));
  EXPECT_EQ(too_large.size(), 300'000u);
  mux.fake->capacity = kMany;
  mux.fake->AcknowledgeAll();
  ASSERT_EQ(mux.fake->sent.size(), 2u);
  EXPECT_EQ(mux.fake->sent[0].data, Bytes(10, 7));
  EXPECT_EQ(mux.fake->sent[1].data, Bytes(5, 9));
  EXPECT_EQ(shared.use_count(), 1);
}

// Each channel's amount is its own, in whatever order the channels sent.
TEST(ChannelMuxScheduleTest, BufferedAmountsAreExactForEachChannel) {
  FakeMux mux;
  mux.Connect();
  const ChannelId a = mux.OpenChannel();
  const ChannelId b = mux.OpenChannel();
  mux.fake->AcknowledgeAll();
  ASSERT_TRUE(mux.end.mux->Send(a, Bytes(1'000), false));
  ASSERT_TRUE(mux.end.mux->Send(b, Bytes(500), false));
  ASSERT_TRUE(mux.end.mux->Send(a, Bytes(200), false));
  mux.fake->AcknowledgeStream(*mux.end.mux->stream_of(b), 400);
  EXPECT_EQ(mux.end.mux->buffered_amount(a), 1'200u);
  EXPECT_EQ(mux.end.mux->buffered_amount(b), 100u);
  mux.fake->AcknowledgeStream(*mux.end.mux->stream_of(a), 1'200);
  EXPECT_EQ(mux.end.mux->buffered_amount(a), 0u);
  EXPECT_EQ(mux.end.mux->buffered_amount(b), 100u);
}

TEST(ChannelMuxScheduleTest, WhatWasGivenUpUnsentBelongsToWhoGivesUp) {
  FakeMux mux;
  mux.Connect();
  const ChannelId reliable = mux.OpenChannel();
  const ChannelId limited = mux.end.mux->Open({.max_retransmits = 0}).value();
  mux.fake->Receive(2, Ppid::kDcep, EncodeDcepAck());
  mux.fake->AcknowledgeAll();
  ASSERT_TRUE(mux.end.mux->Send(reliable, Bytes(1'000), false));
  ASSERT_TRUE(mux.end.mux->Send(limited, Bytes(500), false));
  mux.fake->AbandonLast(500);
  EXPECT_EQ(mux.end.mux->buffered_amount(reliable), 1'000u);
  EXPECT_EQ(mux.end.mux->buffered_amount(limited), 0u);
}

}  // namespace
}  // namespace pairwire::sctp

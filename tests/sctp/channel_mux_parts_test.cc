// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Large messages that travel in parts (sctp/message_parts.h): how they are cut and put together,
// and all that may happen in the midst of one. On a fake association; over real ones in
// channel_mux_parts_path_test.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "sctp/channel_mux.h"
#include "sctp/message_parts.h"
#include "tests/sctp/mux_end.h"
#include "tests/sctp/sctp_pair.h"

namespace pairwire::sctp {
namespace {

using test::FakeAssociation;
using test::FakeMux;
using test::FakeMuxPair;
using test::RandomBytes;

constexpr std::size_t kLarge = 200'000;
constexpr std::size_t kMany = 100'000'000;

// An end of ours at the other side, and no RFC 8260.
struct OwnMux : FakeMux {
  explicit OwnMux(std::size_t remote_max = kMany, bool ours = true)
      : FakeMux({.max_buffered_amount = kMany}) {
    Start(true, remote_max, ours);
    fake->interleaving = false;
    fake->BecomeConnected();
    loop.RunUntilIdle();
  }
  ChannelId OpenWith(ChannelOptions options) {
    const ChannelId id = end.mux->Open(options).value();
    fake->Receive(ToInt(*end.mux->stream_of(id)), Ppid::kDcep, EncodeDcepAck());
    fake->AcknowledgeAll();
    loop.RunUntilIdle();
    fake->sent.clear();
    return id;
  }
  Result<void> SendBytes(ChannelId id, std::size_t size, bool is_text = false) {
    return end.mux->Send(id, RandomBytes(size, size), is_text);
  }
};

// --- Sending

TEST(ChannelMuxPartsTest, ALargeMessageIsCutIntoMessages) {
  for (const bool is_text : {false, true}) {
    OwnMux mux;
    const ChannelId id = mux.OpenWith({});
    const Bytes whole = RandomBytes(kLarge, 1);
    ASSERT_TRUE(mux.end.mux->Send(id, whole, is_text));
    ASSERT_EQ(mux.fake->sent.size(), 6u);
    Bytes joined;
    for (const auto& sent : mux.fake->sent) {
      const bool last = &sent == &mux.fake->sent.back();
      EXPECT_EQ(ToInt(sent.stream), ToInt(*mux.end.mux->stream_of(id)));
      EXPECT_EQ(static_cast<int>(sent.ppid), last ? (is_text ? 51 : 53) : (is_text ? 54 : 52));
      EXPECT_EQ(sent.delivery, Delivery{});
      EXPECT_TRUE(sent.last);  // of an SCTP message
      joined.insert(joined.end(), sent.data.begin(), sent.data.end());
    }
    EXPECT_TRUE(joined == whole);
    EXPECT_EQ(mux.end.mux->stats().channels[0].messages_sent, 1u);
    EXPECT_EQ(mux.end.mux->stats().channels[0].bytes_sent, kLarge);
  }
}

TEST(ChannelMuxPartsTest, UpTo65KibibytesItStaysWhole) {
  OwnMux mux;
  const ChannelId id = mux.OpenWith({});
  ASSERT_TRUE(mux.SendBytes(id, 66'560));
  ASSERT_EQ(mux.fake->sent.size(), 1u);
  ASSERT_TRUE(mux.SendBytes(id, 66'561));
  EXPECT_EQ(mux.fake->sent.size(), 3u);
}

TEST(ChannelMuxPartsTest, AStrangerAndALimitedChannelGetItWhole) {
  OwnMux stranger(kMany, false);
  const ChannelId id = stranger.OpenWith({});
  ASSERT_TRUE(stranger.SendBytes(id, kLarge));
  for (const auto& sent : stranger.fake->sent) EXPECT_EQ(sent.ppid, Ppid::kBinary);
  OwnMux ours;
  for (const ChannelOptions& limited :
       {ChannelOptions{.max_retransmits = 3},
        ChannelOptions{.ordered = false, .max_life_time = std::chrono::seconds(9)}}) {
    const ChannelId limited_id = ours.OpenWith(limited);
    ASSERT_TRUE(ours.SendBytes(limited_id, kLarge));
    for (const auto& sent : ours.fake->sent) EXPECT_EQ(sent.ppid, Ppid::kBinary);
    EXPECT_TRUE(ours.fake->sent.back().last);
    EXPECT_FALSE(ours.fake->sent.front().last);
  }
}

TEST(ChannelMuxPartsTest, OthersGoBetweenTheParts) {
  OwnMux mux;
  const ChannelId bulk = mux.OpenWith({.label = "bulk"});
  const ChannelId small = mux.OpenWith({.label = "small"});
  mux.fake->backlog = 40'000;
  ASSERT_TRUE(mux.SendBytes(bulk, kLarge));
  ASSERT_EQ(mux.fake->sent.size(), 2u);
  ASSERT_TRUE(mux.SendBytes(small, 64));
  EXPECT_EQ(mux.fake->sent.size(), 2u);
  mux.fake->AcknowledgeAll();
  ASSERT_GE(mux.fake->sent.size(), 3u);
  EXPECT_EQ(mux.fake->sent[2].data.size(), 64u);  // at once, before the rest of the large one
  while (mux.fake->unacknowledged > 0) mux.fake->AcknowledgeAll();
  EXPECT_EQ(mux.end.mux->total_buffered_amount(), 0u);
}

// Order inside a channel stays.
TEST(ChannelMuxPartsTest, TheChannelsOwnMessagesWait) {
  OwnMux mux;
  for (const bool ordered : {true, false}) {
    const ChannelId id = mux.OpenWith({.ordered = ordered});
    mux.fake->backlog = 40'000;
    ASSERT_TRUE(mux.SendBytes(id, kLarge));
    ASSERT_TRUE(mux.SendBytes(id, 64));
    ASSERT_TRUE(mux.SendBytes(id, 70'000));
    while (mux.fake->unacknowledged > 0) mux.fake->AcknowledgeAll();
    std::vector<std::size_t> sizes{0};
    for (const auto& sent : mux.fake->sent) {
      sizes.back() += sent.data.size();
      // Parts are in order, whole messages as the channel says.
      const bool part = sent.ppid == Ppid::kBinaryPartial || sizes.back() > 64;
      EXPECT_EQ(sent.delivery.ordered, part || ordered);
      if (sent.ppid == Ppid::kBinary) sizes.push_back(0);
    }
    EXPECT_EQ(sizes, (std::vector<std::size_t>{kLarge, 64, 70'000, 0}));
  }
}

TEST(ChannelMuxPartsTest, BufferedAmountCountsEachPartAsItIsAcknowledged) {
  OwnMux mux;
  const ChannelId id = mux.OpenWith({});
  mux.fake->backlog = 40'000;
  ASSERT_TRUE(mux.SendBytes(id, kLarge));
  std::size_t left = kLarge;
  EXPECT_EQ(mux.end.mux->buffered_amount(id), left);
  while (left > 0) {
    const std::size_t part = std::min<std::size_t>(mux.fake->unacknowledged, 10'000);
    ASSERT_GT(part, 0u);
    mux.fake->Acknowledge(part);
    left -= part;
    ASSERT_EQ(mux.end.mux->buffered_amount(id), left);
  }
}

TEST(ChannelMuxPartsTest, CloseDrainsTheRest) {
  OwnMux mux;
  const ChannelId id = mux.OpenWith({});
  const std::uint16_t stream = ToInt(*mux.end.mux->stream_of(id));
  mux.fake->backlog = 40'000;
  ASSERT_TRUE(mux.SendBytes(id, kLarge));
  mux.end.mux->Close(id);
  EXPECT_TRUE(mux.fake->resets.empty());
  std::size_t acknowledged = 0;
  while (mux.fake->unacknowledged > 0) {
    acknowledged += mux.fake->unacknowledged;
    mux.fake->AcknowledgeAll();
  }
  EXPECT_EQ(acknowledged, kLarge);
  EXPECT_EQ(mux.fake->sent.back().ppid, Ppid::kBinary);
  EXPECT_EQ(mux.fake->resets, std::vector<StreamId>{StreamId{stream}});
  mux.fake->ResetOutgoingDone(stream);
  mux.fake->ResetIncoming(stream);
  mux.loop.RunUntilIdle();
  ASSERT_TRUE(mux.end.closed.contains(id));
  EXPECT_FALSE(mux.end.closed[id]);
}

// The other end wants to hear no more, or says what makes no sense: the rest is not sent.
TEST(ChannelMuxPartsTest, AnErrorDropsTheRest) {
  OwnMux mux;
  const ChannelId id = mux.OpenWith({});
  const std::uint16_t stream = ToInt(*mux.end.mux->stream_of(id));
  mux.fake->backlog = 40'000;
  ASSERT_TRUE(mux.SendBytes(id, kLarge));
  ASSERT_EQ(mux.fake->sent.size(), 2u);
  mux.fake->Receive(stream, Ppid{99}, Bytes(1));
  EXPECT_EQ(mux.fake->resets, std::vector<StreamId>{StreamId{stream}});
  mux.fake->AcknowledgeAll();
  EXPECT_EQ(mux.fake->sent.size(), 2u);
  EXPECT_EQ(mux.end.mux->total_buffered_amount(), 0u);
  mux.fake->ResetOutgoingDone(stream);
  mux.fake->ResetIncoming(stream);
  mux.loop.RunUntilIdle();
  EXPECT_TRUE(mux.end.closed.contains(id));
}

TEST(ChannelMuxPartsTest, TheEndOfTheAssociationFreesAll) {
  OwnMux mux;
  const ChannelId id = mux.OpenWith({});
  mux.fake->backlog = 40'000;
  ASSERT_TRUE(mux.SendBytes(id, kLarge));
  mux.fake->Receive(ToInt(*mux.end.mux->stream_of(id)), Ppid::kBinaryPartial, Bytes(10));
  mux.fake->BecomeOver(AssociationState::kFailed, {Errc::kSctpFailed, "x"});
  mux.loop.RunUntilIdle();
  EXPECT_TRUE(mux.end.closed.contains(id));
  EXPECT_EQ(mux.end.mux->total_buffered_amount(), 0u);
  EXPECT_EQ(mux.end.mux->queued_messages(), 0u);
}

TEST(ChannelMuxPartsTest, TheOtherEndsLimitIsForTheSum) {
  OwnMux mux(150'000);
  const ChannelId id = mux.OpenWith({});
  EXPECT_EQ(mux.SendBytes(id, 150'001).error().code, Errc::kMessageTooLarge);
  EXPECT_TRUE(mux.fake->sent.empty());
  EXPECT_TRUE(mux.SendBytes(id, 150'000));
}

// What the other end has to keep is bounded by what it has not acknowledged, however many channels
// there are.
TEST(ChannelMuxPartsTest, MessagesBeginWithinWhatTheOtherEndHolds) {
  OwnMux mux(3'000'000);
  mux.fake->backlog = kMany;
  std::vector<ChannelId> ids;
  for (int i = 0; i < 12; ++i) ids.push_back(mux.OpenWith({}));
  const auto begun = [&] {
    std::set<StreamId> streams;
    for (const auto& sent : mux.fake->sent) streams.insert(sent.stream);
    return streams.size();
  };
  for (const ChannelId id : ids) ASSERT_TRUE(mux.SendBytes(id, 1'000'000));
  EXPECT_EQ(begun(), 4u);
  const StreamId first = *mux.end.mux->stream_of(ids[0]);
  mux.fake->AcknowledgeStream(first, 999'999);
  EXPECT_EQ(begun(), 4u);
  mux.fake->AcknowledgeStream(first, 1);
  EXPECT_EQ(begun(), 5u);
  while (mux.fake->unacknowledged > 0) mux.fake->AcknowledgeAll();
  EXPECT_EQ(begun(), 12u);
  // Larger ones, up to one largest in all; smaller ones beside them.
  mux.fake->sent.clear();
  for (std::size_t i = 0; i < 6; ++i) ASSERT_TRUE(mux.SendBytes(ids[i], 1'400'000));
  ASSERT_TRUE(mux.SendBytes(ids[6], 100'000));
  EXPECT_EQ(begun(), 3u);
  while (mux.fake->unacknowledged > 0) mux.fake->AcknowledgeAll();
  EXPECT_EQ(begun(), 7u);
  EXPECT_EQ(mux.end.mux->total_buffered_amount(), 0u);
}

TEST(ChannelMuxPartsTest, ClosedChannelsGiveTheirRoomBack) {
  OwnMux mux(2'000'000);
  mux.fake->backlog = 40'000;
  const ChannelId first = mux.OpenWith({});
  const ChannelId second = mux.OpenWith({});
  const ChannelId third = mux.OpenWith({});
  const std::uint16_t stream = ToInt(*mux.end.mux->stream_of(first));
  ASSERT_TRUE(mux.SendBytes(first, 2'000'000));
  ASSERT_TRUE(mux.SendBytes(second, 1'500'000));  // waits
  ASSERT_TRUE(mux.SendBytes(third, 1'600'000));   // behind it
  // One that waits goes, one that is in the midst of its message is reset.
  mux.fake->Receive(ToInt(*mux.end.mux->stream_of(second)), Ppid{99}, Bytes(1));
  mux.fake->Receive(stream, Ppid{99}, Bytes(1));
  mux.fake->AcknowledgeAll();
  mux.fake->sent.clear();
  mux.fake->AcknowledgeAll();
  EXPECT_TRUE(mux.fake->sent.empty());  // the other end may still hold the beginning
  mux.fake->ResetOutgoingDone(stream);
  EXPECT_FALSE(mux.fake->sent.empty());
  while (mux.fake->unacknowledged > 0) mux.fake->AcknowledgeAll();
  EXPECT_EQ(mux.end.mux->buffered_amount(third), 0u);
}

TEST(ChannelMuxPartsTest, WithRfc8260PiecesAreUsed) {
  OwnMux mux;
  mux.fake->interleaving = true;
  const ChannelId id = mux.OpenWith({});
  ASSERT_TRUE(mux.SendBytes(id, kLarge));
  EXPECT_FALSE(mux.fake->sent[0].last);
  for (const auto& sent : mux.fake->sent) EXPECT_EQ(sent.ppid, Ppid::kBinary);
}

TEST(ChannelMuxPartsTest, WhatIsSentIsWhatArrives) {
  FakeMuxPair pair({.max_buffered_amount = kMany, .max_message_size = 5'000'000});
  pair.Connect(5'000'000, true);
  pair.fake_a->interleaving = pair.fake_b->interleaving = false;
  pair.fake_a->backlog = 100'000;
  const ChannelId ordered = pair.a.mux->Open({.label = "o"}).value();
  const ChannelId loose = pair.a.mux->Open({.label = "u", .ordered = false}).value();
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.opened.size() == 2; }));
  std::size_t expected = 0;
  for (const std::size_t size : {0u, 5u, 66'560u, 66'561u, 98'304u, 98'305u, 5'000'000u}) {
    for (const ChannelId id : {ordered, loose}) {
      ASSERT_TRUE(pair.a.mux->Send(id, RandomBytes(size, size), size % 2 == 0));
      ++expected;
    }
  }
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == expected; }));
  for (const auto& message : pair.b.messages) {
    const std::size_t size = message.data.size();
    EXPECT_TRUE(message.data == AsText(RandomBytes(size, size)));
    EXPECT_EQ(message.is_text, size % 2 == 0);
  }
  EXPECT_EQ(pair.b.mux->stats().channels[0].messages_received, 7u);
}

// --- Receiving, from anybody

TEST(ChannelMuxPartsTest, AStrangersPartsArePutTogether) {
  FakeMux mux;
  mux.Connect();
  const ChannelId one = mux.RemoteOpen(1);
  const ChannelId two = mux.RemoteOpen(3);
  mux.fake->Receive(1, Ppid::kStringPartial, AsBytes("a"));
  mux.fake->Receive(3, Ppid::kBinaryPartial, AsBytes("1"));
  mux.fake->Receive(1, Ppid::kStringPartial, AsBytes("b"));
  EXPECT_TRUE(mux.end.messages.empty());
  mux.fake->Receive(3, Ppid::kBinary, AsBytes("2"));
  mux.fake->Receive(1, Ppid::kString, AsBytes("c"));
  mux.fake->Receive(1, Ppid::kString, AsBytes("d"));
  EXPECT_EQ(mux.end.messages, (std::vector<test::MuxMessage>{
                                  {two, "12", false}, {one, "abc", true}, {one, "d", true}}));
}

// On an unordered channel small messages overtake the parts; they say that they are unordered.
TEST(ChannelMuxPartsTest, AnUnorderedMessageIsAlwaysWhole) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.RemoteOpen(1);
  mux.fake->Receive(1, Ppid::kBinaryPartial, AsBytes("a"));
  mux.fake->Receive(1, Ppid::kBinary, AsBytes("x"), false);
  mux.fake->Receive(1, Ppid::kStringEmpty, Bytes{0}, false);
  mux.fake->Receive(1, Ppid::kBinary, AsBytes("b"));
  EXPECT_EQ(mux.end.messages,
            (std::vector<test::MuxMessage>{{id, "x", false}, {id, "", true}, {id, "ab", false}}));
}

TEST(ChannelMuxPartsTest, WhatCannotBeAPartClosesTheChannel) {
  struct Step {
    Ppid ppid;
    bool ordered = true;
  };
  const std::vector<std::vector<Step>> wrong = {
      {{Ppid::kBinaryPartial}, {Ppid::kString}},
      {{Ppid::kStringPartial}, {Ppid::kBinaryPartial}},
      {{Ppid::kBinaryPartial}, {Ppid::kBinaryEmpty}},
      {{Ppid::kStringPartial}, {Ppid{99}}},
      {{Ppid::kBinaryPartial, false}},
  };
  for (const auto& steps : wrong) {
    FakeMux mux;
    mux.Connect();
    const ChannelId id = mux.RemoteOpen(1);
    for (const Step& step : steps) mux.fake->Receive(1, step.ppid, Bytes(3), step.ordered);
    EXPECT_EQ(mux.fake->resets, std::vector<StreamId>{StreamId{1}});
    mux.fake->Receive(1, Ppid::kBinary, Bytes(3));
    mux.fake->ResetOutgoingDone(1);
    mux.fake->ResetIncoming(1);
    mux.loop.RunUntilIdle();
    ASSERT_TRUE(mux.end.closed.contains(id));
    EXPECT_EQ(mux.end.closed[id]->code, Errc::kParseError);
    EXPECT_TRUE(mux.end.messages.empty());
    EXPECT_FALSE(mux.fake->aborted);
  }
}

// A part that was given up would leave a wrong message. Ends of ours send none there.
TEST(ChannelMuxPartsTest, ALimitedChannelTakesNoPartsOfAStranger) {
  for (const bool ours : {false, true}) {
    FakeMux mux;
    mux.Connect(true, 262'144, ours);
    DcepOpen open;
    open.type = DcepChannelType::kLimitedRetransmits;
    mux.fake->Receive(1, Ppid::kDcep, EncodeDcepOpen(open).value());
    mux.fake->Receive(1, Ppid::kBinaryPartial, Bytes(3));
    EXPECT_EQ(mux.fake->resets.size(), ours ? 0u : 1u);
  }
}

TEST(ChannelMuxPartsTest, AMessageWithoutAnEndEndsTheAssociation) {
  FakeMux mux({.max_message_size = 100'000});
  mux.Connect();
  const ChannelId id = mux.RemoteOpen(1);
  for (int i = 0; i < 100; ++i) mux.fake->Receive(1, Ppid::kBinaryPartial, Bytes(1'000));
  EXPECT_FALSE(mux.fake->aborted);
  mux.fake->Receive(1, Ppid::kBinary, Bytes(1));
  ASSERT_TRUE(mux.fake->aborted);
  EXPECT_EQ(mux.fake->aborted->code, Errc::kMessageTooLarge);
  mux.loop.RunUntilIdle();
  EXPECT_EQ(mux.end.closed[id]->code, Errc::kMessageTooLarge);
  EXPECT_TRUE(mux.end.messages.empty());
}

TEST(ChannelMuxPartsTest, TooManyBegunMessagesEndTheAssociation) {
  FakeMux mux({.max_opens_per_second = 1'000, .max_message_size = 100'000, .max_reassembly = 0});
  mux.Connect();
  std::uint16_t streams = 0;
  for (; streams < 100 && !mux.fake->aborted; ++streams) {
    const auto stream = static_cast<std::uint16_t>(2 * streams + 1);
    ASSERT_NE(mux.RemoteOpen(stream), 0u);
    mux.fake->Receive(stream, Ppid::kBinaryPartial, Bytes(99'000));
  }
  ASSERT_TRUE(mux.fake->aborted);
  EXPECT_EQ(mux.fake->aborted->code, Errc::kLimitExceeded);
  EXPECT_EQ(streams, (100'000 + kAllSideBySide) / 99'000 + 1);
}

TEST(ChannelMuxPartsTest, AResetInTheMidstDropsWhatHasCome) {
  FakeMux mux({.max_message_size = 100'000, .max_reassembly = 0});
  mux.Connect();
  // More often than would be allowed at one time: the room is given back.
  for (int i = 0; i < 200; ++i) {
    const ChannelId id = mux.RemoteOpen(1);
    ASSERT_NE(id, 0u) << i;
    mux.fake->Receive(1, Ppid::kBinaryPartial, Bytes(90'000));
    ASSERT_FALSE(mux.fake->aborted);
    mux.fake->ResetIncoming(1);
    mux.fake->ResetOutgoingDone(1);
    mux.loop.RunFor(std::chrono::seconds(1));
    ASSERT_TRUE(mux.end.closed.contains(id));
    EXPECT_FALSE(mux.end.closed[id]);
  }
  // The stream's next channel begins anew.
  const ChannelId id = mux.RemoteOpen(1);
  mux.fake->Receive(1, Ppid::kString, AsBytes("new"));
  EXPECT_EQ(mux.end.messages, (std::vector<test::MuxMessage>{{id, "new", true}}));
}

TEST(ChannelMuxPartsTest, APausedChannelKeepsTheWholeMessage) {
  FakeMux mux({.max_receive_buffer = 50'000});
  mux.Connect();
  const ChannelId id = mux.RemoteOpen(1);
  mux.end.mux->PauseReceiving(id);
  for (int i = 0; i < 4; ++i) mux.fake->Receive(1, Ppid::kBinaryPartial, Bytes(20'000));
  EXPECT_FALSE(mux.fake->paused);  // or its end would never come
  mux.fake->Receive(1, Ppid::kBinary, Bytes(20'000));
  EXPECT_TRUE(mux.fake->paused);
  mux.end.mux->ResumeReceiving(id);
  mux.loop.RunUntilIdle();
  ASSERT_EQ(mux.end.messages.size(), 1u);
  EXPECT_EQ(mux.end.messages[0].data.size(), 100'000u);
  EXPECT_FALSE(mux.fake->paused);
}

// Parts that come before their negotiated channel is made here.
TEST(ChannelMuxPartsTest, EarlyPartsWaitForTheirChannel) {
  FakeMux mux;
  mux.Connect();
  mux.fake->Receive(4, Ppid::kStringPartial, AsBytes("a"));
  mux.fake->Receive(4, Ppid::kString, AsBytes("u"), false);
  mux.fake->Receive(4, Ppid::kString, AsBytes("b"));
  mux.fake->Receive(4, Ppid::kStringPartial, AsBytes("c"));
  const ChannelId id = mux.end.mux->Open({.negotiated = true, .id = 4}).value();
  mux.loop.RunUntilIdle();
  mux.fake->Receive(4, Ppid::kString, AsBytes("d"));
  EXPECT_EQ(mux.end.messages,
            (std::vector<test::MuxMessage>{{id, "u", true}, {id, "ab", true}, {id, "cd", true}}));
}

TEST(ChannelMuxPartsTest, TheMuxMayDieInsideAJoinedMessage) {
  FakeMux mux;
  mux.Connect();
  mux.RemoteOpen(1);
  mux.end.hook = [&](int) { mux.end.mux.reset(); };
  mux.fake->Receive(1, Ppid::kBinaryPartial, Bytes(10));
  mux.fake->Receive(1, Ppid::kBinary, Bytes(10));
  EXPECT_EQ(mux.end.messages.size(), 1u);
}

}  // namespace
}  // namespace pairwire::sctp

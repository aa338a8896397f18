// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Other ends that break the rules: wrong numbers, wrong PPIDs, malformed DCEP, floods. Only the
// stream concerned suffers.
#include <gtest/gtest.h>

#include <algorithm>

#include "sctp/channel_mux.h"
#include "tests/sctp/mux_end.h"
#include "tests/support/seeded_random.h"

namespace pairwire::sctp {
namespace {

using test::FakeMux;

Bytes Open(std::string label) {
  DcepOpen open;
  open.label = std::move(label);
  return EncodeDcepOpen(open).value();
}

TEST(ChannelMuxPeerTest, DataBeforeOpenResetsTheStreamOnce) {
  FakeMux mux({.max_early_bytes = 0});
  mux.Connect(true);
  for (int i = 0; i < 5; ++i) mux.fake->Receive(9, Ppid::kBinary, Bytes{1});
  EXPECT_EQ(mux.fake->resets, std::vector{StreamId{9}});
  EXPECT_TRUE(mux.end.messages.empty());
  mux.fake->ResetOutgoingDone(9);
  mux.fake->ResetIncoming(9);
  EXPECT_NE(mux.RemoteOpen(9), 0u);
}

TEST(ChannelMuxPeerTest, OpenWithOurParityIsRefusedAndTheNumberStaysOurs) {
  FakeMux mux;
  mux.Connect(true);
  EXPECT_EQ(mux.RemoteOpen(4), 0u);
  EXPECT_EQ(mux.fake->resets, std::vector{StreamId{4}});
  for (int i = 0; i < 3; ++i) mux.OpenChannel();
  EXPECT_EQ(mux.end.opened.size(), 3u);  // 0, 2, 4
}

TEST(ChannelMuxPeerTest, OpenOn65535IsRefused) {
  FakeMux mux;
  mux.Connect(true);
  EXPECT_EQ(mux.RemoteOpen(65535), 0u);
  EXPECT_EQ(mux.fake->resets, std::vector{StreamId{65535}});
}

TEST(ChannelMuxPeerTest, OpenOnAStreamInUseClosesThatChannel) {
  FakeMux mux;
  mux.Connect(true);
  const ChannelId theirs = mux.RemoteOpen(1);
  const ChannelId ours = mux.OpenChannel();
  mux.RemoteOpen(1);
  mux.RemoteOpen(0);
  EXPECT_EQ(mux.end.incoming.size(), 1u);
  EXPECT_EQ(mux.fake->resets, (std::vector{StreamId{1}, StreamId{0}}));
  for (const std::uint16_t stream : std::vector<std::uint16_t>{0, 1}) {
    mux.fake->ResetOutgoingDone(stream);
    mux.fake->ResetIncoming(stream);
  }
  EXPECT_EQ(mux.end.closed[theirs]->code, Errc::kParseError);
  EXPECT_EQ(mux.end.closed[ours]->code, Errc::kParseError);
}

TEST(ChannelMuxPeerTest, UnknownPpidClosesTheChannel) {
  FakeMux mux;
  mux.Connect(true);
  const ChannelId bad = mux.RemoteOpen(1);
  const ChannelId good = mux.RemoteOpen(3);
  mux.fake->Receive(1, Ppid{55}, Bytes{1});
  EXPECT_EQ(mux.fake->resets, std::vector{StreamId{1}});
  mux.fake->ResetOutgoingDone(1);
  mux.fake->ResetIncoming(1);
  EXPECT_EQ(mux.end.closed[bad]->code, Errc::kParseError);
  EXPECT_FALSE(mux.end.closed.contains(good));
}

TEST(ChannelMuxPeerTest, MalformedDcepClosesOrRefuses) {
  FakeMux mux;
  mux.Connect(true);
  const Bytes open = Open("label");
  std::uint16_t stream = 1;
  for (std::size_t size = 0; size < open.size(); ++size, stream += 2) {
    mux.fake->Receive(stream, Ppid::kDcep, ByteSpan(open).first(size));
    EXPECT_EQ(mux.fake->resets.back(), StreamId{stream});
  }
  EXPECT_TRUE(mux.end.incoming.empty());
  const ChannelId id = mux.RemoteOpen(101);
  mux.fake->Receive(101, Ppid::kDcep, Bytes{0x07});
  EXPECT_EQ(mux.fake->resets.back(), StreamId{101});
  EXPECT_EQ(mux.end.SendText(id, "x").error().code, Errc::kClosed);
}

TEST(ChannelMuxPeerTest, TooLongLabelsAreRefused) {
  FakeMux mux({.max_incoming_label = 256});
  mux.Connect(true);
  Bytes open = Open(std::string(256, 'x'));
  open.push_back('x');
  open[9] = 0x01;  // 257
  mux.fake->Receive(1, Ppid::kDcep, open);
  EXPECT_TRUE(mux.end.incoming.empty());
  EXPECT_EQ(mux.fake->resets, std::vector{StreamId{1}});
  EXPECT_NE(mux.RemoteOpen(3, std::string(256, 'x')), 0u);
}

TEST(ChannelMuxPeerTest, AFloodOfOpensIsBounded) {
  FakeMux mux({.max_channels = 10});
  mux.Connect(true);
  mux.OpenChannel();
  for (std::uint32_t round = 0; round < 3; ++round) {
    for (std::uint32_t stream = 1; stream < 2048; stream += 2) {
      mux.fake->Receive(static_cast<std::uint16_t>(stream), Ppid::kDcep, Open("flood"));
    }
  }
  // 9 were let in; their second OPEN closed them, which lets nobody else in before both resets.
  EXPECT_EQ(mux.end.incoming.size(), 9u);
  EXPECT_EQ(mux.fake->resets.size(), 1024u);
  // One that is reset both ways makes room for one.
  mux.fake->ResetOutgoingDone(1);
  mux.fake->ResetIncoming(1);
  EXPECT_NE(mux.RemoteOpen(1), 0u);
  EXPECT_EQ(mux.RemoteOpen(3001), 0u);
}

TEST(ChannelMuxPeerTest, ResetsOfUnknownStreamsAreHarmless) {
  FakeMux mux;
  mux.Connect(true);
  const ChannelId id = mux.OpenChannel();
  for (const std::uint16_t stream : std::vector<std::uint16_t>{1, 2, 3, 65535}) {
    mux.fake->ResetIncoming(stream);
    mux.fake->ResetOutgoingDone(stream);
    mux.fake->ResetIncoming(stream);
  }
  EXPECT_TRUE(mux.end.closed.empty());
  EXPECT_TRUE(mux.end.SendText(id, "x").has_value());
}

TEST(ChannelMuxPeerTest, AnOpenOnAStreamThatWasNotResetIsIgnored) {
  FakeMux mux;
  mux.Connect(true);
  const ChannelId id = mux.RemoteOpen(1);
  mux.end.mux->Close(id);
  EXPECT_EQ(mux.RemoteOpen(1), 0u);
  EXPECT_EQ(mux.end.incoming.size(), 1u);
}

TEST(ChannelMuxPeerTest, RandomMessagesAndResetsKeepTheInvariants) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    pairwire::test::SeededRandom random(seed);
    FakeMux mux({.max_channels = 6, .max_receive_buffer = 500});
    mux.Connect(true);
    for (int step = 0; step < 2000; ++step) {
      const auto stream = static_cast<std::uint16_t>(random.NextBelow(12));
      switch (random.NextBelow(8)) {
        case 0:
          mux.fake->Receive(stream, Ppid::kDcep, Open("x"));
          break;
        case 1: {
          Bytes noise(random.NextBelow(20));
          random.Fill(noise);
          mux.fake->Receive(stream, Ppid{static_cast<std::uint32_t>(48 + random.NextBelow(12))},
                            noise);
          break;
        }
        case 2:
          mux.fake->ResetIncoming(stream);
          break;
        case 3: {
          // usrsctp reports only resets that we asked for, mostly.
          auto& resets = mux.fake->resets;
          if (resets.empty()) break;
          mux.fake->ResetOutgoingDone(ToInt(resets.front()));
          resets.erase(resets.begin());
          break;
        }
        case 4:
          (void)mux.end.mux->Open({.label = "ours"});
          break;
        case 5:
          mux.fake->Receive(stream, Ppid::kDcep, EncodeDcepAck());
          break;
        case 6:
          if (!mux.end.opened.empty()) {
            const ChannelId id = mux.end.opened[random.NextBelow(mux.end.opened.size())];
            (void)mux.end.SendText(id, "text");
            if (random.Chance(0.3)) mux.end.mux->Close(id);
            if (random.Chance(0.3)) mux.end.mux->PauseReceiving(id);
            if (random.Chance(0.3)) mux.end.mux->ResumeReceiving(id);
          }
          break;
        default:
          mux.fake->Acknowledge(random.NextBelow(mux.fake->unacknowledged + 1));
          mux.loop.RunFor(std::chrono::milliseconds(random.NextBelow(200)));
      }
    }
    mux.fake->BecomeOver(AssociationState::kFailed, {Errc::kSctpFailed, "end"});
    for (const ChannelId id : mux.end.opened) mux.end.mux->Close(id);
    mux.loop.RunUntilIdle();
    for (const ChannelId id : mux.end.opened) EXPECT_TRUE(mux.end.closed.contains(id)) << id;
    for (const ChannelId id : mux.end.incoming) EXPECT_TRUE(mux.end.closed.contains(id)) << id;
    EXPECT_EQ(mux.end.mux->total_buffered_amount(), 0u);
  }
}

}  // namespace
}  // namespace pairwire::sctp

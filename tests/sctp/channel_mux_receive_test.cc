// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Receiving: text and binary, pausing, the bound on what waits, order of messages and closing.
#include <gtest/gtest.h>

#include "sctp/channel_mux.h"
#include "tests/sctp/mux_end.h"

namespace pairwire::sctp {
namespace {

using test::FakeMux;
using test::MuxMessage;

TEST(ChannelMuxReceiveTest, TextBinaryAndEmptyMessages) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.RemoteOpen(1);
  mux.fake->Receive(1, Ppid::kString, AsBytes("t"));
  mux.fake->Receive(1, Ppid::kBinary, AsBytes("b"));
  mux.fake->Receive(1, Ppid::kStringEmpty, Bytes{0});
  mux.fake->Receive(1, Ppid::kBinaryEmpty, Bytes{0});
  EXPECT_EQ(mux.end.messages,
            (std::vector<MuxMessage>{
                {id, "t", true}, {id, "b", false}, {id, "", true}, {id, "", false}}));
}

TEST(ChannelMuxReceiveTest, AnIncomingChannelWaitsForItsHandler) {
  FakeMux mux;
  mux.end.accept_incoming = false;
  mux.Connect();
  const ChannelId id = mux.RemoteOpen(1);
  mux.fake->Receive(1, Ppid::kString, AsBytes("1"));
  mux.fake->Receive(1, Ppid::kString, AsBytes("2"));
  mux.loop.RunUntilIdle();
  EXPECT_TRUE(mux.end.messages.empty());
  mux.end.mux->ResumeReceiving(id);
  EXPECT_TRUE(mux.end.messages.empty());  // not from inside the method
  mux.loop.RunUntilIdle();
  EXPECT_EQ(mux.end.messages, (std::vector<MuxMessage>{{id, "1", true}, {id, "2", true}}));
}

TEST(ChannelMuxReceiveTest, NewMessagesDoNotOvertakeWaitingOnes) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.RemoteOpen(1);
  mux.end.mux->PauseReceiving(id);
  mux.fake->Receive(1, Ppid::kString, AsBytes("1"));
  mux.end.mux->ResumeReceiving(id);
  mux.fake->Receive(1, Ppid::kString, AsBytes("2"));  // before the loop delivered 1
  mux.loop.RunUntilIdle();
  EXPECT_EQ(mux.end.messages, (std::vector<MuxMessage>{{id, "1", true}, {id, "2", true}}));
}

TEST(ChannelMuxReceiveTest, PauseInsideAMessageStopsTheRest) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.RemoteOpen(1);
  mux.end.mux->PauseReceiving(id);
  for (int i = 0; i < 5; ++i) mux.fake->Receive(1, Ppid::kString, AsBytes("x"));
  mux.end.hook = [&](int) { mux.end.mux->PauseReceiving(id); };
  for (std::size_t i = 1; i <= 5; ++i) {
    mux.end.mux->ResumeReceiving(id);
    mux.loop.RunUntilIdle();
    EXPECT_EQ(mux.end.messages.size(), i);
  }
}

TEST(ChannelMuxReceiveTest, TheReceiveBufferIsBoundedByPausingTheAssociation) {
  FakeMux mux({.max_receive_buffer = 10'000});
  mux.Connect();
  const ChannelId paused = mux.RemoteOpen(1);
  const ChannelId busy = mux.RemoteOpen(3);
  mux.end.mux->PauseReceiving(paused);
  int received = 0;
  while (!mux.fake->paused) {
    mux.fake->Receive(1, Ppid::kBinary, Bytes(1000));
    ++received;
    ASSERT_LT(received, 20);
  }
  EXPECT_EQ(received, 10);
  EXPECT_TRUE(mux.end.messages.empty());
  mux.end.mux->ResumeReceiving(paused);
  mux.loop.RunUntilIdle();
  EXPECT_FALSE(mux.fake->paused);
  EXPECT_EQ(mux.end.messages.size(), 10u);
  mux.fake->Receive(3, Ppid::kBinary, Bytes(1));
  EXPECT_EQ(mux.end.messages.back().id, busy);
}

TEST(ChannelMuxReceiveTest, TinyMessagesAreBoundedToo) {
  FakeMux mux({.max_receive_buffer = 10'000});
  mux.Connect();
  mux.end.mux->PauseReceiving(mux.RemoteOpen(1));
  int received = 0;
  while (!mux.fake->paused && received < 10'000) {
    mux.fake->Receive(1, Ppid::kStringEmpty, Bytes{0});
    ++received;
  }
  EXPECT_LT(received, 200);
}

TEST(ChannelMuxReceiveTest, ClosingAPausedChannelFreesItsShare) {
  FakeMux mux({.max_receive_buffer = 1'000});
  mux.Connect();
  const ChannelId id = mux.RemoteOpen(1);
  mux.end.mux->PauseReceiving(id);
  mux.fake->Receive(1, Ppid::kBinary, Bytes(2000));
  EXPECT_TRUE(mux.fake->paused);
  mux.end.mux->Close(id);
  EXPECT_FALSE(mux.fake->paused);
  mux.loop.RunUntilIdle();
  EXPECT_TRUE(mux.end.messages.empty());
}

TEST(ChannelMuxReceiveTest, WaitingMessagesComeBeforeOnClosed) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.RemoteOpen(1);
  mux.end.mux->PauseReceiving(id);
  mux.fake->Receive(1, Ppid::kString, AsBytes("last words"));
  mux.fake->ResetIncoming(1);
  ASSERT_EQ(mux.fake->resets, std::vector{StreamId{1}});
  mux.fake->ResetOutgoingDone(1);
  mux.loop.RunUntilIdle();
  EXPECT_FALSE(mux.end.closed.contains(id));
  mux.end.mux->ResumeReceiving(id);
  mux.loop.RunUntilIdle();
  EXPECT_EQ(mux.end.messages.size(), 1u);
  EXPECT_TRUE(mux.end.closed.contains(id));
}

TEST(ChannelMuxReceiveTest, WaitingMessagesSurviveTheEndOfTheAssociation) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.RemoteOpen(1);
  mux.end.mux->PauseReceiving(id);
  mux.fake->Receive(1, Ppid::kString, AsBytes("last words"));
  mux.fake->BecomeOver(AssociationState::kClosed, {});
  EXPECT_FALSE(mux.end.closed.contains(id));
  mux.end.mux->ResumeReceiving(id);
  mux.loop.RunUntilIdle();
  EXPECT_EQ(mux.end.messages.size(), 1u);
  EXPECT_TRUE(mux.end.closed.contains(id));
}

TEST(ChannelMuxReceiveTest, WhatComesAfterCloseIsDropped) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.RemoteOpen(1);
  mux.end.mux->Close(id);
  mux.fake->Receive(1, Ppid::kString, AsBytes("too late"));
  mux.loop.RunUntilIdle();
  EXPECT_TRUE(mux.end.messages.empty());
}

}  // namespace
}  // namespace pairwire::sctp

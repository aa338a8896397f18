// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What an application may do to send: from any thread, without copies, with priorities, waiting for
// room. Over the public API, on 127.0.0.1.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/peer/connection/sending_fixture.h"

namespace pairwire::test {
namespace {

TEST_F(SendingTest, EveryFormOfSendFromTheLoopAndFromOutside) {
  Connect();
  const auto send_all = [&] {
    EXPECT_TRUE(channel().Send("text"));
    EXPECT_TRUE(channel().Send(AsBytes("view")));
    EXPECT_TRUE(channel().Send(Bytes{'o', 'w', 'n'}));
    EXPECT_TRUE(channel().Send(std::make_shared<const Bytes>(Bytes{'s'})));
    const ByteSpan parts[] = {AsBytes("ga"), AsBytes(""), AsBytes("ther")};
    EXPECT_TRUE(channel().SendGathered(parts));
    EXPECT_TRUE(channel().Send(""));
    EXPECT_TRUE(channel().Send(Bytes{}));
    EXPECT_EQ(channel().Send(SharedBytes()).error().code, Errc::kInvalidArgument);
  };
  send_all();
  OnLoop(*network_, send_all);
  ASSERT_TRUE(at_b_->WaitMessages(14));
  const std::vector<std::string> once = {"t:text",   "b:view", "b:own", "b:s",
                                         "b:gather", "t:",     "b:"};
  std::vector<std::string> twice = once;
  twice.insert(twice.end(), once.begin(), once.end());
  EXPECT_EQ(at_b_->record().Get().messages, twice);
}

TEST_F(SendingTest, MessagesFromTheLoopStayBehindThoseInTheMailbox) {
  Connect();
  // Another thread sends numbers and lets the loop send the next one, in turn.
  std::vector<std::string> expected;
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(channel().Send(std::to_string(2 * i)));
    OnLoop(*network_, [&] { EXPECT_TRUE(channel().Send(std::to_string(2 * i + 1))); });
    expected.push_back("t:" + std::to_string(2 * i));
    expected.push_back("t:" + std::to_string(2 * i + 1));
  }
  ASSERT_TRUE(at_b_->WaitMessages(400));
  EXPECT_EQ(at_b_->record().Get().messages, expected);
}

TEST_F(SendingTest, WhatIsTooLargeIsSaidAndUntouched) {
  auto a = LoopbackConfiguration();
  a.max_buffered_amount = 200'000;
  auto b = LoopbackConfiguration();
  b.max_message_size = 100'000;
  Connect(a, b);
  Bytes large(100'001, 7);
  const auto refuse = [&] {
    auto refused = channel().Send(std::move(large));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::kMessageTooLarge);
    EXPECT_EQ(large, Bytes(100'001, 7));
    EXPECT_EQ(channel().buffered_amount(), 0u);
  };
  refuse();
  OnLoop(*network_, refuse);
  EXPECT_TRUE(channel().Send(Bytes(100'000)));
  ASSERT_TRUE(at_b_->WaitMessages(1));
}

TEST_F(SendingTest, AMessageAboveTheBufferIsTooLargeAndNotFull) {
  auto a = LoopbackConfiguration();
  a.max_buffered_amount = 1'000;
  Connect(a);
  EXPECT_EQ(channel().Send(Bytes(1'001)).error().code, Errc::kMessageTooLarge);
}

TEST_F(SendingTest, TinyMessagesAreBoundedByTheirNumber) {
  Connect();
  at_b_->channel().PauseReceiving();
  std::size_t accepted = 0;
  Errc refusal{};
  // On the loop nothing leaves the queue meanwhile.
  OnLoop(*network_, [&] {
    while (true) {
      auto sent = channel().Send("x");
      if (!sent) {
        refusal = sent.error().code;
        break;
      }
      ++accepted;
    }
  });
  EXPECT_EQ(refusal, Errc::kBufferFull);
  EXPECT_GT(accepted, 60'000u);
  EXPECT_LT(accepted, 70'000u);
  at_b_->channel().ResumeReceiving();
  ASSERT_TRUE(at_b_->WaitMessages(accepted));
  ASSERT_TRUE(at_a_.record().WaitUntil([](const ChannelRecord& r) { return r.low_events > 0; }));
  EXPECT_EQ(channel().buffered_amount(), 0u);
  EXPECT_TRUE(channel().Send("x"));
}

TEST_F(SendingTest, APriorityIsAnnounced) {
  DataChannelInit init;
  init.priority = DataChannelPriority::kHigh;
  Connect(LoopbackConfiguration(), LoopbackConfiguration(), init);
  EXPECT_EQ(channel().priority(), DataChannelPriority::kHigh);
  EXPECT_EQ(at_b_->channel().priority(), DataChannelPriority::kHigh);
}

TEST_F(SendingTest, LargeMessagesBothWaysOverAnInterleavingConnection) {
  auto configuration = LoopbackConfiguration();
  configuration.max_message_size = 30'000'000;
  configuration.max_buffered_amount = 40'000'000;
  configuration.interleaving = InterleavingPolicy::kAlways;
  Connect(configuration, configuration);
  ASSERT_TRUE(channel().Send(Bytes(30'000'000)));
  EXPECT_EQ(channel().Send(Bytes(30'000'001)).error().code, Errc::kMessageTooLarge);
  ASSERT_TRUE(at_b_->channel().Send(Bytes(20'000'000)));
  ASSERT_TRUE(at_b_->WaitMessages(1));
  ASSERT_TRUE(at_a_.WaitMessages(1));
  EXPECT_EQ(at_b_->record().Get().messages[0], "#30000000");
}

// Two ends of ours, RFC 8260 off: the large message goes in parts, and the small one between them.
TEST_F(SendingTest, ASmallMessageOvertakesALargeOneOfAnotherChannel) {
  auto configuration = LoopbackConfiguration();
  configuration.max_message_size = 30'000'000;
  configuration.max_buffered_amount = 40'000'000;
  Connect(configuration, configuration);
  RecordedChannel small;
  small.Assign(pair_->a().pc.CreateDataChannel("small"));
  ASSERT_TRUE(small.WaitOpen());
  RecordedChannel* const small_at_b = pair_->b().WaitIncoming("small");
  ASSERT_NE(small_at_b, nullptr);
  ASSERT_TRUE(channel().Send(Bytes(30'000'000)));
  ASSERT_TRUE(small.channel().Send("small"));
  ASSERT_TRUE(small_at_b->WaitMessages(1));
  EXPECT_TRUE(at_b_->record().Get().messages.empty());
  ASSERT_TRUE(at_b_->WaitMessages(1));
  EXPECT_EQ(at_b_->record().Get().messages[0], "#30000000");
}

TEST_F(SendingTest, ALabelLongerThanAllowedIsRefused) {
  auto b = LoopbackConfiguration();
  b.max_label_length = 100'000;
  Connect(LoopbackConfiguration(), b);
  RecordedChannel longest(pair_->a().pc.CreateDataChannel(std::string(65'535, 'l'),
                                                          {.protocol = std::string(65'535, 'p')}));
  ASSERT_TRUE(longest.WaitOpen());
  RecordedChannel refused(pair_->b().pc.CreateDataChannel(std::string(1'025, 'l')));
  ASSERT_TRUE(refused.WaitClosed());
  EXPECT_TRUE(refused.record().Get().error.has_value());
}

// --- Waiting for room
// ------------------------------------------------------------------------------------

TEST_F(SendingTest, WhenWritableAnswersAtOnceWhenThereIsRoom) {
  Connect();
  Watched<int> answers(0);
  channel().WhenWritable(1'000, [&](Result<void> room) {
    EXPECT_TRUE(room);
    EXPECT_TRUE(channel().Send(Bytes(1'000)));
    answers.Set(1);
  });
  ASSERT_TRUE(answers.WaitFor(1));
}

TEST_F(SendingTest, WhenWritableSaysWhyThereIsNeverRoom) {
  auto a = LoopbackConfiguration();
  a.max_buffered_amount = 10'000;
  Connect(a);
  Watched<std::string> answer;
  channel().WhenWritable(10'001, [&](Result<void> room) {
    answer.Set(room ? "room" : std::string(ToString(room.error().code)));
  });
  EXPECT_TRUE(answer.WaitFor("message_too_large"));
  channel().Close();
  channel().WhenWritable(1, [&](Result<void> room) {
    answer.Set(room ? "room" : std::string(ToString(room.error().code)));
  });
  EXPECT_TRUE(answer.WaitFor("closed"));
  DataChannel empty;
  empty.WhenWritable(1, [&](Result<void> room) { answer.Set(room ? "room" : "empty"); });
  EXPECT_TRUE(answer.WaitFor("empty"));
}

TEST_F(SendingTest, AWaiterHearsOfTheEndOfItsHandle) {
  network_ = MakeNetwork();
  pair_ = std::make_unique<PeerPair>(*network_);
  auto doomed = pair_->a().pc.CreateDataChannel("never open");
  Watched<std::string> answer;
  doomed.WhenWritable(1, [&](Result<void> room) {
    answer.Set(room ? "room" : std::string(ToString(room.error().code)));
  });
  doomed = DataChannel();
  EXPECT_EQ(answer.Get(), "cancelled");  // before the destructor returned
}

// Sends `left` messages, each when there is room for it.
struct Writer {
  DataChannel* channel;
  std::size_t size;
  int left;
  Watched<int> sent{0};

  void Next() {
    channel->WhenWritable(size, [this](Result<void> room) {
      if (!room || left == 0) return;
      --left;
      EXPECT_TRUE(channel->Send(Bytes(size)));
      Next();
      sent.Update([](int& count) { ++count; });
    });
  }
};

// All channels of a connection stand in one line: a hungry one does not keep others waiting.
TEST_F(SendingTest, WaitersOfAllChannelsHaveTheirTurns) {
  auto a = LoopbackConfiguration();
  a.max_buffered_amount = 100'000;
  Connect(a);
  RecordedChannel other(pair_->a().pc.CreateDataChannel("y"));
  ASSERT_TRUE(other.WaitOpen());
  Writer small{&channel(), 100, 3'000};
  Writer large{&other.channel(), 90'000, 30};
  OnLoop(*network_, [&] {
    for (int i = 0; i < 10; ++i) small.Next();
    large.Next();
  });
  EXPECT_TRUE(large.sent.WaitFor(30));
  EXPECT_TRUE(small.sent.WaitFor(3'000));
  // No callback is under way any more when they go.
  at_a_.Assign(DataChannel());
  other.Assign(DataChannel());
}

TEST_F(SendingTest, ACloseThatRunsOutOfTimeTellsWhatWasLost) {
  auto a = LoopbackConfiguration();
  a.close_timeout = std::chrono::milliseconds(50);
  a.max_buffered_amount = 20'000'000;
  Connect(a);
  at_b_->channel().PauseReceiving();
  for (int i = 0; i < 19; ++i) ASSERT_TRUE(channel().Send(Bytes(1'000'000)));
  const auto start = std::chrono::steady_clock::now();
  pair_->a().pc.Close();
  ASSERT_TRUE(at_a_.WaitClosed());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  const auto error = at_a_.record().Get().error;
  ASSERT_TRUE(error.has_value());
  EXPECT_NE(error->detail.find("bytes were not acknowledged"), std::string::npos) << error->detail;
}

}  // namespace
}  // namespace pairwire::test

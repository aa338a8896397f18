// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Stream resets and added streams (RFC 6525) between two real associations.
#include <gtest/gtest.h>

#include <algorithm>

#include "sctp/chunks.h"
#include "tests/sctp/sctp_pair.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using test::RandomBytes;
using test::SctpPair;

Result<void> Reset(test::SctpEnd& end, std::vector<StreamId> streams) {
  return end.association->ResetStreams(streams);
}

TEST(UsrsctpStreamsTest, AResetIsSeenByBothEndsAfterTheData) {
  SctpPair pair({.delay = 10ms});
  pair.Connect();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(pair.a.Send(2, Bytes(5000)).has_value());
  ASSERT_TRUE(pair.a.Send(2, Bytes(7)).has_value());  // held until the end of the turn
  std::size_t received_at_reset = 0;
  pair.b.hook = [&](int) {
    if (!pair.b.incoming_resets.empty() && received_at_reset == 0) {
      received_at_reset = pair.b.messages.size();
    }
  };
  ASSERT_TRUE(Reset(pair.a, {StreamId{2}}).has_value());
  ASSERT_TRUE(pair.RunUntil(
      [&] { return !pair.a.outgoing_resets.empty() && !pair.b.incoming_resets.empty(); }));
  EXPECT_EQ(pair.a.outgoing_resets, std::vector{StreamId{2}});
  EXPECT_EQ(pair.b.incoming_resets, std::vector{StreamId{2}});
  EXPECT_EQ(received_at_reset, 51u);
  EXPECT_TRUE(pair.a.incoming_resets.empty());
  // And is usable again.
  ASSERT_TRUE(pair.a.Send(2, Bytes(3)).has_value());
  EXPECT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 52; }));
}

TEST(UsrsctpStreamsTest, BothEndsMayResetTheSameStreamAtOnce) {
  SctpPair pair({.delay = 10ms});
  pair.Connect();
  ASSERT_TRUE(pair.a.Send(1, Bytes(10)).has_value());
  ASSERT_TRUE(pair.b.Send(1, Bytes(10)).has_value());
  ASSERT_TRUE(Reset(pair.a, {StreamId{1}}).has_value());
  ASSERT_TRUE(Reset(pair.b, {StreamId{1}}).has_value());
  EXPECT_TRUE(pair.RunUntil([&] {
    return pair.a.outgoing_resets.size() == 1 && pair.b.outgoing_resets.size() == 1 &&
           pair.a.incoming_resets.size() == 1 && pair.b.incoming_resets.size() == 1;
  }));
}

TEST(UsrsctpStreamsTest, ManyResetsAtOnceAllHappen) {
  SctpPair pair({.delay = 5ms});
  pair.Connect();
  std::vector<StreamId> all;
  for (std::uint16_t i = 0; i < kInitialStreams; ++i) {
    ASSERT_TRUE(pair.a.Send(i, Bytes(3)).has_value());
    all.push_back(StreamId{i});
  }
  ASSERT_TRUE(Reset(pair.a, all).has_value());
  ASSERT_TRUE(Reset(pair.a, all).has_value());  // asked for twice, done once
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.outgoing_resets.size() >= all.size(); }));
  pair.loop.AdvanceBy(1s);
  std::sort(pair.a.outgoing_resets.begin(), pair.a.outgoing_resets.end());
  std::sort(pair.b.incoming_resets.begin(), pair.b.incoming_resets.end());
  EXPECT_EQ(pair.a.outgoing_resets, all);
  EXPECT_EQ(pair.b.incoming_resets, all);
  EXPECT_LE(pair.a.largest_packet, 1160u);
}

// The other end may have its half of a negotiated channel there: it has to hear of the reset.
TEST(UsrsctpStreamsTest, AResetOfAStreamThatWeLackReachesTheOtherEnd) {
  SctpPair pair({.delay = 5ms});
  pair.Connect();
  ASSERT_TRUE(Reset(pair.a, {StreamId{900}, StreamId{3}}).has_value());
  EXPECT_TRUE(pair.a.outgoing_resets.empty());  // not from inside the call
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.outgoing_resets.size() == 2; }));
  EXPECT_EQ(std::set(pair.b.incoming_resets.begin(), pair.b.incoming_resets.end()),
            (std::set{StreamId{3}, StreamId{900}}));
}

TEST(UsrsctpStreamsTest, AResetOfAStreamThatIsRefusedIsDoneHere) {
  UsrsctpAssociationOptions options;
  options.max_incoming_streams = 300;
  SctpPair pair({.delay = 5ms}, options);
  pair.Connect();
  ASSERT_TRUE(Reset(pair.a, {StreamId{900}}).has_value());
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.outgoing_resets.size() == 1; }));
  EXPECT_TRUE(pair.b.incoming_resets.empty());
}

// While the table of streams grows, usrsctp must not be in the middle of a message.
TEST(UsrsctpStreamsTest, GrowthInTheMiddleOfMessagesLosesNone) {
  SctpPair pair({.delay = 20ms, .rate_bps = 20'000'000});
  pair.Connect();
  for (std::uint16_t stream = 0; stream < 4; ++stream) {
    ASSERT_TRUE(pair.a.Send(stream, RandomBytes(200'000, stream)).has_value());
  }
  pair.loop.RunFor(100ms);  // in the middle of one
  EXPECT_EQ(pair.a.Send(400, Bytes(10)).error().code, Errc::kBufferFull);
  EXPECT_EQ(pair.a.Send(0, Bytes(10)).error().code, Errc::kBufferFull) << "first the streams";
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.Send(400, Bytes(10)).has_value(); }));
  ASSERT_TRUE(pair.a.Send(0, Bytes(10)).has_value());
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 6; }));
  for (const auto& message : pair.b.messages) {
    if (message.data.size() == 10) continue;
    EXPECT_EQ(message.data, RandomBytes(200'000, ToInt(message.stream)));
  }
}

TEST(UsrsctpStreamsTest, AnOutageIsNoRefusalOfMoreStreams) {
  SctpPair pair({.delay = 5ms});
  pair.Connect();
  pair.path.SetDown(true);
  EXPECT_EQ(pair.a.Send(400, Bytes(10)).error().code, Errc::kBufferFull);
  pair.loop.RunFor(300s);
  EXPECT_EQ(pair.a.Send(400, Bytes(10)).error().code, Errc::kBufferFull);
  pair.path.SetDown(false);
  EXPECT_TRUE(pair.RunUntil([&] { return pair.a.Send(400, Bytes(10)).has_value(); }, 5s));
}

TEST(UsrsctpStreamsTest, ResetNeedsAConnectedAssociation) {
  SctpPair pair;
  EXPECT_EQ(Reset(pair.a, {StreamId{0}}).error().code, Errc::kInvalidState);
  pair.Connect();
  pair.a.association->Close();
  EXPECT_EQ(Reset(pair.a, {StreamId{0}}).error().code, Errc::kClosed);
}

TEST(UsrsctpStreamsTest, SendingOnAResettingStreamWaits) {
  SctpPair pair({.delay = 10ms});
  pair.Connect();
  ASSERT_TRUE(pair.a.Send(0, Bytes(2000)).has_value());
  ASSERT_TRUE(Reset(pair.a, {StreamId{0}}).has_value());
  EXPECT_EQ(pair.a.Send(0, Bytes(2000)).error().code, Errc::kBufferFull);
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.Send(0, Bytes(2000)).has_value(); }));
  EXPECT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 2; }));
  EXPECT_EQ(pair.a.outgoing_resets.size(), 1u);
}

TEST(UsrsctpStreamsTest, TheTableGrowsWhenAHigherStreamIsUsed) {
  SctpPair pair({.delay = 5ms});
  pair.Connect();
  const std::size_t before = pair.a.acknowledgements;
  EXPECT_EQ(pair.a.Send(700, Bytes(10)).error().code, Errc::kBufferFull);
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.acknowledgements > before; }));
  EXPECT_GE(pair.a.association->stream_count(), 701);
  ASSERT_TRUE(pair.a.Send(700, Bytes(10)).has_value());
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 1; }));
  EXPECT_EQ(pair.b.messages[0].stream, StreamId{700});
  // Both ends may grow, also with resets under way.
  ASSERT_TRUE(Reset(pair.b, {StreamId{0}, StreamId{1}}).has_value());
  EXPECT_FALSE(pair.b.Send(500, Bytes(10)).has_value());
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.Send(500, Bytes(10)).has_value(); }));
  EXPECT_TRUE(pair.RunUntil([&] { return pair.a.messages.size() == 1; }));
  EXPECT_EQ(pair.b.outgoing_resets.size(), 2u);
}

TEST(UsrsctpStreamsTest, MoreThanTheOtherEndAllowsIsRefusedByName) {
  UsrsctpAssociationOptions options;
  options.max_incoming_streams = 300;
  SctpPair pair({.delay = 5ms}, options);
  pair.Connect();
  EXPECT_EQ(pair.a.Send(600, Bytes(10)).error().code, Errc::kBufferFull);
  ASSERT_TRUE(pair.RunUntil([&] {
    const auto sent = pair.a.Send(600, Bytes(10));
    return !sent && sent.error().code == Errc::kLimitExceeded;
  }));
  EXPECT_EQ(pair.a.Send(65535, Bytes(10)).error().code, Errc::kLimitExceeded);
  // What is allowed still is.
  EXPECT_TRUE(pair.a.Send(0, Bytes(10)).has_value());
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.Send(299, Bytes(10)).has_value(); }));
  EXPECT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 2; }));
}

TEST(UsrsctpStreamsTest, AnEndThatNeverAnswersCostsTheChannelNotTheAssociation) {
  SctpPair pair({.delay = 5ms});
  pair.Connect();
  bool deaf = true;
  pair.path.a_to_b().SetReceiver([&](ByteSpan packet) {
    bool asks = false;
    ForEachChunk(packet, [&](ByteSpan chunk) { asks = asks || chunk[0] == kReConfigChunk; });
    if (!asks || !deaf) pair.b.association->ReceivePacket(packet);
  });
  EXPECT_EQ(pair.a.Send(600, Bytes(10)).error().code, Errc::kBufferFull);
  pair.loop.RunFor(29s);
  EXPECT_EQ(pair.a.Send(600, Bytes(10)).error().code, Errc::kBufferFull);
  pair.loop.RunFor(2s);
  EXPECT_EQ(pair.a.Send(600, Bytes(10)).error().code, Errc::kLimitExceeded);
  EXPECT_TRUE(pair.a.Send(0, Bytes(10)).has_value());
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 1; }));
  pair.loop.RunFor(300s);
  EXPECT_FALSE(pair.a.over());
  // The answer comes after all.
  deaf = false;
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.Send(600, Bytes(10)).has_value(); }, 10s));
}

TEST(UsrsctpStreamsTest, ResetsAndGrowthSurviveLoss) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    SctpPair pair({.delay = 10ms, .loss = 0.2, .seed = seed});
    pair.Connect();
    for (std::uint16_t i = 0; i < 20; ++i) {
      ASSERT_TRUE(pair.a.Send(i, Bytes(2000)).has_value());
      ASSERT_TRUE(Reset(pair.a, {StreamId{i}}).has_value());
    }
    (void)pair.a.Send(400, Bytes(1));
    ASSERT_TRUE(pair.RunUntil([&] { return pair.a.outgoing_resets.size() == 20; }, 300s));
    ASSERT_TRUE(pair.RunUntil([&] { return pair.b.incoming_resets.size() == 20; }, 300s));
    ASSERT_TRUE(pair.RunUntil([&] { return pair.a.Send(400, Bytes(1)).has_value(); }, 300s));
    EXPECT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 21; }, 300s));
  }
}

}  // namespace
}  // namespace pairwire::sctp

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Sending: PPIDs, limits, buffered amounts under random acknowledgements, fairness, growing stream
// tables.
#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "sctp/channel_mux.h"
#include "tests/sctp/mux_end.h"
#include "tests/support/seed_trace.h"
#include "tests/support/seeded_random.h"

namespace pairwire::sctp {
namespace {

using pairwire::test::SeededRandom;
using test::FakeMux;

TEST(ChannelMuxSendTest, PpidsSayTextBinaryAndEmpty) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.OpenChannel();
  mux.fake->sent.clear();
  ASSERT_TRUE(mux.end.mux->Send(id, AsBytes("text"), true).has_value());
  ASSERT_TRUE(mux.end.mux->Send(id, AsBytes("binary"), false).has_value());
  ASSERT_TRUE(mux.end.mux->Send(id, {}, true).has_value());
  ASSERT_TRUE(mux.end.mux->Send(id, {}, false).has_value());
  ASSERT_EQ(mux.fake->sent.size(), 4u);
  EXPECT_EQ(mux.fake->sent[0].ppid, Ppid::kString);
  EXPECT_EQ(mux.fake->sent[1].ppid, Ppid::kBinary);
  EXPECT_EQ(mux.fake->sent[2].ppid, Ppid::kStringEmpty);
  EXPECT_EQ(mux.fake->sent[2].data, Bytes{0});
  EXPECT_EQ(mux.fake->sent[3].ppid, Ppid::kBinaryEmpty);
  EXPECT_EQ(mux.fake->sent[3].data, Bytes{0});
}

TEST(ChannelMuxSendTest, TheOtherEndsLimitIsKept) {
  FakeMux mux;
  mux.Connect(true, 100);
  const ChannelId id = mux.OpenChannel();
  EXPECT_TRUE(mux.end.mux->Send(id, Bytes(100), false).has_value());
  EXPECT_EQ(mux.end.mux->Send(id, Bytes(101), false).error().code, Errc::kMessageTooLarge);

  FakeMux unlimited;
  unlimited.Connect(true, 0);
  const ChannelId other = unlimited.OpenChannel();
  EXPECT_TRUE(unlimited.end.mux->Send(other, Bytes(3'000'000), false).has_value());
}

TEST(ChannelMuxSendTest, TheTotalIsBounded) {
  FakeMux mux({.max_buffered_amount = 1000});
  mux.Connect();
  const ChannelId a = mux.OpenChannel();
  const ChannelId b = mux.OpenChannel();
  ASSERT_TRUE(mux.end.mux->Send(a, Bytes(600), false).has_value());
  EXPECT_EQ(mux.end.mux->Send(b, Bytes(401), false).error().code, Errc::kBufferFull);
  ASSERT_TRUE(mux.end.mux->Send(b, Bytes(400), false).has_value());
  EXPECT_EQ(mux.end.mux->Send(b, Bytes(1), false).error().code, Errc::kBufferFull);
  // No waiting would help.
  EXPECT_EQ(mux.end.mux->Send(b, Bytes(1001), false).error().code, Errc::kMessageTooLarge);
  EXPECT_EQ(mux.end.mux->total_buffered_amount(), 1000u);
  mux.fake->AcknowledgeAll();
  EXPECT_EQ(mux.end.mux->total_buffered_amount(), 0u);
  EXPECT_TRUE(mux.end.mux->Send(b, Bytes(1000), false).has_value());
}

TEST(ChannelMuxSendTest, TheNumberOfWaitingMessagesIsBounded) {
  FakeMux mux({.max_buffered_amount = 100'000'000});
  mux.Connect();
  const ChannelId id = mux.OpenChannel();
  mux.fake->capacity = 0;
  int accepted = 0;
  while (mux.end.mux->Send(id, Bytes(1), false).has_value()) ++accepted;
  EXPECT_EQ(accepted, 65'536);
  EXPECT_EQ(mux.end.mux->Send(id, Bytes(1), false).error().code, Errc::kBufferFull);
  mux.fake->capacity = 1'000'000;
  mux.fake->AcknowledgeAll();
  EXPECT_TRUE(mux.end.mux->Send(id, Bytes(1), false).has_value());
}

TEST(ChannelMuxSendTest, MessagesWaitForRoomAndGoOnInOrder) {
  FakeMux mux;
  mux.Connect();
  const ChannelId id = mux.OpenChannel();
  mux.fake->AcknowledgeAll();
  mux.fake->sent.clear();
  mux.fake->capacity = 100;
  for (std::uint8_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(mux.end.mux->Send(id, Bytes(30, i), false).has_value());
  }
  EXPECT_EQ(mux.fake->sent.size(), 3u);
  EXPECT_EQ(mux.end.mux->buffered_amount(id), 300u);
  for (int rounds = 0; rounds < 20 && mux.fake->unacknowledged > 0; ++rounds) {
    mux.fake->Acknowledge(30);
  }
  ASSERT_EQ(mux.fake->sent.size(), 10u);
  for (std::uint8_t i = 0; i < 10; ++i) EXPECT_EQ(mux.fake->sent[i].data, Bytes(30, i));
  EXPECT_EQ(mux.end.mux->buffered_amount(id), 0u);
}

TEST(ChannelMuxSendTest, AChannelWhoseStreamIsMissingHoldsUpNobody) {
  FakeMux mux;
  mux.Connect();
  const ChannelId first = mux.OpenChannel();  // stream 0
  mux.fake->streams = 2;
  const ChannelId late = mux.end.mux->Open({.label = "late"}).value();  // stream 2
  EXPECT_EQ(mux.fake->wanted_streams, 3u);
  ASSERT_TRUE(mux.end.mux->Send(late, Bytes(10), false).has_value());
  const std::size_t before = mux.fake->sent.size();
  ASSERT_TRUE(mux.end.mux->Send(first, Bytes(10), false).has_value());
  EXPECT_EQ(mux.fake->sent.size(), before + 1);
  mux.fake->streams = 64;
  mux.fake->Acknowledge(0);
  ASSERT_EQ(mux.fake->sent.size(), before + 3);
  EXPECT_EQ(mux.fake->sent[before + 1].ppid, Ppid::kDcep);
  EXPECT_EQ(mux.fake->sent[before + 2].ppid, Ppid::kBinary);
}

TEST(ChannelMuxSendTest, AStreamThatCannotBeHadClosesOnlyItsChannel) {
  FakeMux mux;
  mux.Connect();
  const ChannelId first = mux.OpenChannel();
  mux.fake->send_error = Error{Errc::kLimitExceeded, "no more streams"};
  const ChannelId late = mux.end.mux->Open({.label = "late"}).value();
  mux.loop.RunUntilIdle();
  ASSERT_TRUE(mux.end.closed.contains(late));
  EXPECT_EQ(mux.end.closed[late]->code, Errc::kLimitExceeded);
  EXPECT_FALSE(mux.end.closed.contains(first));
  mux.fake->send_error.reset();
  EXPECT_TRUE(mux.end.mux->Send(first, Bytes(10), false).has_value());
}

// The property: whatever is sent and acknowledged, in whatever order, the amounts add up to what
// was accepted and not acknowledged, never exceed the bound, and end at 0.
TEST(ChannelMuxSendTest, BufferedAmountsAddUpUnderRandomAcknowledgements) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    PAIRWIRE_TRACE_SEED(seed);
    SeededRandom random(seed);
    FakeMux mux({.max_buffered_amount = 20'000});
    mux.Connect();
    std::vector<ChannelId> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(mux.OpenChannel());
    mux.fake->AcknowledgeAll();
    mux.fake->capacity = 5'000;
    std::size_t accepted = 0;
    std::size_t acknowledged = 0;
    const auto check = [&] {
      std::size_t sum = 0;
      for (const ChannelId id : ids) {
        sum += mux.end.mux->buffered_amount(id);
        ASSERT_EQ(mux.end.buffered[id], mux.end.mux->buffered_amount(id));
      }
      ASSERT_EQ(sum, accepted - acknowledged);
      ASSERT_EQ(sum, mux.end.mux->total_buffered_amount());
      ASSERT_LE(sum, 20'000u);
    };
    for (int step = 0; step < 500; ++step) {
      if (random.Chance(0.6)) {
        const std::size_t size = random.NextBelow(1500);
        const ChannelId id = ids[random.NextBelow(ids.size())];
        // An empty message counts as the one byte that it is on the wire.
        if (mux.end.mux->Send(id, Bytes(size), false)) accepted += std::max<std::size_t>(size, 1);
      } else {
        const std::size_t size = random.NextBelow(mux.fake->unacknowledged + 1);
        acknowledged += size;
        mux.fake->Acknowledge(size);
      }
      check();
      if (HasFatalFailure()) return;
    }
    while (mux.fake->unacknowledged > 0) {
      acknowledged += mux.fake->unacknowledged;
      mux.fake->AcknowledgeAll();
    }
    check();
    ASSERT_EQ(accepted, acknowledged);
    ASSERT_EQ(mux.end.mux->total_buffered_amount(), 0u);
  }
}

}  // namespace
}  // namespace pairwire::sctp

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Two real associations on a perfect path: connecting, messages of all sizes, back-pressure,
// acknowledgement, closing. Loss, malformed input and lifetime have files of their own.
#include "sctp/usrsctp_association.h"

#include <gtest/gtest.h>
#include <usrsctp.h>

#include <cstring>

#include "sctp/crc32c.h"
#include "tests/sctp/sctp_pair.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using test::RandomBytes;
using test::SctpPair;

TEST(UsrsctpAssociationTest, BothEndsConnectAtOnce) {
  SctpPair pair;
  pair.Connect();
  EXPECT_EQ(pair.a.states, std::vector{AssociationState::kConnected});
  EXPECT_EQ(pair.b.states, std::vector{AssociationState::kConnected});
  EXPECT_EQ(pair.a.association->stream_count(), kInitialStreams);
}

TEST(UsrsctpAssociationTest, OneEndMayBeLate) {
  SctpPair pair;
  ASSERT_TRUE(pair.a.association->Connect(0).has_value());
  pair.loop.AdvanceBy(3s);  // INITs of a are dropped: b has not called Connect
  ASSERT_TRUE(pair.b.association->Connect(0).has_value());
  EXPECT_TRUE(pair.RunUntil([&] { return pair.a.connected() && pair.b.connected(); }));
}

TEST(UsrsctpAssociationTest, ConnectIsOnce) {
  SctpPair pair;
  pair.Connect();
  EXPECT_EQ(pair.a.association->Connect(0).error().code, Errc::kInvalidState);
}

TEST(UsrsctpAssociationTest, SendBeforeConnectedIsRefused) {
  SctpPair pair;
  EXPECT_EQ(pair.a.Send(0, Bytes{1}).error().code, Errc::kInvalidState);
  pair.StartConnecting();
  EXPECT_EQ(pair.a.Send(0, Bytes{1}).error().code, Errc::kInvalidState);
}

TEST(UsrsctpAssociationTest, MessagesOfAllSizesArriveWholeAndInOrder) {
  SctpPair pair;
  pair.Connect();
  std::vector<test::ReceivedMessage> sent;
  for (const std::size_t size : {1u, 2u, 3u, 100u, 1023u, 1024u, 1025u, 1132u, 1148u, 1149u, 4096u,
                                 65'536u, 65'537u, 262'143u, 262'144u, 1u, 5u}) {
    const Bytes data = RandomBytes(size, size);
    const Ppid ppid = size % 2 == 0 ? Ppid::kString : Ppid::kBinary;
    ASSERT_TRUE(pair.a.Send(7, data, ppid).has_value()) << size;
    sent.push_back({StreamId{7}, ppid, data});
  }
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == sent.size(); }));
  EXPECT_TRUE(pair.b.messages == sent);
  EXPECT_TRUE(pair.RunUntil([&] { return pair.a.unacknowledged == 0; }));
}

TEST(UsrsctpAssociationTest, PacketsFitIntoTheirDatagram) {
  SctpPair pair;
  pair.Connect();
  ASSERT_TRUE(pair.a.Send(0, RandomBytes(100'000, 1)).has_value());
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.received_bytes == 100'000; }));
  // 1163 is what DTLS 1.2 leaves of 1200 bytes.
  EXPECT_EQ(pair.a.largest_packet, 1160u);
}

TEST(UsrsctpAssociationTest, SmallMessagesOfOneTurnShareAPacket) {
  SctpPair pair;
  pair.Connect();
  pair.loop.AdvanceBy(1s);
  const std::size_t before = pair.a.packets;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(pair.a.Send(0, RandomBytes(64, 1)).has_value());
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 10; }, 100ms));
  EXPECT_LE(pair.a.packets - before, 2u);
}

TEST(UsrsctpAssociationTest, OneSmallMessageNeedsNoTimer) {
  SctpPair pair;
  pair.Connect();
  pair.loop.AdvanceBy(1s);
  ASSERT_TRUE(pair.a.Send(0, Bytes{1}).has_value());
  pair.loop.RunUntilIdle();
  EXPECT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 1; }, 1ms));
}

TEST(UsrsctpAssociationTest, HeldMessagesKeepTheirPlaceBeforeLargeOnes) {
  SctpPair pair;
  pair.Connect();
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 60; ++i) {
    const std::size_t size = i % 3 == 2 ? 20'000u : 10u + static_cast<std::size_t>(i);
    ASSERT_TRUE(pair.a.Send(0, Bytes(size, 1)).has_value());
    sizes.push_back(size);
  }
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == sizes.size(); }));
  for (std::size_t i = 0; i < sizes.size(); ++i)
    EXPECT_EQ(pair.b.messages[i].data.size(), sizes[i]);
}

TEST(UsrsctpAssociationTest, EmptyAndTooLargeMessagesAreRefused) {
  UsrsctpAssociationOptions options;
  options.send_buffer = 128 * 1024;
  SctpPair pair({}, options);
  pair.Connect();
  EXPECT_EQ(pair.a.Send(0, {}).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(pair.a.Send(0, Bytes(128 * 1024 + 1)).error().code, Errc::kMessageTooLarge);
  EXPECT_TRUE(pair.a.Send(0, Bytes(128 * 1024)).has_value());
  EXPECT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 1; }));
}

TEST(UsrsctpAssociationTest, AFullBufferSaysSoAndThenHasRoomAgain) {
  SctpPair pair({.delay = 10ms});
  pair.Connect();
  pair.b.keep_messages = false;
  std::size_t sent = 0;
  while (pair.a.Send(0, Bytes(60'000)).has_value()) ++sent;
  EXPECT_EQ(pair.a.Send(0, Bytes(60'000)).error().code, Errc::kBufferFull);
  EXPECT_GE(sent, 60u);  // about 4 MiB
  const std::size_t before = pair.a.acknowledgements;
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.acknowledgements > before; }));
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.Send(0, Bytes(60'000)).has_value(); }));
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.received_bytes == (sent + 1) * 60'000; }));
  EXPECT_TRUE(pair.RunUntil([&] { return pair.a.unacknowledged == 0; }));
}

TEST(UsrsctpAssociationTest, UnacknowledgedBytesOnlyFallAndEndAtZero) {
  SctpPair pair({.delay = 5ms, .jitter = 5ms});
  pair.Connect();
  std::size_t last = 1'000'000;
  pair.a.hook = [&](int) {
    EXPECT_LE(pair.a.unacknowledged, last);
    last = pair.a.unacknowledged;
  };
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(pair.a.Send(0, Bytes(1000)).has_value());
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.unacknowledged == 0; }));
  EXPECT_EQ(pair.b.received_bytes, 1'000'000u);
  EXPECT_GT(pair.a.acknowledgements, 5u);
}

TEST(UsrsctpAssociationTest, PausedReceiverStopsTheSenderAndLosesNothing) {
  SctpPair pair;
  pair.Connect();
  pair.b.association->PauseReceiving();
  pair.b.keep_messages = false;
  std::size_t sent = 0;
  const auto fill = [&] {
    while (pair.a.Send(0, Bytes(50'000, static_cast<std::uint8_t>(sent))).has_value()) ++sent;
  };
  for (int i = 0; i < 40; ++i) {
    fill();
    pair.loop.AdvanceBy(500ms);
  }
  EXPECT_EQ(pair.b.received_bytes, 0u);
  // Our 4 MiB of send buffer and the other end's 4 MiB of window, not more.
  EXPECT_GT(sent * 50'000, 6'000'000u);
  EXPECT_LT(sent * 50'000, 10'000'000u);
  pair.b.association->ResumeReceiving();
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.received_bytes == sent * 50'000; }));
  EXPECT_TRUE(pair.RunUntil([&] { return pair.a.unacknowledged == 0; }));
}

TEST(UsrsctpAssociationTest, PauseInsideAMessageStopsAfterIt) {
  SctpPair pair;
  pair.Connect();
  pair.b.hook = [&](int) { pair.b.association->PauseReceiving(); };
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(pair.a.Send(0, Bytes(2000)).has_value());
  pair.loop.AdvanceBy(1s);
  EXPECT_EQ(pair.b.messages.size(), 1u);
  for (std::size_t i = 2; i <= 5; ++i) {
    pair.b.association->ResumeReceiving();
    pair.loop.AdvanceBy(100ms);
    EXPECT_EQ(pair.b.messages.size(), i);
  }
}

TEST(UsrsctpAssociationTest, CloseDeliversEverythingFirst) {
  SctpPair pair({.delay = 10ms});
  pair.Connect();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(pair.a.Send(0, Bytes(10'000)).has_value());
  ASSERT_TRUE(pair.a.Send(0, Bytes(1)).has_value());
  pair.a.association->Close();
  EXPECT_EQ(pair.a.Send(0, Bytes(1)).error().code, Errc::kClosed);
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.over() && pair.b.over(); }));
  EXPECT_EQ(pair.b.received_bytes, 1'000'001u);
  EXPECT_EQ(pair.a.states.back(), AssociationState::kClosed);
  EXPECT_EQ(pair.b.states.back(), AssociationState::kClosed);
  EXPECT_EQ(pair.b.Send(0, Bytes(1)).error().code, Errc::kClosed);
}

TEST(UsrsctpAssociationTest, BothMayCloseAtOnce) {
  SctpPair pair({.delay = 10ms});
  pair.Connect();
  pair.a.association->Close();
  pair.b.association->Close();
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.over() && pair.b.over(); }));
  EXPECT_EQ(pair.a.states.back(), AssociationState::kClosed);
  EXPECT_EQ(pair.b.states.back(), AssociationState::kClosed);
}

TEST(UsrsctpAssociationTest, CloseBeforeConnectedIsReportedOnceFromTheLoop) {
  SctpPair pair;
  pair.a.association->Close();
  EXPECT_TRUE(pair.a.states.empty());
  pair.loop.RunUntilIdle();
  EXPECT_EQ(pair.a.states, std::vector{AssociationState::kClosed});
  ASSERT_TRUE(pair.b.association->Connect(0).has_value());
  pair.b.association->Close();
  pair.b.association->Close();
  pair.loop.AdvanceBy(1s);
  EXPECT_EQ(pair.b.states, std::vector{AssociationState::kClosed});
}

TEST(UsrsctpAssociationTest, DestructionAbortsTheOtherEnd) {
  SctpPair pair;
  pair.Connect();
  pair.a.association.reset();
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.over(); }, 1s));
  EXPECT_EQ(pair.b.states.back(), AssociationState::kFailed);
  EXPECT_EQ(pair.b.error.code, Errc::kSctpFailed);
  EXPECT_FALSE(pair.b.error.detail.empty());
}

TEST(UsrsctpAssociationTest, NobodyThereIsAFailure) {
  SctpPair pair;
  pair.path.SetDown(true);
  pair.StartConnecting();
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.over() && pair.b.over(); }, 10min));
  EXPECT_EQ(pair.a.states, std::vector{AssociationState::kFailed});
  EXPECT_EQ(pair.a.error.code, Errc::kSctpFailed);
}

TEST(UsrsctpAssociationTest, APathThatComesBackGoesOn) {
  SctpPair pair;
  pair.Connect();
  pair.path.SetDown(true);
  ASSERT_TRUE(pair.a.Send(0, Bytes(1000)).has_value());
  pair.loop.AdvanceBy(10s);
  pair.path.SetDown(false);
  EXPECT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 1; }, 30s));
}

TEST(UsrsctpAssociationTest, AMessageOverTheLimitEndsTheAssociationByName) {
  UsrsctpAssociationOptions options;
  options.max_message_size = 100'000;
  SctpPair pair({}, options);
  pair.Connect();
  ASSERT_TRUE(pair.a.Send(0, Bytes(100'000)).has_value());
  ASSERT_TRUE(pair.a.Send(0, Bytes(100'001)).has_value());
  ASSERT_TRUE(pair.RunUntil([&] { return pair.a.over() && pair.b.over(); }));
  EXPECT_EQ(pair.b.messages.size(), 1u);
  EXPECT_EQ(pair.b.states.back(), AssociationState::kFailed);
  EXPECT_EQ(pair.b.error.code, Errc::kMessageTooLarge);
  EXPECT_EQ(pair.a.states.back(), AssociationState::kFailed);
}

TEST(UsrsctpAssociationTest, AMessageFarOverTheLimitIsNeverHeldWhole) {
  UsrsctpAssociationOptions options;
  options.max_message_size = 100'000;
  SctpPair pair({}, options);
  pair.Connect();
  ASSERT_TRUE(pair.a.Send(0, Bytes(4'000'000)).has_value());
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.over(); }));
  EXPECT_EQ(pair.b.error.code, Errc::kMessageTooLarge);
  // It ended soon after the limit, not after 4 MB.
  EXPECT_LT(pair.path.a_to_b().counters().delivered_bytes, 1'000'000u);
}

TEST(UsrsctpAssociationTest, MessagesLargerThanTheReadBufferArePutTogether) {
  UsrsctpAssociationOptions options;
  options.max_message_size = 3 * 1024 * 1024;
  options.receive_buffer = 8 * 1024 * 1024;
  SctpPair pair({}, options);
  pair.Connect();
  const Bytes large = RandomBytes(3 * 1024 * 1024, 5);
  ASSERT_TRUE(pair.a.Send(3, large).has_value());
  ASSERT_TRUE(pair.a.Send(4, Bytes{1, 2}).has_value());
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 2; }));
  EXPECT_TRUE(pair.b.messages[0].data == large || pair.b.messages[1].data == large);
}

TEST(UsrsctpAssociationTest, ChecksumsAreThoseThatTheLibraryComputes) {
  SctpPair pair;
  std::vector<Bytes> packets;
  pair.a.capture = [&](ByteSpan packet) { packets.emplace_back(packet.begin(), packet.end()); };
  pair.Connect();
  ASSERT_TRUE(pair.a.Send(0, RandomBytes(5000, 2)).has_value());
  ASSERT_TRUE(pair.RunUntil([&] { return pair.b.messages.size() == 1; }));
  ASSERT_GT(packets.size(), 6u);
  for (Bytes& packet : packets) {
    const Bytes field(packet.begin() + 8, packet.begin() + 12);
    for (std::size_t i = 8; i < 12; ++i) packet[i] = 0;
    // usrsctp stores this word in host order.
    const std::uint32_t expected = usrsctp_crc32c(packet.data(), packet.size());
    std::uint32_t stored;
    std::memcpy(&stored, field.data(), 4);
    EXPECT_EQ(stored, expected);
  }
}

TEST(UsrsctpAssociationTest, TheLibraryAcceptsOurChecksumsWhenItChecks) {
  SctpPair pair;
  usrsctp_disable_crc32c_offload();
  pair.Connect();
  ASSERT_TRUE(pair.a.Send(0, RandomBytes(5000, 2)).has_value());
  const bool arrived = pair.RunUntil([&] { return pair.b.messages.size() == 1; });
  usrsctp_enable_crc32c_offload();
  EXPECT_TRUE(arrived);
}

}  // namespace
}  // namespace pairwire::sctp

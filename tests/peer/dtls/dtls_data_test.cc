// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// An established association: data, sizes, replay, close.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "peer/dtls/replay_window.h"
#include "tests/peer/dtls/dtls_pair.h"

namespace pairwire::dtls::test {
namespace {

using testing::ElementsAre;

TEST(DtlsData, TenThousandRecordsEachWay) {
  Pair pair;
  pair.Connect();
  constexpr std::size_t kRecords = 10'000;
  for (std::size_t i = 0; i < kRecords; ++i) {
    ASSERT_TRUE(pair.client.transport().Send(AsBytes("c" + std::to_string(i))).has_value());
    ASSERT_TRUE(pair.server.transport().Send(AsBytes("s" + std::to_string(i))).has_value());
    if (i % 100 == 0) pair.loop.AdvanceBy(20ms);
  }
  pair.Settle();
  ASSERT_EQ(pair.server.data.size(), kRecords);
  ASSERT_EQ(pair.client.data.size(), kRecords);
  for (std::size_t i = 0; i < kRecords; ++i) {
    ASSERT_EQ(AsText(pair.server.data[i]), "c" + std::to_string(i));
    ASSERT_EQ(AsText(pair.client.data[i]), "s" + std::to_string(i));
  }
}

TEST(DtlsData, Sizes) {
  Pair pair;
  pair.Connect();
  const std::vector<std::size_t> sizes{1, 2, 1163, 2000, 16'383, 16'384};
  for (const std::size_t size : sizes) {
    ASSERT_TRUE(pair.client.transport().Send(Bytes(size, 0xab)).has_value()) << size;
    // One record is one datagram, whatever the mtu: the caller keeps to it.
    EXPECT_EQ(pair.client.sent.back().size(), size + kRecordOverhead);
  }
  pair.Settle();
  ASSERT_EQ(pair.server.data.size(), sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_EQ(pair.server.data[i], Bytes(sizes[i], 0xab));
  }
  const auto too_large = pair.client.transport().Send(Bytes(16'385));
  EXPECT_EQ(too_large.error().code, Errc::kMessageTooLarge);
  EXPECT_EQ(pair.client.transport().Send({}).error().code, Errc::kInvalidArgument);
  EXPECT_TRUE(pair.client.transport().Send(AsBytes("still up")).has_value());
}

TEST(DtlsData, SeveralRecordsInOneDatagram) {
  Pair pair;
  pair.Connect();
  Bytes datagram;
  pair.pass = [&](int, bool, ByteSpan packet) {
    datagram.insert(datagram.end(), packet.begin(), packet.end());
    return false;
  };
  for (const char* text : {"a", "b", "c"}) (void)pair.client.transport().Send(AsBytes(text));
  pair.server.Receive(datagram);
  ASSERT_EQ(pair.server.data.size(), 3U);
  EXPECT_EQ(AsText(pair.server.data[1]), "b");
}

TEST(DtlsData, AReplayedRecordIsDropped) {
  Pair pair;
  pair.Connect();
  (void)pair.client.transport().Send(AsBytes("once"));
  pair.Settle();
  const Bytes record = pair.client.sent.back();
  for (int i = 0; i < 5; ++i) pair.server.Receive(record);
  EXPECT_EQ(pair.server.data.size(), 1U);
  // Older than the window.
  constexpr std::size_t kLater = ReplayWindow::kSize + 100;
  for (std::size_t i = 0; i < kLater; ++i) (void)pair.client.transport().Send(AsBytes("x"));
  pair.Settle();
  pair.server.Receive(record);
  EXPECT_EQ(pair.server.data.size(), kLater + 1);
  EXPECT_TRUE(pair.BothAre(State::kConnected));
}

TEST(DtlsData, OurOwnRecordsDoNotComeBack) {
  Pair pair;
  pair.Connect();
  (void)pair.client.transport().Send(AsBytes("mine"));
  const auto sent = pair.client.sent;
  for (const Bytes& packet : sent) pair.client.Receive(packet);
  EXPECT_EQ(pair.client.data.size(), 0U);
  EXPECT_EQ(pair.client.state(), State::kConnected);
}

TEST(DtlsData, RecordsOfAnotherAssociationAreDropped) {
  Pair pair;
  Pair other;
  pair.Connect();
  other.Connect();
  (void)other.client.transport().Send(AsBytes("not for you"));
  pair.server.Receive(other.client.sent.back());
  EXPECT_EQ(pair.server.data.size(), 0U);
  EXPECT_EQ(pair.server.state(), State::kConnected);
}

TEST(DtlsData, SendFromInsideTheDataEvent) {
  Pair pair;
  pair.Connect();
  pair.server.on_data = [&](ByteSpan data) { (void)pair.server.transport().Send(data); };
  (void)pair.client.transport().Send(AsBytes("echo"));
  pair.Settle();
  ASSERT_EQ(pair.client.data.size(), 1U);
  EXPECT_EQ(AsText(pair.client.data[0]), "echo");
}

TEST(DtlsData, CloseFromInsideTheDataEventStopsDelivery) {
  Pair pair;
  pair.Connect();
  Bytes datagram;
  pair.pass = [&](int, bool from_client, ByteSpan packet) {
    if (from_client) datagram.insert(datagram.end(), packet.begin(), packet.end());
    return !from_client;
  };
  for (int i = 0; i < 3; ++i) (void)pair.client.transport().Send(AsBytes("x"));
  pair.server.on_data = [&](ByteSpan) { pair.server.transport().Close(); };
  pair.server.Receive(datagram);
  EXPECT_EQ(pair.server.data.size(), 1U);
  EXPECT_EQ(pair.server.state(), State::kClosed);
  pair.Settle();
  EXPECT_EQ(pair.client.state(), State::kClosed);
}

TEST(DtlsClose, EitherEnd) {
  for (const bool client_closes : {true, false}) {
    Pair pair;
    pair.Connect();
    Endpoint& closes = client_closes ? pair.client : pair.server;
    Endpoint& hears = client_closes ? pair.server : pair.client;
    (void)closes.transport().Send(AsBytes("last words"));
    closes.transport().Close();
    EXPECT_EQ(closes.state(), State::kClosed);
    EXPECT_EQ(closes.transport().Send(AsBytes("x")).error().code, Errc::kClosed);
    pair.Settle();
    EXPECT_THAT(hears.states, ElementsAre(State::kConnecting, State::kConnected, State::kClosed));
    EXPECT_EQ(hears.data.size(), 1U);
    EXPECT_EQ(hears.transport().Send(AsBytes("x")).error().code, Errc::kClosed);
    // What we know of the other end outlives it.
    EXPECT_EQ(hears.transport().remote_certificate(), closes.certificate().der());
    hears.transport().Close();
    EXPECT_EQ(hears.states.size(), 3U);
  }
}

TEST(DtlsClose, BothAtOnce) {
  Pair pair;
  pair.Connect();
  pair.client.transport().Close();
  pair.server.transport().Close();
  pair.Settle();
  EXPECT_TRUE(pair.BothAre(State::kClosed));
  EXPECT_EQ(pair.client.states.size(), 3U);
  EXPECT_EQ(pair.server.states.size(), 3U);
}

TEST(DtlsClose, PacketsAfterwardsAreIgnored) {
  Pair pair;
  pair.Connect();
  pair.client.transport().Close();
  pair.Settle();
  const auto replies = pair.client.sent.size();
  for (const Bytes& packet : pair.server.sent) pair.client.Receive(packet);
  EXPECT_EQ(pair.client.sent.size(), replies);
  EXPECT_EQ(pair.client.states.size(), 3U);
}

TEST(DtlsState, Names) {
  EXPECT_EQ(ToString(State::kNew), "new");
  EXPECT_EQ(ToString(State::kConnecting), "connecting");
  EXPECT_EQ(ToString(State::kConnected), "connected");
  EXPECT_EQ(ToString(State::kClosed), "closed");
  EXPECT_EQ(ToString(State::kFailed), "failed");
}

}  // namespace
}  // namespace pairwire::dtls::test

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What an association is made with: an end that says it is ours gets more than a stranger, and
// a stranger all that it ever had.
#include "peer/connection/sctp_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/peer/connection/peer_pair.h"

namespace pairwire::test {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kAttribute = "a=x-pairwire:ufrag=";

TEST(SctpSetupTest, AStrangerIsTreatedAsEver) {
  const auto options = UsrsctpOptions(PeerConfiguration(), {.sctp_port = 5007});
  EXPECT_EQ(options.remote_port, 5007);
  EXPECT_EQ(options.peer_burst, 4);
  EXPECT_EQ(options.outgoing_streams, 256) << "some never answer a request for more";
  EXPECT_EQ(options.largest_packet_size, 0u);
}

TEST(SctpSetupTest, OneOfOursGetsBatchesLargePacketsAndFewStreams) {
  const auto options = UsrsctpOptions(PeerConfiguration(), {.sctp_burst = 24});
  EXPECT_EQ(options.peer_burst, 24);
  EXPECT_EQ(options.outgoing_streams, 16);
  EXPECT_EQ(options.largest_packet_size, 1432u);
}

TEST(SctpSetupTest, InterleavingIsForWhomItIsMeant) {
  PeerConfiguration configuration;
  const RemoteTransport ours{.sctp_burst = 32};
  EXPECT_FALSE(UsrsctpOptions(configuration, {}).interleaving);
  EXPECT_FALSE(UsrsctpOptions(configuration, ours).interleaving);  // the default
  configuration.interleaving = InterleavingPolicy::kOwnPeers;
  EXPECT_TRUE(UsrsctpOptions(configuration, ours).interleaving);
  configuration.interleaving = InterleavingPolicy::kAlways;
  EXPECT_TRUE(UsrsctpOptions(configuration, {}).interleaving);
  configuration.interleaving = InterleavingPolicy::kOff;
  EXPECT_FALSE(UsrsctpOptions(configuration, ours).interleaving);
}

TEST(SctpSetupTest, TheConfigurationIsHeeded) {
  PeerConfiguration configuration;
  configuration.max_message_size = 77'777;
  configuration.max_reassembly = 1'000;
  configuration.sctp_receive_window = 1024 * 1024;
  configuration.sctp_congestion_control = SctpCongestionControl::kHTcp;
  const auto options = UsrsctpOptions(configuration, {});
  EXPECT_EQ(options.max_message_size, 77'777u);
  EXPECT_EQ(options.max_reassembly, 78'777u);
  EXPECT_EQ(options.receive_buffer, 1024u * 1024);
  EXPECT_EQ(options.congestion_control, sctp::CongestionControl::kHTcp);
  EXPECT_EQ(LocalBurst(configuration), 32);
  configuration.sctp_congestion_control = SctpCongestionControl::kHighSpeed;
  EXPECT_EQ(LocalBurst(configuration), 2);
}

class SctpSetupPairTest : public ::testing::Test {
 protected:
  static std::uint32_t Mtu(PeerConnection& pc) {
    Watched<std::optional<StatsReport>> report;
    pc.GetStats([&](StatsReport made) { report.Set(std::move(made)); });
    if (!report.WaitUntil([](const auto& r) { return r.has_value(); })) return 0;
    const StatsReport got = *report.Get();
    return got.sctp_transports.empty() ? 0 : got.sctp_transports.front().mtu.value_or(0);
  }
  static SessionDescription WithoutAttribute(SessionDescription description) {
    const auto at = description.sdp.find(kAttribute);
    if (at != std::string::npos) {
      description.sdp.erase(at, description.sdp.find("\r\n", at) + 2 - at);
    }
    return description;
  }
  // What a stack says that answers with a copy of what it does not know, as libdatachannel does.
  static SessionDescription WithCopy(SessionDescription description) {
    const auto at = description.sdp.find(kAttribute);
    if (at != std::string::npos) description.sdp.insert(at + kAttribute.size(), "another");
    return description;
  }
  // A message there and one back: what was sent before it has been answered.
  static void RoundTrip(PeerPair& pair, RecordedChannel& at_a, std::size_t count) {
    ASSERT_TRUE(at_a.channel().Send("there"));
    RecordedChannel* const at_b = pair.b().WaitIncoming("x");
    ASSERT_NE(at_b, nullptr);
    ASSERT_TRUE(at_b->WaitMessages(count));
    ASSERT_TRUE(at_b->channel().Send("back"));
    ASSERT_TRUE(at_a.WaitMessages(count));
  }

  std::unique_ptr<Network> network_ = MakeNetwork();
};

TEST_F(SctpSetupPairTest, TwoOfOursUseLargePacketsWithinAFewRoundTrips) {
  PeerPair pair(*network_);
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
  ASSERT_TRUE(pair.Connect());
  ASSERT_TRUE(at_a.WaitOpen());
  for (std::size_t i = 1; i <= 3; ++i) RoundTrip(pair, at_a, i);
  EXPECT_THAT(pair.a().pc.local_description()->sdp, HasSubstr(kAttribute));
  EXPECT_THAT(pair.b().pc.local_description()->sdp, HasSubstr(kAttribute));
  EXPECT_EQ(Mtu(pair.a().pc), 1432u);
  EXPECT_EQ(Mtu(pair.b().pc), 1432u);
}

TEST_F(SctpSetupPairTest, AStrangerWorksAsEver) {
  PeerPair pair(*network_);
  pair.a().mangle = pair.b().mangle = &WithoutAttribute;
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
  ASSERT_TRUE(pair.Connect());
  ASSERT_TRUE(at_a.WaitOpen());
  for (std::size_t i = 1; i <= 3; ++i) RoundTrip(pair, at_a, i);
  EXPECT_EQ(Mtu(pair.a().pc), 1160u);
}

TEST_F(SctpSetupPairTest, ACopyOfOurAttributeIsAStrangers) {
  PeerPair pair(*network_);
  pair.a().mangle = pair.b().mangle = &WithCopy;
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
  ASSERT_TRUE(pair.Connect());
  ASSERT_TRUE(at_a.WaitOpen());
  for (std::size_t i = 1; i <= 3; ++i) RoundTrip(pair, at_a, i);
  EXPECT_EQ(Mtu(pair.a().pc), 1160u);
}

// Only one knows of the other: an answer that leaves the attribute out, and a middle box.
TEST_F(SctpSetupPairTest, OneSidedKnowledgeWorks) {
  PeerPair pair(*network_);
  pair.a().mangle = &WithoutAttribute;
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
  ASSERT_TRUE(pair.Connect());
  ASSERT_TRUE(at_a.WaitOpen());
  ASSERT_TRUE(at_a.channel().Send(Bytes(200'000)));
  RecordedChannel* const at_b = pair.b().WaitIncoming("x");
  ASSERT_NE(at_b, nullptr);
  ASSERT_TRUE(at_b->WaitMessages(1));
}

}  // namespace
}  // namespace pairwire::test

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What can be learnt of a connection from outside: statistics, diagnosis, certificates, a packet
// capture, the servers that failed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pairwire/certificate.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/peer/connection/peer_pair.h"

namespace pairwire::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class ObservationTest : public ::testing::Test {
 protected:
  static StatsReport Stats(PeerConnection& pc) {
    Watched<std::optional<StatsReport>> report;
    pc.GetStats([&](StatsReport made) { report.Set(std::move(made)); });
    EXPECT_TRUE(report.WaitUntil([](const auto& r) { return r.has_value(); }));
    return report.Get().value_or(StatsReport{});
  }

  std::unique_ptr<Network> network_ = MakeNetwork();
};

TEST_F(ObservationTest, StatsFollowTheMessages) {
  PeerPair pair(*network_);
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("x", {.protocol = "p"}));
  ASSERT_TRUE(pair.Connect());
  ASSERT_TRUE(at_a.WaitOpen());
  RecordedChannel* at_b = pair.b().WaitIncoming("x");
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(at_a.channel().Send(Bytes(1000)));
  ASSERT_TRUE(at_b->WaitMessages(7));
  ASSERT_TRUE(at_b->channel().Send("back"));
  ASSERT_TRUE(at_a.WaitMessages(1));

  const StatsReport report = Stats(pair.a().pc);
  EXPECT_EQ(report.peer_connection.data_channels_opened, 1u);
  ASSERT_THAT(report.data_channels, SizeIs(1));
  const auto& channel = report.data_channels.front();
  EXPECT_EQ(channel.label, "x");
  EXPECT_EQ(channel.protocol, "p");
  EXPECT_EQ(channel.state, "open");
  EXPECT_EQ(channel.messages_sent, 7u);
  EXPECT_EQ(channel.bytes_sent, 7000u);
  EXPECT_EQ(channel.messages_received, 1u);
  EXPECT_EQ(channel.bytes_received, 4u);

  ASSERT_THAT(report.transports, SizeIs(1));
  const auto& transport = report.transports.front();
  EXPECT_EQ(transport.dtls_state, "connected");
  EXPECT_EQ(transport.tls_version, "FEFD");
  EXPECT_THAT(*transport.dtls_cipher, HasSubstr("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"));
  EXPECT_EQ(transport.ice_role, "controlling");
  EXPECT_GT(transport.bytes_sent, 7000u);
  EXPECT_GT(transport.packets_received, 0u);
  EXPECT_EQ(transport.dtls_role, "server") << "the answerer is the client";

  ASSERT_THAT(report.candidate_pairs, SizeIs(1));
  const auto& selected = report.candidate_pairs.front();
  EXPECT_EQ(transport.selected_candidate_pair_id, selected.id);
  for (const auto& id : {selected.local_candidate_id, selected.remote_candidate_id}) {
    const auto known = std::ranges::find(report.candidates, id, &IceCandidateStats::id);
    ASSERT_NE(known, report.candidates.end()) << id;
    EXPECT_EQ(known->address, "127.0.0.1");
    EXPECT_EQ(known->protocol, "udp");
  }
  ASSERT_THAT(report.certificates, SizeIs(2));
  EXPECT_THAT(pair.a().pc.local_description()->sdp, HasSubstr(report.certificates[0].fingerprint));
  EXPECT_THAT(pair.b().pc.local_description()->sdp, HasSubstr(report.certificates[1].fingerprint));
  ASSERT_THAT(report.sctp_transports, SizeIs(1));
  EXPECT_EQ(report.sctp_transports.front().state, "connected");
  EXPECT_TRUE(nlohmann::json::accept(ToJson(report)));
}

TEST_F(ObservationTest, StatsOfANewConnectionAndOfNone) {
  PeerPair pair(*network_);
  EXPECT_EQ(Stats(pair.a().pc).transports.size(), 1u);
  PeerConnection none;
  EXPECT_TRUE(Stats(none).transports.empty());
}

TEST_F(ObservationTest, StatesOfTheLayers) {
  PeerPair pair(*network_);
  EXPECT_EQ(pair.a().pc.dtls_state(), DtlsTransportState::kNew);
  EXPECT_EQ(pair.a().pc.sctp_state(), SctpTransportState::kConnecting);
  EXPECT_EQ(pair.a().pc.can_trickle_ice_candidates(), std::nullopt);
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
  ASSERT_TRUE(pair.Connect());
  ASSERT_TRUE(at_a.WaitOpen());
  EXPECT_EQ(pair.a().pc.dtls_state(), DtlsTransportState::kConnected);
  EXPECT_EQ(pair.a().pc.sctp_state(), SctpTransportState::kConnected);
  EXPECT_EQ(pair.a().pc.can_trickle_ice_candidates(), true);
  EXPECT_THAT(pair.a().pc.remote_certificates(), SizeIs(1));
  EXPECT_EQ(pair.a().pc.pending_local_description(), std::nullopt);
  EXPECT_EQ(pair.a().pc.Diagnose().cause, FailureCause::kNone);
}

TEST_F(ObservationTest, AWrongFingerprintIsNamedAtBothEnds) {
  PeerPair pair(*network_);
  pair.a().mangle = [](SessionDescription offer) {
    auto at = offer.sdp.find("a=fingerprint:sha-256 ") + 22;
    offer.sdp[at] = offer.sdp[at] == '0' ? '1' : '0';
    return offer;
  };
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
  pair.Negotiate();
  ASSERT_TRUE(pair.b().WaitState(PeerConnectionState::kFailed));
  EXPECT_EQ(pair.b().pc.Diagnose().cause, FailureCause::kFingerprintMismatch);
  ASSERT_TRUE(pair.a().WaitState(PeerConnectionState::kFailed));
  EXPECT_EQ(pair.a().pc.Diagnose().cause, FailureCause::kDtlsHandshake);
}

TEST_F(ObservationTest, ACleanEndOfTheOtherIsNamed) {
  PeerPair pair(*network_);
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
  ASSERT_TRUE(pair.Connect());
  ASSERT_TRUE(at_a.WaitOpen());
  pair.b().pc.Close();
  ASSERT_TRUE(pair.a().WaitState(PeerConnectionState::kClosed));
  EXPECT_EQ(pair.a().pc.Diagnose().cause, FailureCause::kClosedByPeer);
  ASSERT_TRUE(pair.b().WaitState(PeerConnectionState::kClosed));
  EXPECT_EQ(pair.b().pc.Diagnose().cause, FailureCause::kNone);
}

TEST_F(ObservationTest, ACertificateOfOnesOwnIsUsed) {
  const auto certificate = Certificate::Generate();
  ASSERT_TRUE(certificate);
  auto configuration = LoopbackConfiguration();
  configuration.certificate = *certificate;
  for (int i = 0; i < 2; ++i) {
    PeerPair pair(*network_, configuration);
    RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
    ASSERT_TRUE(pair.Connect());
    const std::string fingerprint = certificate->Fingerprints().front();
    EXPECT_THAT(pair.a().pc.local_description()->sdp, HasSubstr("a=fingerprint:" + fingerprint));
  }
}

TEST_F(ObservationTest, ACaptureIsWrittenAndKeysOnlyWhenAsked) {
  for (const bool keys : {false, true}) {
    std::string folder = (std::filesystem::temp_directory_path() / "pairwire-capture-XXXXXX");
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    const std::string file = folder + "/a.pcapng";
    {
      auto configuration = LoopbackConfiguration();
      configuration.capture_file = file;
      configuration.capture_keys = keys;
      PeerPair pair(*network_, configuration);
      RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
      ASSERT_TRUE(pair.Connect());
      ASSERT_TRUE(at_a.WaitOpen());
    }
    network_.reset();  // closed in the background: the file is whole once the loop is gone
    network_ = MakeNetwork();
    std::ifstream in(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    ASSERT_GT(bytes.size(), 1000u);
    EXPECT_EQ(bytes.substr(0, 4), "\x0a\x0d\x0d\x0a") << "pcapng's section header block";
    if (keys) {
      EXPECT_THAT(bytes, HasSubstr("CLIENT_RANDOM "));
    } else {
      EXPECT_THAT(bytes, Not(HasSubstr("CLIENT_RANDOM ")));
    }
    std::filesystem::remove_all(folder);
  }
}

TEST_F(ObservationTest, ConfigurationsThatMakeNoSenseAreRefused) {
  const auto refused = [&](const auto& change) {
    auto configuration = LoopbackConfiguration();
    change(configuration);
    const auto made = network_->CreatePeerConnection(configuration, {});
    return made ? std::string("taken") : ToString(made.error());
  };
  EXPECT_THAT(refused([](auto& c) { c.ice_servers = {{.urls = {"http://x"}}}; }),
              Not(HasSubstr("taken")));
  EXPECT_THAT(refused([](auto& c) { c.ice_servers = {{.urls = {"turn:x"}}}; }),
              HasSubstr("needs username"));
  EXPECT_THAT(
      refused([](auto& c) {
        c.ice_servers = {
            {.urls = std::vector<std::string>(9, "turn:x"), .username = "u", .credential = "c"}};
      }),
      HasSubstr("more than 8"));
  EXPECT_THAT(refused([](auto& c) { c.dtls_ciphers = {"NULL-SHA"}; }), HasSubstr("NULL-SHA"));
  EXPECT_THAT(refused([](auto& c) { c.consent_timeout = std::chrono::seconds(31); }),
              HasSubstr("RFC 7675"));
  EXPECT_THAT(refused([](auto& c) { c.disconnected_timeout = c.consent_timeout; }),
              HasSubstr("disconnected_timeout"));
}

TEST_F(ObservationTest, ADeadStunServerIsReportedAndDelaysNothing) {
  auto configuration = LoopbackConfiguration();
  configuration.ice_servers = {{.urls = {"stun:127.0.0.1:9"}}};  // discard: nobody answers
  PeerPair pair(*network_, configuration);
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(pair.Connect());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5))
      << "gathering waits for the server for longer than that";
  ASSERT_TRUE(
      pair.a().record.WaitUntil([](const EndRecord& r) { return !r.server_errors.empty(); }));
  EXPECT_EQ(pair.a().record.Get().server_errors.front().url, "stun:127.0.0.1:9");
  EXPECT_EQ(pair.a().record.Get().state, PeerConnectionState::kConnected);
}

}  // namespace
}  // namespace pairwire::test

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What a connection can be told (ciphers, groups, certificates, timers, key log) and what it tells.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/peer/dtls/meeting.h"

namespace pairwire::dtls::test {
namespace {

using testing::HasSubstr;

Error Refused(const Options& options) {
  const auto checked = CheckOptions(options);
  EXPECT_FALSE(checked.has_value());
  ManualLoop loop;
  Endpoint end(loop, options);
  const auto started = end.transport().Start(Role::kClient, {end.certificate().fingerprint()});
  EXPECT_FALSE(started.has_value());
  EXPECT_EQ(end.transport().state(), State::kNew);
  if (checked || started) return {};
  EXPECT_EQ(started.error(), checked.error());
  EXPECT_EQ(checked.error().code, Errc::kInvalidArgument);
  return checked.error();
}

TEST(DtlsOptions, AnOffenderIsNamed) {
  for (const char* cipher :
       {"", "AES128-GCM-SHA256", "DHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-ECDSA-AES128-CCM8", "eNULL", "ALL", "ecdhe-ecdsa-aes128-gcm-sha256",
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"}) {
    EXPECT_THAT(Refused({.ciphers = {"ECDHE-ECDSA-CHACHA20-POLY1305", cipher}}).detail,
                HasSubstr("the cipher \"" + std::string(cipher) + "\" is not taken"));
  }
  for (const char* group : {"", "P-521", "X448", "ffdhe2048", "x25519", "*X25519"}) {
    EXPECT_THAT(Refused({.groups = {"P-256", group}}).detail,
                HasSubstr("the group \"" + std::string(group) + "\" is not taken"));
  }
  EXPECT_THAT(Refused({.groups = {"P-256", "X25519", "P-256"}}).detail, HasSubstr("twice"));
}

TEST(DtlsOptions, Numbers) {
  for (const auto timeout : {0ms, 19ms, 1001ms, -5ms}) {
    EXPECT_THAT(Refused({.retransmission_timeout = timeout}).detail, HasSubstr("20..1000"));
  }
  for (const std::size_t mtu : {0U, 319U, 16385U}) {
    EXPECT_THAT(Refused({.mtu = mtu}).detail, HasSubstr("320..16384"));
  }
  EXPECT_THAT(Refused({.handshake_timeout = 0ms}).detail, HasSubstr("time"));
  EXPECT_TRUE(CheckOptions({}));
  EXPECT_TRUE(CheckOptions({.mtu = 320, .retransmission_timeout = 20ms, .handshake_timeout = 1ms}));
  EXPECT_TRUE(CheckOptions({.mtu = 16384, .retransmission_timeout = 1000ms}));
}

TEST(DtlsOptions, TheFirstRetransmissionIsAsAsked) {
  for (const auto timeout : {20ms, 250ms, 1000ms}) {
    ManualLoop loop;
    Endpoint end(loop, {.retransmission_timeout = timeout});
    ASSERT_TRUE(end.transport().Start(Role::kClient, {end.certificate().fingerprint()}));
    loop.AdvanceBy(timeout - 1ms);
    EXPECT_EQ(end.sent.size(), 1U);
    loop.AdvanceBy(1ms);
    EXPECT_EQ(end.sent.size(), 2U);
    loop.AdvanceBy(timeout * 3 / 2 - 1ms);
    EXPECT_EQ(end.sent.size(), 2U);
    loop.AdvanceBy(1ms);
    EXPECT_EQ(end.sent.size(), 3U);
  }
}

// One end is told, the other is as always: what was asked for is what is used.
TEST(DtlsOptions, EachCipherAndGroupFromEitherEnd) {
  const std::vector<std::pair<std::string, std::string>> ciphers = {
      {"ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
      {"ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
      {"ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"}};
  for (const bool at_client : {true, false}) {
    for (const auto& [name, standard_name] : ciphers) {
      const Options options{.ciphers = {name}};
      Pair pair({.delay = 10ms}, at_client ? options : Options{}, at_client ? Options{} : options);
      pair.Connect();
      EXPECT_EQ(pair.client.transport().info()->cipher, standard_name);
      EXPECT_EQ(pair.server.transport().info()->cipher, standard_name);
    }
    // P-256 has to be among them, as the certificates are on it.
    for (const std::vector<std::string>& groups :
         {std::vector<std::string>{"X25519", "P-256"}, {"P-256"}, {"P-384", "P-256"}}) {
      const Options options{.groups = groups};
      Pair pair({.delay = 10ms}, at_client ? options : Options{}, at_client ? Options{} : options);
      pair.Connect();
      const bool ours_first = !at_client || groups.size() == 1;
      EXPECT_EQ(pair.server.transport().info()->group, ours_first             ? groups[0]
                                                       : groups[0] == "P-384" ? "P-256"
                                                                              : "X25519");
      EXPECT_EQ(pair.client.transport().info()->group, pair.server.transport().info()->group);
    }
  }
}

TEST(DtlsOptions, NothingInCommon) {
  Pair pair({.delay = 10ms}, {.ciphers = {"ECDHE-ECDSA-AES128-GCM-SHA256"}},
            {.ciphers = {"ECDHE-ECDSA-AES256-GCM-SHA384"}});
  pair.Start();
  const auto begin = pair.loop.Now();
  ASSERT_TRUE(pair.RunUntilBothAre(State::kFailed));
  EXPECT_LT(pair.loop.Now() - begin, 4s);
  EXPECT_EQ(pair.server.error.code, Errc::kDtlsFailed);
  EXPECT_THAT(pair.server.error.detail, HasSubstr("no shared cipher"));
  EXPECT_THAT(pair.client.error.detail, HasSubstr("handshake failure"));
}

TEST(DtlsOptions, OurCurveMustBeAmongTheGroups) {
  ManualLoop loop;
  Endpoint end(loop, {.groups = {"X25519"}});
  const auto started = end.transport().Start(Role::kServer, {end.certificate().fingerprint()});
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().code, Errc::kInvalidArgument);
  EXPECT_THAT(started.error().detail, HasSubstr("P-256"));
}

TEST(DtlsOptions, OurOwnRsaCertificate) {
  const Certificate rsa = *Certificate::Generate({.algorithm = KeyAlgorithm::kRsa2048});
  const Certificate ecdsa = NewCertificate();
  for (const auto& [client, server] : {std::pair(rsa, ecdsa), {ecdsa, rsa}, {rsa, rsa}}) {
    Pair pair({.delay = 10ms}, {.mtu = 576}, {.mtu = 400}, client, server);
    pair.Connect();
    EXPECT_EQ(pair.client.transport().remote_certificate(), server.der());
    EXPECT_EQ(pair.server.transport().remote_certificate(), client.der());
  }
}

TEST(DtlsOptions, PeersWithP384) {
  for (const Role role : {Role::kClient, Role::kServer}) {
    Meeting meeting({.role = role, .identity = RawPeer::Identity::kEcdsaP384});
    EXPECT_TRUE(meeting.Run()) << ToString(meeting.ours.error);
  }
}

// ---- What it tells

TEST(DtlsInfo, IsWhatWasNegotiated) {
  Pair pair;
  EXPECT_FALSE(pair.client.transport().info().has_value());
  pair.Start();
  EXPECT_FALSE(pair.client.transport().info().has_value());
  EXPECT_TRUE(pair.client.transport().remote_certificates().empty());
  ASSERT_TRUE(pair.RunUntilBothAre(State::kConnected));
  const auto check = [](Endpoint& end, Endpoint& other, Role role) {
    ASSERT_TRUE(end.transport().info().has_value());
    const TransportInfo& info = *end.transport().info();
    EXPECT_EQ(info.tls_version, "FEFD");
    EXPECT_EQ(info.cipher, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    EXPECT_EQ(info.group, "X25519");
    EXPECT_EQ(info.srtp_cipher, "");
    EXPECT_EQ(info.role, role);
    EXPECT_EQ(info.remote_fingerprint, other.certificate().fingerprint());
    EXPECT_THAT(end.transport().remote_certificates(),
                testing::ElementsAre(other.certificate().der()));
  };
  check(pair.client, pair.server, Role::kClient);
  check(pair.server, pair.client, Role::kServer);
  pair.client.transport().Close();
  pair.Settle();
  check(pair.client, pair.server, Role::kClient);  // for statistics after the end
}

TEST(DtlsInfo, ChainsAreShownWhole) {
  for (const Role role : {Role::kClient, Role::kServer}) {
    Meeting meeting({.role = role, .extra_chain_certificates = 3});
    ASSERT_TRUE(meeting.Run());
    const auto& chain = meeting.ours.transport().remote_certificates();
    ASSERT_EQ(chain.size(), 4U);
    for (const Bytes& der : chain) {
      EXPECT_EQ(*FingerprintOf(der, HashAlgorithm::kSha256), meeting.raw.fingerprint());
    }
  }
}

// ---- The key log

TEST(DtlsKeyLog, BothEndsTellTheSame) {
  std::vector<std::string> of_client;
  std::vector<std::string> of_server;
  const auto into = [](std::vector<std::string>& lines) {
    return Options{.on_key_log = [&lines](std::string_view line) { lines.emplace_back(line); }};
  };
  Pair pair({.delay = 10ms}, into(of_client), into(of_server));
  pair.Connect();
  ASSERT_EQ(of_client.size(), 1U);
  EXPECT_EQ(of_client, of_server);
  EXPECT_THAT(of_client[0], testing::MatchesRegex("CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}"));
}

TEST(DtlsKeyLog, OnlyOfTheConnectionThatWasAsked) {
  const Certificate shared = NewCertificate();
  std::vector<std::string> lines;
  const Options asked{.on_key_log = [&](std::string_view line) { lines.emplace_back(line); }};
  Pair first({.delay = 10ms}, asked, {}, shared, shared);
  first.Connect();
  EXPECT_EQ(lines.size(), 1U);
  Pair second({.delay = 10ms}, {}, {}, shared, shared);
  second.Connect();
  EXPECT_EQ(lines.size(), 1U);
}

}  // namespace
}  // namespace pairwire::dtls::test

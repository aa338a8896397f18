// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Our transport against bare OpenSSL: whom it takes and whom it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/peer/dtls/meeting.h"

namespace pairwire::dtls::test {
namespace {

void ExpectConnected(const RawPeer::Settings& settings) {
  Meeting meeting(settings);
  ASSERT_TRUE(meeting.Run()) << ToString(meeting.ours.error);
  meeting.loop.AdvanceBy(100ms);
  EXPECT_TRUE(meeting.raw.connected());
  EXPECT_TRUE(meeting.ours.transport().Send(AsBytes("ours")).has_value());
  EXPECT_TRUE(meeting.raw.Send(AsBytes("theirs")));
  meeting.loop.AdvanceBy(100ms);
  ASSERT_EQ(meeting.ours.data.size(), 1U);
  EXPECT_EQ(AsText(meeting.ours.data[0]), "theirs");
  ASSERT_EQ(meeting.raw.data.size(), 1U);
  EXPECT_EQ(AsText(meeting.raw.data[0]), "ours");
}

Error ExpectRefused(const RawPeer::Settings& settings) {
  Meeting meeting(settings);
  EXPECT_FALSE(meeting.Run());
  EXPECT_EQ(meeting.ours.state(), State::kFailed);
  EXPECT_EQ(meeting.ours.data_bytes(), 0U);
  return meeting.ours.error;
}

TEST(DtlsInterop, PeersWithEcdsaOrRsa) {
  for (const Role role : {Role::kClient, Role::kServer}) {
    for (const auto identity : {RawPeer::Identity::kEcdsa, RawPeer::Identity::kRsa}) {
      SCOPED_TRACE(static_cast<int>(role) * 10 + static_cast<int>(identity));
      ExpectConnected({.role = role, .identity = identity});
    }
  }
}

TEST(DtlsInterop, EachCipher) {
  for (const Role role : {Role::kClient, Role::kServer}) {
    for (const char* cipher : {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
                               "ECDHE-ECDSA-CHACHA20-POLY1305"}) {
      SCOPED_TRACE(cipher);
      ExpectConnected({.role = role, .ciphers = cipher});
    }
  }
  for (const char* cipher : {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384",
                             "ECDHE-RSA-CHACHA20-POLY1305"}) {
    SCOPED_TRACE(cipher);
    ExpectConnected(
        {.role = Role::kServer, .identity = RawPeer::Identity::kRsa, .ciphers = cipher});
  }
}

TEST(DtlsInterop, Aes128GcmComesFirst) {
  Meeting as_server({.role = Role::kClient});
  ASSERT_TRUE(as_server.Run());
  EXPECT_EQ(as_server.raw.cipher(), "ECDHE-ECDSA-AES128-GCM-SHA256");
  Meeting as_client({.role = Role::kServer});
  ASSERT_TRUE(as_client.Run());
  EXPECT_EQ(as_client.raw.cipher(), "ECDHE-ECDSA-AES128-GCM-SHA256");
}

TEST(DtlsInterop, NoWeakCipher) {
  for (const char* cipher : {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256",
                             "ECDHE-ECDSA-AES128-CCM8", "AES128-GCM-SHA256", "aNULL"}) {
    SCOPED_TRACE(cipher);
    const std::string list = std::string(cipher) + ":@SECLEVEL=0";
    EXPECT_EQ(ExpectRefused({.role = Role::kClient, .ciphers = list.c_str()}).code,
              Errc::kDtlsFailed);
  }
}

TEST(DtlsInterop, AClientWithoutCertificateIsRefused) {
  const Error error = ExpectRefused({.role = Role::kClient, .identity = RawPeer::Identity::kNone});
  EXPECT_EQ(error.code, Errc::kDtlsFailed);
  EXPECT_THAT(error.detail, testing::HasSubstr("did not return a certificate"));
}

TEST(DtlsInterop, Dtls10IsRefused) {
  for (const Role role : {Role::kClient, Role::kServer}) {
    const Error error =
        ExpectRefused({.role = role, .min_version = DTLS1_VERSION, .max_version = DTLS1_VERSION});
    EXPECT_EQ(error.code, Errc::kDtlsFailed);
  }
}

TEST(DtlsInterop, AnRsaKeyThatIsTooShortIsRefused) {
  for (const Role role : {Role::kClient, Role::kServer}) {
    const Error error =
        ExpectRefused({.role = role, .identity = RawPeer::Identity::kRsa, .rsa_bits = 1024});
    EXPECT_EQ(error.code, Errc::kDtlsFailed);
    EXPECT_THAT(error.detail, testing::HasSubstr("certificate verify failed"));
  }
}

TEST(DtlsInterop, OnlyTheLeafCounts) {
  // A chain is allowed, but what it holds besides the leaf proves nothing and harms nothing.
  ExpectConnected({.role = Role::kClient, .extra_chain_certificates = 10});
  ExpectConnected({.role = Role::kServer, .extra_chain_certificates = 10});
}

TEST(DtlsInterop, ACertificateMessageAbove8KiBIsRefused) {
  for (const Role role : {Role::kClient, Role::kServer}) {
    const Error error = ExpectRefused({.role = role, .extra_chain_certificates = 40});
    EXPECT_EQ(error.code, Errc::kTimedOut);
    EXPECT_THAT(error.detail, testing::HasSubstr("larger than 8 KiB"));
  }
}

TEST(DtlsInterop, RenegotiationIsRefused) {
  Meeting meeting({.role = Role::kClient});
  ASSERT_TRUE(meeting.Run());
  meeting.loop.AdvanceBy(100ms);
  const std::size_t sent = meeting.ours.sent.size();
  SSL_renegotiate(meeting.raw.ssl());
  SSL_do_handshake(meeting.raw.ssl());
  meeting.loop.AdvanceBy(15ms);
  // All we have to say is one encrypted warning, no_renegotiation.
  ASSERT_EQ(meeting.ours.sent.size(), sent + 1);
  EXPECT_EQ(meeting.ours.sent.back().size(), kRecordOverhead + 2);
  EXPECT_EQ(meeting.ours.state(), State::kConnected);
  // OpenSSL's client does not want to live with that and ends the association itself.
  meeting.loop.AdvanceBy(1s);
  EXPECT_THAT(meeting.ours.error.detail, testing::HasSubstr("handshake failure"));
}

TEST(DtlsInterop, NoResumption) {
  Meeting meeting({.role = Role::kClient});
  ASSERT_TRUE(meeting.Run());
  meeting.loop.AdvanceBy(100ms);
  unsigned int id_length = 1;
  SSL_SESSION_get_id(SSL_get_session(meeting.raw.ssl()), &id_length);
  EXPECT_EQ(id_length, 0U);
  EXPECT_EQ(SSL_SESSION_has_ticket(SSL_get_session(meeting.raw.ssl())), 0);
}

}  // namespace
}  // namespace pairwire::dtls::test

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/peer/dtls/raw_peer.h"

#include <gtest/gtest.h>
#include <openssl/rsa.h>

#include <array>
#include <map>
#include <utility>

namespace pairwire::dtls::test {
namespace {

X509Handle SelfSign(EVP_PKEY* key) {
  X509Handle x509(X509_new());
  ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 7);
  X509_gmtime_adj(X509_getm_notBefore(x509.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(x509.get()), 3600);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("raw"), -1, -1, 0);
  X509_set_issuer_name(x509.get(), X509_get_subject_name(x509.get()));
  X509_set_pubkey(x509.get(), key);
  EXPECT_GT(X509_sign(x509.get(), key, EVP_sha256()), 0);
  return x509;
}

// Made once for each size: it takes long.
EvpKeyHandle RsaKey(int bits) {
  static std::map<int, EvpKeyHandle> keys;
  EvpKeyHandle& key = keys[bits];
  if (key == nullptr) key.reset(EVP_RSA_gen(static_cast<unsigned>(bits)));
  EVP_PKEY_up_ref(key.get());
  return EvpKeyHandle(key.get());
}

int AcceptAll(int, X509_STORE_CTX*) { return 1; }

// The padding of the ClientHello. GREASE's first value (RFC 8701) is no extension that OpenSSL
// knows.
constexpr unsigned int kUnknownExtension = 0x0a0a;

int AddPadding(SSL*, unsigned int, const unsigned char** out, std::size_t* size, int*,
               void* argument) {
  const auto* const padding = static_cast<const Bytes*>(argument);
  *out = padding->data();
  *size = padding->size();
  return 1;
}

EvpKeyHandle KeyOf(const RawPeer::Settings& settings) {
  if (settings.identity == RawPeer::Identity::kRsa) return RsaKey(settings.rsa_bits);
  const bool p384 = settings.identity == RawPeer::Identity::kEcdsaP384;
  return EvpKeyHandle(EVP_EC_gen(p384 ? "P-384" : "P-256"));
}

}  // namespace

RawPeer::RawPeer(const Settings& settings, std::function<void(ByteSpan)> send)
    : padding_(settings.hello_padding),
      bio_(std::move(send)),
      context_(SSL_CTX_new(DTLS_method())) {
  SSL_CTX* const context = context_.get();
  EXPECT_EQ(SSL_CTX_set_cipher_list(context, settings.ciphers), 1);
  EXPECT_EQ(SSL_CTX_set_min_proto_version(context, settings.min_version), 1);
  EXPECT_EQ(SSL_CTX_set_max_proto_version(context, settings.max_version), 1);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, AcceptAll);
  if (settings.identity != Identity::kNone) {
    key_ = KeyOf(settings);
    x509_ = SelfSign(key_.get());
    EXPECT_EQ(SSL_CTX_use_certificate(context, x509_.get()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context, key_.get()), 1);
    for (std::size_t i = 0; i < settings.extra_chain_certificates; ++i) {
      EXPECT_EQ(SSL_CTX_add1_chain_cert(context, x509_.get()), 1);
    }
  }
  if (settings.groups != nullptr) {
    EXPECT_EQ(SSL_CTX_set1_groups_list(context, settings.groups), 1);
  }
  if (!padding_.empty()) {
    EXPECT_EQ(SSL_CTX_add_client_custom_ext(context, kUnknownExtension, AddPadding, nullptr,
                                            &padding_, nullptr, nullptr),
              1);
  }
  ssl_.reset(SSL_new(context));
  SSL_set_options(ssl_.get(), SSL_OP_NO_QUERY_MTU);
  SSL_set_mtu(ssl_.get(), settings.mtu);
  BIO* const bio = bio_.CreateBio().release();
  SSL_set_bio(ssl_.get(), bio, bio);
  if (settings.role == Role::kClient) {
    SSL_set_connect_state(ssl_.get());
  } else {
    SSL_set_accept_state(ssl_.get());
  }
}

void RawPeer::Receive(ByteSpan packet) {
  bio_.SetInput(packet);
  Drive();
  bio_.SetInput({});
}

void RawPeer::Retransmit() {
  const ErrorQueueScope errors;
  bio_.ExpireTimer(ssl_.get());
  EXPECT_EQ(DTLSv1_handle_timeout(ssl_.get()), 1);
}

void RawPeer::Drive() {
  const ErrorQueueScope errors;
  if (failed_) return;
  if (!connected()) {
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1) {
      failed_ = SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ;
      return;
    }
  }
  std::array<std::uint8_t, 16384> buffer{};
  for (;;) {
    const int size = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (size <= 0) return;
    data.emplace_back(buffer.begin(), buffer.begin() + size);
  }
}

bool RawPeer::Send(ByteSpan bytes) {
  const ErrorQueueScope errors;
  return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
}

Fingerprint RawPeer::fingerprint() const {
  if (x509_ == nullptr) return {HashAlgorithm::kSha256, Bytes(32)};
  unsigned char* der = nullptr;
  const int size = i2d_X509(x509_.get(), &der);
  auto fingerprint = FingerprintOf({der, static_cast<std::size_t>(size)}, HashAlgorithm::kSha256);
  OPENSSL_free(der);
  return *fingerprint;
}

}  // namespace pairwire::dtls::test

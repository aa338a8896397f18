// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/signaling/auth/test_issuer.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <utility>

#include "signaling/auth/base64url.h"

namespace pairwire::auth {
namespace {

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string Sign(EVP_PKEY* key, const EVP_MD* digest, int padding, std::string_view text) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* key_context = nullptr;
  EXPECT_EQ(EVP_DigestSignInit(context, &key_context, digest, nullptr, key), 1);
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(key_context, padding), 1);
  std::size_t size = 0;
  EXPECT_EQ(EVP_DigestSign(context, nullptr, &size, Bytes(text), text.size()), 1);
  std::string signature(size, '\0');
  EXPECT_EQ(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                           Bytes(text), text.size()),
            1);
  signature.resize(size);
  EVP_MD_CTX_free(context);
  return signature;
}

std::string NumberOf(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key, name, &number), 1);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
  BN_free(number);
  return EncodeBase64Url(bytes);
}

}  // namespace

struct IssuerKey::Impl {
  ~Impl() { EVP_PKEY_free(key); }
  EVP_PKEY* key = nullptr;
};

IssuerKey::IssuerKey(std::string kid, int bits)
    : kid_(std::move(kid)), impl_(std::make_unique<Impl>()) {
  impl_->key = EVP_RSA_gen(static_cast<unsigned>(bits));
  EXPECT_NE(impl_->key, nullptr);
}
IssuerKey::IssuerKey(IssuerKey&&) noexcept = default;
IssuerKey::~IssuerKey() = default;

std::string IssuerKey::Jwk(std::string_view extra) const {
  return "{" + std::string(extra) + R"("kty":"RSA","kid":")" + kid_ + R"(","n":")" +
         NumberOf(impl_->key, OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" +
         NumberOf(impl_->key, OSSL_PKEY_PARAM_RSA_E) + "\"}";
}

std::string IssuerKey::PublicPem() const {
  BIO* bio = BIO_new(BIO_s_mem());
  EXPECT_EQ(PEM_write_bio_PUBKEY(bio, impl_->key), 1);
  char* data = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(bio, &data));
  std::string pem(data, size);
  BIO_free(bio);
  return pem;
}

std::string IssuerKey::SignRs256(std::string_view text) const {
  return Sign(impl_->key, EVP_sha256(), RSA_PKCS1_PADDING, text);
}
std::string IssuerKey::SignPs256(std::string_view text) const {
  return Sign(impl_->key, EVP_sha256(), RSA_PKCS1_PSS_PADDING, text);
}
std::string IssuerKey::SignRs512(std::string_view text) const {
  return Sign(impl_->key, EVP_sha512(), RSA_PKCS1_PADDING, text);
}

std::string IssuerKey::Token(std::string_view header, std::string_view payload) const {
  const std::string input = SigningInput(header, payload);
  return WithSignature(input, SignRs256(input));
}

std::string IssuerKey::Token(std::string_view payload) const {
  return Token(R"({"alg":"RS256","typ":"JWT","kid":")" + kid_ + "\"}", payload);
}

std::string Jwks(const std::vector<std::string>& jwks) {
  std::string text = R"({"keys":[)";
  for (std::size_t i = 0; i < jwks.size(); ++i) text += (i == 0 ? "" : ",") + jwks[i];
  return text + "]}";
}

std::string HmacSha256(std::string_view key, std::string_view text) {
  std::string mac(32, '\0');
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(text), text.size(),
       reinterpret_cast<unsigned char*>(mac.data()), &size);
  return mac;
}

std::string SigningInput(std::string_view header, std::string_view payload) {
  return EncodeBase64Url(header) + "." + EncodeBase64Url(payload);
}

std::string WithSignature(std::string_view signing_input, std::string_view signature) {
  return std::string(signing_input) + "." + EncodeBase64Url(signature);
}

const IssuerKey& KeyA() {
  static const IssuerKey key("key-a");
  return key;
}
const IssuerKey& KeyB() {
  static const IssuerKey key("key-b");
  return key;
}

}  // namespace pairwire::auth

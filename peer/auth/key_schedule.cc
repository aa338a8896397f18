// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/auth/key_schedule.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <limits>
#include <memory>

#include "peer/base/check.h"

// What these functions are given never makes them fail; only memory or an OpenSSL without SHA-512
// would, and neither leaves a way on.
namespace pairwire::auth {
namespace {

struct FreeKdf {
  void operator()(EVP_KDF* kdf) const { EVP_KDF_free(kdf); }
  void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};

// OpenSSL's parameters are not const, though it only reads them.
OSSL_PARAM Octets(const char* name, ByteSpan bytes) {
  static std::uint8_t nothing = 0;
  void* data = bytes.empty() ? &nothing : const_cast<std::uint8_t*>(bytes.data());
  return OSSL_PARAM_construct_octet_string(name, data, bytes.size());
}

}  // namespace

std::array<std::uint8_t, 64> Sha512(ByteSpan data) {
  std::array<std::uint8_t, 64> digest{};
  unsigned int size = 0;
  PAIRWIRE_CHECK(
      EVP_Digest(data.data(), data.size(), digest.data(), &size, EVP_sha512(), nullptr) == 1);
  PAIRWIRE_CHECK(size == digest.size());
  return digest;
}

std::array<std::uint8_t, 64> HmacSha512(ByteSpan key, ByteSpan data) {
  PAIRWIRE_CHECK(key.size() <= std::numeric_limits<int>::max());
  std::array<std::uint8_t, 64> tag{};
  unsigned int size = 0;
  PAIRWIRE_CHECK(HMAC(EVP_sha512(), key.data(), static_cast<int>(key.size()), data.data(),
                      data.size(), tag.data(), &size) != nullptr);
  PAIRWIRE_CHECK(size == tag.size());
  return tag;
}

void HkdfSha512(ByteSpan key, ByteSpan salt, ByteSpan info, std::span<std::uint8_t> out) {
  const std::unique_ptr<EVP_KDF, FreeKdf> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  PAIRWIRE_CHECK(kdf != nullptr);
  const std::unique_ptr<EVP_KDF_CTX, FreeKdf> context(EVP_KDF_CTX_new(kdf.get()));
  PAIRWIRE_CHECK(context != nullptr);
  char digest[] = "SHA512";
  const std::array<OSSL_PARAM, 5> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      Octets(OSSL_KDF_PARAM_KEY, key), Octets(OSSL_KDF_PARAM_SALT, salt),
      Octets(OSSL_KDF_PARAM_INFO, info), OSSL_PARAM_construct_end()};
  PAIRWIRE_CHECK(EVP_KDF_derive(context.get(), out.data(), out.size(), parameters.data()) == 1);
}

SessionKeys DeriveSessionKeys(const Secret<64>& key, ByteSpan session_id, ByteSpan transcript) {
  const auto digest = Sha512(transcript);
  const auto derive = [&](std::string_view label, std::span<std::uint8_t> out) {
    Bytes info(AsBytes(label).begin(), AsBytes(label).end());
    info.insert(info.end(), digest.begin(), digest.end());
    HkdfSha512(key.bytes(), session_id, info, out);
  };
  SessionKeys keys;
  derive("c2d", keys.controller_to_display.writable());
  derive("d2c", keys.display_to_controller.writable());
  derive("bind", keys.bind.writable());
  derive("resume", keys.resume.writable());
  return keys;
}

}  // namespace pairwire::auth

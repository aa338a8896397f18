// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/bulk/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <string_view>

#include "peer/base/check.h"

namespace pairwire::bulk {

// EVP fails here only without memory or without SHA-256 in the library: neither can be gone on
// from.
namespace {

std::string Finish(EVP_MD_CTX* context) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  PAIRWIRE_CHECK(EVP_DigestFinal_ex(context, digest.data(), &size) == 1);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

}  // namespace

struct Sha256::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~Impl() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) { Reset(); }

Sha256::~Sha256() = default;

void Sha256::Reset() {
  PAIRWIRE_CHECK(EVP_DigestInit_ex(impl_->context, EVP_sha256(), nullptr) == 1);
}

void Sha256::Update(ByteSpan data) { EVP_DigestUpdate(impl_->context, data.data(), data.size()); }

std::string Sha256::Hex() { return Finish(impl_->context); }

std::string Sha256::HexSoFar() const {
  const Impl copy;
  PAIRWIRE_CHECK(EVP_MD_CTX_copy_ex(copy.context, impl_->context) == 1);
  return Finish(copy.context);
}

std::string Sha256Hex(ByteSpan data) {
  Sha256 digest;
  digest.Update(data);
  return digest.Hex();
}

}  // namespace pairwire::bulk

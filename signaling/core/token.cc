// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/core/token.h"

#include <openssl/evp.h>

#include <array>
#include <cstdlib>
#include <vector>

#include "signaling/auth/base64url.h"
#include "signaling/protocol/limits.h"

namespace pairwire::relay {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kIdChars = 22;  // 128 bits, likewise.
constexpr std::string_view kSessionPrefix = "s_";
constexpr std::size_t kSecretChars = 43;  // 256 bits in characters of 6 bits, rounded up.

}  // namespace

std::string NewSecret(RandomSource& random) {
  std::array<std::uint8_t, kSecretBytes> bytes{};
  random.Fill(bytes);
  return auth::EncodeBase64Url(bytes);
}

std::string NewId(std::string_view prefix, RandomSource& random) {
  std::array<std::uint8_t, kIdBytes> bytes{};
  random.Fill(bytes);
  return std::string(prefix) + auth::EncodeBase64Url(bytes);
}

bool IsSessionId(std::string_view id) {
  return id.size() == kSessionPrefix.size() + kIdChars && id.substr(0, 2) == kSessionPrefix;
}

TokenHash HashSecret(std::string_view secret) {
  TokenHash hash{};
  unsigned size = 0;
  // Fails only when OpenSSL has no memory or no SHA-256; an all-zero hash must never match
  // anything.
  if (EVP_Digest(secret.data(), secret.size(), hash.data(), &size, EVP_sha256(), nullptr) != 1 ||
      size != hash.size()) {
    std::abort();
  }
  return hash;
}

std::string MakeToken(std::string_view session_id, std::string_view secret) {
  return std::string(session_id).append(".").append(secret);
}

std::optional<TokenParts> SplitToken(std::string_view token) {
  if (token.size() > protocol::kMaxTokenBytes) return std::nullopt;
  // A room's id may have dots, a secret has none.
  const std::size_t dot = token.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || dot > protocol::kMaxIdBytes) return std::nullopt;
  const std::string_view secret = token.substr(dot + 1);
  if (secret.size() != kSecretChars) return std::nullopt;
  return TokenParts{std::string(token.substr(0, dot)), HashSecret(secret)};
}

}  // namespace pairwire::relay

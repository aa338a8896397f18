// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "peer/dtls/certificate.h"
#include "peer/dtls/openssl_handles.h"

namespace pairwire::dtls {
namespace {

struct HashInfo {
  HashAlgorithm algorithm;
  std::string_view name;  // as RFC 8122 section 5 writes it
  std::size_t size;
  const EVP_MD* (*digest)();
};

constexpr std::array<HashInfo, 3> kHashes{{
    {HashAlgorithm::kSha256, "sha-256", 32, EVP_sha256},
    {HashAlgorithm::kSha384, "sha-384", 48, EVP_sha384},
    {HashAlgorithm::kSha512, "sha-512", 64, EVP_sha512},
}};

const HashInfo& InfoOf(HashAlgorithm algorithm) {
  return *std::find_if(kHashes.begin(), kHashes.end(),
                       [&](const HashInfo& info) { return info.algorithm == algorithm; });
}

char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return ToLower(x) == ToLower(y);
         });
}

std::optional<unsigned> HexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  const char lower = ToLower(c);
  if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a' + 10);
  return std::nullopt;
}

// RFC 8122: the hash's name is a token.
bool IsToken(std::string_view text) {
  constexpr std::string_view kSpecials = "!#$%&'*+-.^_`{|}~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    const char lower = ToLower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           kSpecials.find(c) != std::string_view::npos;
  });
}

}  // namespace

Result<Fingerprint> ParseFingerprint(std::string_view algorithm, std::string_view value) {
  const auto* const info = std::find_if(kHashes.begin(), kHashes.end(), [&](const HashInfo& hash) {
    return EqualsIgnoringCase(algorithm, hash.name);
  });
  if (info == kHashes.end()) {
    if (!IsToken(algorithm)) return Fail(Errc::kParseError, "the hash's name is not a token");
    return Fail(Errc::kUnsupported, "only sha-256, sha-384 and sha-512 fingerprints are accepted");
  }
  // "AB:CD:EF": two digits for each byte and a colon between two of them, nothing else.
  if (value.size() != info->size * 3 - 1) {
    return Fail(Errc::kParseError, "the fingerprint does not have its hash's length");
  }
  Fingerprint fingerprint{info->algorithm, Bytes(info->size)};
  for (std::size_t i = 0; i < info->size; ++i) {
    const auto high = HexDigit(value[i * 3]);
    const auto low = HexDigit(value[i * 3 + 1]);
    const bool separated = i + 1 == info->size || value[i * 3 + 2] == ':';
    if (!high || !low || !separated) {
      return Fail(Errc::kParseError, "the fingerprint is not hex digits with colons");
    }
    fingerprint.value[i] = static_cast<std::uint8_t>(*high * 16 + *low);
  }
  return fingerprint;
}

std::string ToString(const Fingerprint& fingerprint) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text(InfoOf(fingerprint.algorithm).name);
  char separator = ' ';
  for (const std::uint8_t byte : fingerprint.value) {
    text += separator;
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
    separator = ':';
  }
  return text;
}

Result<Fingerprint> FingerprintOf(ByteSpan certificate_der, HashAlgorithm algorithm) {
  if (certificate_der.empty()) return Fail(Errc::kInvalidArgument, "there is no certificate");
  const ErrorQueueScope errors;
  const HashInfo& info = InfoOf(algorithm);
  Fingerprint fingerprint{algorithm, Bytes(info.size)};
  unsigned int size = 0;
  if (EVP_Digest(certificate_der.data(), certificate_der.size(), fingerprint.value.data(), &size,
                 info.digest(), nullptr) != 1 ||
      size != info.size) {
    return Fail(Errc::kDtlsFailed, "cannot compute a digest: " + NewestErrorText());
  }
  return fingerprint;
}

}  // namespace pairwire::dtls

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/auth/proof_of_work.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <span>

#include "signaling/auth/base64url.h"

namespace pairwire::auth {
namespace {

// Minute, bits, and 160 bits of the MAC.
constexpr std::size_t kMinuteBytes = 4;
constexpr std::size_t kMacBytes = 20;
constexpr std::size_t kChallengeBytes = kMinuteBytes + 1 + kMacBytes;
constexpr std::size_t kChallengeChars = (kChallengeBytes * 8 + 5) / 6;
constexpr std::uint32_t kMinutesValid = 2;

std::uint32_t MinuteOf(TimePoint now) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::minutes>(now.time_since_epoch()).count());
}

std::array<std::uint8_t, 32> Sha256(std::string_view text) {
  std::array<std::uint8_t, 32> digest{};
  // Fails only when OpenSSL has no memory or no SHA-256.
  if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    std::abort();
  }
  return digest;
}

int LeadingZeroBits(std::span<const std::uint8_t> bytes) {
  int bits = 0;
  for (const std::uint8_t byte : bytes) {
    if (byte != 0) return bits + std::countl_zero(byte);
    bits += 8;
  }
  return bits;
}

std::string Assemble(const ProofOfWork::Secret& secret, std::uint32_t minute, std::uint8_t bits,
                     std::string_view address) {
  std::string challenge;
  for (int shift = 24; shift >= 0; shift -= 8) {
    challenge.push_back(static_cast<char>(minute >> shift & 0xFF));
  }
  challenge.push_back(static_cast<char>(bits));
  const std::string text = challenge + std::string(address);
  std::array<std::uint8_t, 32> mac{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(),
           &size) == nullptr ||
      size != mac.size()) {
    std::abort();
  }
  challenge.append(reinterpret_cast<const char*>(mac.data()), kMacBytes);
  return EncodeBase64Url(challenge);
}

struct Head {
  std::uint32_t minute = 0;
  std::uint8_t bits = 0;
};

std::optional<Head> ReadHead(std::string_view challenge) {
  if (challenge.size() != kChallengeChars) return std::nullopt;
  const auto bytes = DecodeBase64Url(challenge);
  if (!bytes || bytes->size() != kChallengeBytes) return std::nullopt;
  Head head;
  for (std::size_t i = 0; i < kMinuteBytes; ++i) {
    head.minute = head.minute << 8 | static_cast<std::uint8_t>((*bytes)[i]);
  }
  head.bits = static_cast<std::uint8_t>((*bytes)[kMinuteBytes]);
  if (head.bits < 1 || head.bits > ProofOfWork::kMaxBits) return std::nullopt;
  return head;
}

}  // namespace

std::string ProofOfWork::MakeChallenge(std::string_view address, int bits, TimePoint now) const {
  return Assemble(secret_, MinuteOf(now), static_cast<std::uint8_t>(std::clamp(bits, 1, kMaxBits)),
                  address);
}

void ProofOfWork::ForgetBefore(std::uint32_t minute) {
  spent_.erase(spent_.begin(), spent_.lower_bound({minute, Digest{}}));
}

bool ProofOfWork::Redeem(std::string_view challenge, std::string_view answer,
                         std::string_view address, TimePoint now) {
  if (answer.empty() || answer.size() > kMaxAnswerBytes) return false;
  const auto head = ReadHead(challenge);
  if (!head) return false;
  const std::uint32_t minute = MinuteOf(now);
  if (head->minute > minute || minute - head->minute > kMinutesValid) return false;
  const std::string ours = Assemble(secret_, head->minute, head->bits, address);
  if (CRYPTO_memcmp(ours.data(), challenge.data(), ours.size()) != 0) return false;
  const Digest digest = Sha256(std::string(challenge).append(".").append(answer));
  if (LeadingZeroBits(digest) < head->bits) return false;
  ForgetBefore(minute < kMinutesValid ? 0 : minute - kMinutesValid);
  if (spent_.size() >= kMaxSpent) return false;
  return spent_.insert({head->minute, digest}).second;
}

std::optional<std::string> SolveProofOfWork(std::string_view challenge, std::uint64_t max_tries) {
  const auto head = ReadHead(challenge);
  if (!head) return std::nullopt;
  const std::string prefix = std::string(challenge).append(".");
  for (std::uint64_t i = 0; i < max_tries; ++i) {
    std::string answer = std::to_string(i);
    if (LeadingZeroBits(Sha256(prefix + answer)) >= head->bits) return answer;
  }
  return std::nullopt;
}

}  // namespace pairwire::auth

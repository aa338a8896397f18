// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/auth/session_secrets.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "peer/auth/base64url.h"
#include "peer/base/check.h"

namespace pairwire::auth {
namespace {

using Contributions = Secret<2 * kContributionBytes>;

Contributions Join(ByteSpan display, ByteSpan controller) {
  PAIRWIRE_CHECK(display.size() == kContributionBytes && controller.size() == kContributionBytes);
  Contributions both;
  std::copy(display.begin(), display.end(), both.writable().begin());
  std::copy(controller.begin(), controller.end(), both.writable().begin() + kContributionBytes);
  return both;
}

void Derive(ByteSpan key, std::string_view label, std::span<std::uint8_t> out) {
  HkdfSha512(key, {}, AsBytes(label), out);
}

}  // namespace

SessionSecrets DeriveSessionSecrets(const ResumeKey& first) {
  SessionSecrets secrets;
  Derive(first.bytes(), "pairwire session/1", secrets.id);
  Derive(first.bytes(), "pairwire meet-secret/1", secrets.meet.writable());
  Derive(first.bytes(), "pairwire remember-secret/1", secrets.remember.writable());
  return secrets;
}

ResumeKey PlainFirstKey(ByteSpan display, ByteSpan controller) {
  ResumeKey key;
  Derive(Join(display, controller).bytes(), "pairwire plain/1", key.writable());
  return key;
}

Secret<64> RememberedSecret(const SessionSecrets& session, ByteSpan display, ByteSpan controller) {
  const Contributions salt = Join(display, controller);
  Secret<64> key;
  HkdfSha512(session.remember.bytes(), salt.bytes(), AsBytes("pairwire remember/1"),
             key.writable());
  return key;
}

std::string RememberedId(const Secret<64>& remembered) {
  std::array<std::uint8_t, 16> id{};
  Derive(remembered.bytes(), "pairwire pairing-id/1", id);
  std::string digits;
  for (const std::uint8_t byte : id) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    digits += kDigits[byte >> 4];
    digits += kDigits[byte & 15];
  }
  return digits;
}

std::string MeetName(const Secret<64>& secret) {
  std::array<std::uint8_t, 32> name{};
  Derive(secret.bytes(), "pairwire meet/1", name);
  return ToBase64Url(name);
}

PairingSecret MeetPassword(const Secret<64>& secret, SecretKind kind) {
  Secret<16> password;
  Derive(secret.bytes(), "pairwire prs/1", password.writable());
  std::string text = ToBase64Url(password.bytes());
  PairingSecret result{kind, SecretText(text)};
  Wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  return result;
}

}  // namespace pairwire::auth

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/peer/auth/auth_testing.h"

#include <algorithm>
#include <charconv>

#include "peer/base/check.h"

namespace pairwire::test {

Bytes FromHex(std::string_view hex) {
  PAIRWIRE_CHECK(hex.size() % 2 == 0);
  Bytes bytes(hex.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char* const digits = hex.data() + 2 * i;
    PAIRWIRE_CHECK(std::from_chars(digits, digits + 2, bytes[i], 16).ptr == digits + 2);
  }
  return bytes;
}

std::string ToHex(ByteSpan bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const std::uint8_t byte : bytes) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

void FixedRandom::Fill(std::span<std::uint8_t> out) {
  PAIRWIRE_CHECK(used_ + out.size() <= bytes_.size());
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(used_), out.size(), out.begin());
  used_ += out.size();
}

auth::Fingerprint256 FingerprintOfByte(std::uint8_t byte) {
  auth::Fingerprint256 fingerprint{};
  fingerprint.fill(byte);
  return fingerprint;
}

std::string FingerprintText(const auth::Fingerprint256& fingerprint) {
  std::string hex = ToHex(fingerprint);
  std::transform(hex.begin(), hex.end(), hex.begin(),
                 [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
  std::string text = "sha-256 ";
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    if (i > 0) text += ':';
    text += hex.substr(i, 2);
  }
  return text;
}

std::string SdpWith(const auth::Fingerprint256& fingerprint) {
  return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
         "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
         "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:" +
         FingerprintText(fingerprint) + "\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\n";
}

}  // namespace pairwire::test

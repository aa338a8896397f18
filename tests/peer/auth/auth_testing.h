// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the tests of peer/auth share: hex, SDP with a fingerprint, and two ends that have paired.
#ifndef PAIRWIRE_TESTS_PEER_AUTH_AUTH_TESTING_H_
#define PAIRWIRE_TESTS_PEER_AUTH_AUTH_TESTING_H_

#include <pairwire/bytes.h>

#include <string>
#include <string_view>

#include "peer/auth/pairing_messages.h"
#include "peer/base/random.h"

namespace pairwire::test {

// Upper or lower case, an even number of digits (checked).
Bytes FromHex(std::string_view hex);
std::string ToHex(ByteSpan bytes);

// A RandomSource that gives these bytes and ends the test when they are used up.
class FixedRandom final : public RandomSource {
 public:
  explicit FixedRandom(Bytes bytes) : bytes_(std::move(bytes)) {}
  void Fill(std::span<std::uint8_t> out) override;

 private:
  Bytes bytes_;
  std::size_t used_ = 0;
};

auth::Fingerprint256 FingerprintOfByte(std::uint8_t byte);
// "sha-256 AB:AB:…".
std::string FingerprintText(const auth::Fingerprint256& fingerprint);
// A session of one data section that promises this certificate.
std::string SdpWith(const auth::Fingerprint256& fingerprint);

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_PEER_AUTH_AUTH_TESTING_H_

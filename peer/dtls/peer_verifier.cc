// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/dtls/peer_verifier.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace pairwire::dtls {
namespace {

std::size_t DigestSize(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kSha256:
      return 32;
    case HashAlgorithm::kSha384:
      return 48;
    case HashAlgorithm::kSha512:
      return 64;
  }
  return 0;
}

bool EqualInConstantTime(const Bytes& a, const Bytes& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

Result<PeerVerifier> PeerVerifier::Create(std::vector<Fingerprint> fingerprints) {
  if (fingerprints.empty()) return Fail(Errc::kInvalidArgument, "no fingerprint to check against");
  HashAlgorithm strongest = HashAlgorithm::kSha256;
  for (const Fingerprint& fingerprint : fingerprints) {
    const std::size_t size = DigestSize(fingerprint.algorithm);
    if (size == 0 || fingerprint.value.size() != size) {
      return Fail(Errc::kInvalidArgument, "a fingerprint does not have its hash's length");
    }
    strongest =
        std::max(strongest, fingerprint.algorithm);  // the enumerators are in order of strength
  }
  PeerVerifier verifier;
  for (Fingerprint& fingerprint : fingerprints) {
    if (fingerprint.algorithm == strongest) verifier.accepted_.push_back(std::move(fingerprint));
  }
  return verifier;
}

bool PeerVerifier::Accept(ByteSpan certificate_der) {
  verdict_ = Verdict::kRefused;
  certificate_.clear();
  const auto digest = FingerprintOf(certificate_der, accepted_.front().algorithm);
  if (!digest) return false;
  bool equal = false;
  for (const Fingerprint& accepted : accepted_) {
    equal |= EqualInConstantTime(accepted.value, digest->value);
  }
  if (!equal) return false;
  certificate_.assign(certificate_der.begin(), certificate_der.end());
  verdict_ = Verdict::kAccepted;
  return true;
}

}  // namespace pairwire::dtls

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PeerVerifier: decides whether the other end's certificate is the one that its description
// promised (RFC 8122 section 6.2). It is asked from inside OpenSSL's verify callback, in both
// roles, so that a wrong certificate ends the handshake. Names, dates and chains mean nothing here:
// the fingerprint is everything.
#ifndef PAIRWIRE_PEER_DTLS_PEER_VERIFIER_H_
#define PAIRWIRE_PEER_DTLS_PEER_VERIFIER_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <vector>

#include "peer/dtls/certificate.h"

namespace pairwire::dtls {

class PeerVerifier {
 public:
  // Keeps the fingerprints of the strongest hash among `fingerprints`: RFC 8122 section 5 lets a
  // peer list several hashes, and a weaker one must not open what the strongest one closes.
  // kInvalidArgument when there is none, or when a value does not have its hash's length.
  static Result<PeerVerifier> Create(std::vector<Fingerprint> fingerprints);

  // Compares in constant time and remembers the certificate and the answer.
  bool Accept(ByteSpan certificate_der);

  // What the callback found: nothing asked yet, or the answer of the last Accept.
  enum class Verdict { kNone, kAccepted, kRefused };
  Verdict verdict() const { return verdict_; }

  // The accepted certificate; empty before.
  const Bytes& certificate() const { return certificate_; }

 private:
  PeerVerifier() = default;

  std::vector<Fingerprint> accepted_;  // all of one algorithm
  Verdict verdict_ = Verdict::kNone;
  Bytes certificate_;
};

}  // namespace pairwire::dtls

#endif  // PAIRWIRE_PEER_DTLS_PEER_VERIFIER_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Certificate: the key pair and self-signed X.509 certificate with which this end of a connection
// shows who it is (W3C RTCCertificate; RFC 8827 section 6.5). Nobody checks names or chains: a
// description carries the certificate's fingerprint, and that is what the other end compares.
//
// Connections make a fresh one unless they are given one. Give one to keep the same fingerprint
// over several connections, or to use a key that lives elsewhere.
#ifndef PAIRWIRE_CERTIFICATE_H_
#define PAIRWIRE_CERTIFICATE_H_

#include <pairwire/result.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire {

// W3C RTCPeerConnection.generateCertificate has these two as well.
enum class KeyAlgorithm {
  kEcdsaP256,  // RFC 8827 section 6.5 makes it mandatory; about 1 ms to make
  kRsa2048     // for peers that know nothing else; some 100 ms to make
};

struct CertificateOptions {
  KeyAlgorithm algorithm = KeyAlgorithm::kEcdsaP256;
  // From now; 1 second to 365 days, as in W3C. Validity begins a day earlier, because the other
  // end's clock may be behind ours.
  std::chrono::seconds lifetime = std::chrono::hours(24 * 30);
};

// The two halves as PEM text (RFC 7468): "CERTIFICATE" and an unencrypted "PRIVATE KEY" (PKCS #8).
// The private key is a secret: whoever has it can pass for this end.
struct CertificatePem {
  std::string certificate = {};
  std::string private_key = {};
};

// A value: copies are cheap and name the same key pair, which never changes once made. That is why
// sharing it between connections and threads is safe, and why the state behind it is shared.
class Certificate {
 public:
  // A fresh key and a certificate with a random name and serial number, which say nothing about the
  // program or the person. kInvalidArgument: no such lifetime.
  static Result<Certificate> Generate(const CertificateOptions& options = {});

  // One certificate and its unencrypted private key (PKCS #8, SEC 1 or PKCS #1), each at most
  // 64 KiB. Both must be ECDSA on P-256 or P-384, or RSA of 2048..8192 bits, belong together, and
  // the certificate must be valid now by the system's clock and at most 4 KiB as DER.
  // kParseError: not such PEM; kUnsupported: another kind of key; kInvalidArgument: they do not
  // belong together, or its time has not come or is over. The detail says which.
  static Result<Certificate> FromPem(std::string_view certificate_pem,
                                     std::string_view private_key_pem);

  // What FromPem takes. kDtlsFailed: no memory.
  Result<CertificatePem> ToPem() const;

  // "sha-256 AB:CD:…", then the same with sha-384 and sha-512, as a=fingerprint writes them
  // (RFC 8122).
  std::vector<std::string> Fingerprints() const;

  // When it stops being valid. A connection that is up does not end then.
  std::chrono::system_clock::time_point expires() const;

  // The same key pair.
  friend bool operator==(const Certificate& a, const Certificate& b) { return a.impl_ == b.impl_; }

 private:
  friend struct CertificateAccess;  // peer/dtls/certificate_access.h
  struct Impl;
  explicit Certificate(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_CERTIFICATE_H_

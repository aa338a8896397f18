// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Certificate: our key pair and self-signed X.509 certificate, and the fingerprints that name
// certificates in SDP (RFC 8122). ECDSA on P-256, as RFC 8827 section 6.5 requires, unless asked
// otherwise. The application's handle of it is pairwire::Certificate (certificate_access.h).
#ifndef PAIRWIRE_PEER_DTLS_CERTIFICATE_H_
#define PAIRWIRE_PEER_DTLS_CERTIFICATE_H_

#include <pairwire/bytes.h>
#include <pairwire/certificate.h>
#include <pairwire/result.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace pairwire::dtls {

// RFC 8122 hash functions that we accept; sha-1 and md5 are not among them.
enum class HashAlgorithm { kSha256, kSha384, kSha512 };

struct Fingerprint {
  HashAlgorithm algorithm = HashAlgorithm::kSha256;
  Bytes value;  // 32, 48 or 64 bytes

  bool operator==(const Fingerprint&) const = default;
};

// "sha-256", "AB:CD:…" as in a=fingerprint. The algorithm's name is case-insensitive.
// kUnsupported: a hash that we do not accept; kParseError: anything else that is wrong.
Result<Fingerprint> ParseFingerprint(std::string_view algorithm, std::string_view value);
// "sha-256 AB:CD:…", upper-case.
std::string ToString(const Fingerprint& fingerprint);

// The digest of a certificate given as DER.
Result<Fingerprint> FingerprintOf(ByteSpan certificate_der, HashAlgorithm algorithm);

// A value whose copies share one key pair. It never changes once made, and what OpenSSL keeps
// behind it counts its users atomically, so that connections of several threads may hold it.
class Certificate {
 public:
  using Time = std::chrono::system_clock::time_point;

  // As pairwire::Certificate says; `now` is the time that validity is judged by.
  static Result<Certificate> Generate(const CertificateOptions& options = {},
                                      Time now = std::chrono::system_clock::now());
  static Result<Certificate> FromPem(std::string_view certificate_pem,
                                     std::string_view private_key_pem,
                                     Time now = std::chrono::system_clock::now());
  Result<CertificatePem> ToPem() const;

  const Fingerprint& fingerprint() const;  // sha-256
  const Bytes& der() const;
  Time expires() const;

 private:
  friend class DtlsTransport;
  struct Impl;
  explicit Certificate(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

}  // namespace pairwire::dtls

#endif  // PAIRWIRE_PEER_DTLS_CERTIFICATE_H_

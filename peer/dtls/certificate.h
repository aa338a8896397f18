// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Certificate: our key pair and self-signed X.509 certificate, and the fingerprints that name
// certificates in SDP (RFC 8122). ECDSA on P-256, as RFC 8827 section 6.5 requires.
#ifndef PAIRWIRE_PEER_DTLS_CERTIFICATE_H_
#define PAIRWIRE_PEER_DTLS_CERTIFICATE_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

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

class Certificate {
 public:
  // A fresh key and a certificate with a random name and serial, valid from a day ago for 30 days.
  // About 1 ms.
  static Result<Certificate> Generate();

  Certificate(Certificate&&) noexcept;
  Certificate& operator=(Certificate&&) noexcept;
  ~Certificate();

  const Fingerprint& fingerprint() const;  // sha-256
  const Bytes& der() const;

 private:
  friend class DtlsTransport;
  struct Impl;
  explicit Certificate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pairwire::dtls

#endif  // PAIRWIRE_PEER_DTLS_CERTIFICATE_H_

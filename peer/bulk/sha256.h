// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Sha256: a digest that grows with the data (FIPS 180-4, by OpenSSL's EVP).
#ifndef PAIRWIRE_PEER_BULK_SHA256_H_
#define PAIRWIRE_PEER_BULK_SHA256_H_

#include <pairwire/bytes.h>

#include <memory>
#include <string>

namespace pairwire::bulk {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Update(ByteSpan data);
  // 64 lower-case hexadecimal digits. Ends the digest: nothing may follow.
  std::string Hex();
  // The digest of what came so far; it goes on growing.
  std::string HexSoFar() const;
  // Begins anew with nothing.
  void Reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string Sha256Hex(ByteSpan data);

}  // namespace pairwire::bulk

#endif  // PAIRWIRE_PEER_BULK_SHA256_H_

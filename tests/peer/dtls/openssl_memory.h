// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// OpenSslMemory: how many bytes OpenSSL holds in this process right now. For tests that prove a
// bound.
#ifndef PAIRWIRE_TESTS_PEER_DTLS_OPENSSL_MEMORY_H_
#define PAIRWIRE_TESTS_PEER_DTLS_OPENSSL_MEMORY_H_

#include <cstddef>

namespace pairwire::dtls::test {

class OpenSslMemory {
 public:
  // False when OpenSSL had allocated before it could be told to use our functions.
  static bool counted();
  static std::size_t live();
  // Calls since the start: OpenSSL's allocations, and the program's `new`.
  static std::size_t allocations();
  static std::size_t news();
};

}  // namespace pairwire::dtls::test

#endif  // PAIRWIRE_TESTS_PEER_DTLS_OPENSSL_MEMORY_H_

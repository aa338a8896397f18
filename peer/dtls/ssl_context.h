// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How OpenSSL is set up: the settings that all connections of one certificate share (an SSL_CTX)
// and those of one connection (an SSL). All policy about versions, ciphers and certificates is in
// ssl_context.cc and nowhere else (RFC 8827 section 6.5, RFC 9325).
#ifndef PAIRWIRE_PEER_DTLS_SSL_CONTEXT_H_
#define PAIRWIRE_PEER_DTLS_SSL_CONTEXT_H_

#include <pairwire/result.h>

#include <chrono>
#include <cstddef>

#include "peer/dtls/dtls_transport.h"
#include "peer/dtls/openssl_handles.h"
#include "peer/dtls/peer_verifier.h"

namespace pairwire::dtls {

// DTLS 1.2 only, AEAD ciphers only, certificates asked for in both roles.
Result<SslContextHandle> CreateSslContext(X509* certificate, EVP_PKEY* key);

// What OpenSSL's callbacks of one connection reach. It is handed to OpenSSL as an address, not as
// an id: OpenSSL calls back only from inside our own calls, and the SSL goes before this does.
struct ConnectionHooks {
  explicit ConnectionHooks(PeerVerifier peer_verifier) : verifier(std::move(peer_verifier)) {}

  PeerVerifier verifier;
  std::chrono::microseconds first_timeout{0};    // of a flight
  std::chrono::microseconds longest_timeout{0};  // where doubling ends
  std::chrono::microseconds timeout{0};          // the one that OpenSSL uses now
};

// A connection that will send handshake datagrams of at most `mtu` bytes. `hooks` and the BIO's
// owner outlive it; it takes `bio`.
Result<SslHandle> CreateSsl(SSL_CTX* context, Role role, std::size_t mtu, BioHandle bio,
                            ConnectionHooks& hooks);

// The smallest and the largest mtu that CreateSsl takes.
inline constexpr std::size_t kMinMtu = 320;
inline constexpr std::size_t kMaxMtu = 16'384;

}  // namespace pairwire::dtls

#endif  // PAIRWIRE_PEER_DTLS_SSL_CONTEXT_H_

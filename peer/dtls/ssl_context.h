// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How OpenSSL is set up: the settings that all connections share (an SSL_CTX) and those of one
// connection (an SSL). All policy about versions, ciphers and certificates is in
// ssl_context.cc and nowhere else (RFC 8827 section 6.5, RFC 9325).
#ifndef PAIRWIRE_PEER_DTLS_SSL_CONTEXT_H_
#define PAIRWIRE_PEER_DTLS_SSL_CONTEXT_H_

#include <pairwire/result.h>

#include <chrono>
#include <functional>
#include <string_view>
#include <utility>

#include "peer/dtls/dtls_transport.h"
#include "peer/dtls/openssl_handles.h"
#include "peer/dtls/peer_verifier.h"

namespace pairwire::dtls {

// kOnRequest: connections whose hooks have `on_key_log` give out their secrets. OpenSSL keeps this
// with the settings, so there are two of them, and only connections that were asked for their
// secrets use the second.
enum class KeyLog { kNever, kOnRequest };

// DTLS 1.2 only, AEAD ciphers only, certificates asked for in both roles; no certificate of ours,
// which is each connection's own. Made at the first use and kept for the life of the process:
// building it costs more than a connection, and 8 KiB for each would be kept as long as that. Any
// thread. Null when OpenSSL cannot make it.
SSL_CTX* SharedSslContext(KeyLog key_log);

// What OpenSSL's callbacks of one connection reach. It is handed to OpenSSL as an address, not as
// an id: OpenSSL calls back only from inside our own calls, and the SSL goes before this does.
struct ConnectionHooks {
  explicit ConnectionHooks(PeerVerifier peer_verifier) : verifier(std::move(peer_verifier)) {}

  PeerVerifier verifier;
  std::function<void(std::string_view line)> on_key_log;
  std::chrono::microseconds first_timeout{0};  // of a flight
  std::chrono::microseconds timeout{0};        // the one that OpenSSL uses now
  int timeouts = 0;                            // of this flight before it
};

// A connection with the mtu, ciphers and groups of `options`, which passed CheckOptions. `hooks`
// and the BIO's owner outlive it; it takes `bio`. Our certificate is `x509` with `key`.
// kInvalidArgument: it is on a curve that is not among the groups.
Result<SslHandle> CreateSsl(X509* x509, EVP_PKEY* key, Role role, const Options& options,
                            BioHandle bio, ConnectionHooks& hooks);

// Of a connection that is up.
TransportInfo InfoOf(const SslHandle& ssl, Role role, const Bytes& remote_certificate);
// The leaf, then the rest of what the peer sent, each as DER.
std::vector<Bytes> RemoteChainOf(const SslHandle& ssl, const Bytes& leaf);

// The smallest and the largest mtu that CheckOptions takes.
inline constexpr std::size_t kMinMtu = 320;
inline constexpr std::size_t kMaxMtu = 16'384;
// Below, a retransmission would overtake the answer on nearly every path; above, one lost packet
// costs what nobody waits for.
inline constexpr std::chrono::milliseconds kMinRetransmission{20};
inline constexpr std::chrono::milliseconds kMaxRetransmission{1'000};

}  // namespace pairwire::dtls

#endif  // PAIRWIRE_PEER_DTLS_SSL_CONTEXT_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TlsTunnel: TURN over TLS (RFC 8656 section 3.1) for libnice, which speaks TURN over TCP but not
// TLS: it listens on 127.0.0.1, and what connects there is carried over TLS to one server, whose
// certificate and name are verified. It knows nothing of TURN; bytes go through as they are.
//
// Any program of this machine can connect to the port and so reach the server, which it could do
// by itself as well: the tunnel adds no credentials.
//
//   a connection: resolving --> connecting --> handshaking --> open --> closed
//                     \_____________\_______________\__ error or deadline __/
#ifndef PAIRWIRE_PEER_NET_TLS_TUNNEL_H_
#define PAIRWIRE_PEER_NET_TLS_TUNNEL_H_

#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "peer/base/asio_loop.h"

namespace pairwire::net {

// Loop thread only, creation and destruction included.
class TlsTunnel {
 public:
  struct Options {
    std::string host;  // a name, or an address as text (IPv6 without brackets)
    std::uint16_t port = 5349;
    // Certificates (PEM) that may vouch for the server; empty: the system's.
    std::string ca_file = {};
    // Listen on ::1 instead of 127.0.0.1: libnice uses a server only from local addresses of its
    // family.
    bool listen_v6 = false;
    // For name, TCP and TLS together. Shorter than the 7.9 s after which libnice gives a STUN
    // transaction up, so that our reason is there first.
    std::chrono::milliseconds connect_deadline{5'000};
  };

  // An agent opens one for each address that it gathers on; more are turned away.
  static constexpr std::size_t kMaxConnections = 4;
  // What one connection holds of bytes that the other side has not taken yet, each way. While it is
  // full nothing more is read, so that TCP slows the sender down.
  static constexpr std::size_t kBuffer = 16 * 1024;

  // Listens at once; resolves and connects for each connection anew. `loop` is started and outlives
  // the tunnel. kInvalidArgument: no host, no port, or the CA file cannot be read; kSystem: no port
  // to listen on.
  static Result<std::unique_ptr<TlsTunnel>> Create(AsioLoop& loop, Options options);

  // Ends its connections at once.
  ~TlsTunnel();
  TlsTunnel(const TlsTunnel&) = delete;
  TlsTunnel& operator=(const TlsTunnel&) = delete;

  // Of 127.0.0.1 or ::1.
  std::uint16_t port() const;
  std::size_t connections() const;

  // Why the last connection could not be made or was lost, as a sentence for a person ("the
  // certificate does not match turn.example"). Empty: none failed, or one got through since.
  const std::string& last_error() const;

 private:
  struct Impl;
  explicit TlsTunnel(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace pairwire::net

#endif  // PAIRWIRE_PEER_NET_TLS_TUNNEL_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TlsEchoServer: a TLS server on 127.0.0.1 that sends back what it gets, on a thread of its own.
#ifndef PAIRWIRE_TESTS_PEER_NET_TLS_ECHO_SERVER_H_
#define PAIRWIRE_TESTS_PEER_NET_TLS_ECHO_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "tests/peer/net/test_certificate.h"
#include "tests/support/wait.h"

namespace pairwire::test {

class TlsEchoServer {
 public:
  struct Options {
    bool silent = false;          // accepts and says nothing, not even TLS
    bool reads = true;            // false: after the handshake it takes nothing
    std::size_t close_after = 0;  // bytes; 0: never
    int newest_version = 0;       // as SSL_CTX_set_max_proto_version takes it
  };

  TlsEchoServer(const TestCertificate& certificate, Options options);
  explicit TlsEchoServer(const TestCertificate& certificate)
      : TlsEchoServer(certificate, Options()) {}
  ~TlsEchoServer();
  TlsEchoServer(const TlsEchoServer&) = delete;
  TlsEchoServer& operator=(const TlsEchoServer&) = delete;

  std::uint16_t port() const;

  struct Seen {
    int accepted = 0;
    int open = 0;
    std::string server_name;  // SNI of the last handshake
  };
  const Watched<Seen>& seen() const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_PEER_NET_TLS_ECHO_SERVER_H_

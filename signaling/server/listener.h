// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Listener: the listening socket. Each accepted connection is admitted and becomes an HttpSession,
// or is told 503 and closed.
#ifndef PAIRWIRE_SIGNALING_SERVER_LISTENER_H_
#define PAIRWIRE_SIGNALING_SERVER_LISTENER_H_

#include <pairwire/result.h>

#include <cstdint>
#include <string>

#include "signaling/net/endpoint.h"
#include "signaling/net/tls_context.h"
#include "signaling/server/http_session.h"

namespace pairwire::server {

class Listener final : private net::FdHandler {
 public:
  // All outlive the listener. Connections that it made do not need it. With `tls` they speak HTTPS.
  Listener(ConnectionContext& context, HttpHandler& handler, Admission& admission,
           const net::TlsContext* tls = nullptr);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Binds and listens. kInvalidArgument: `host` is not an address of the form 127.0.0.1 or ::1;
  // kSystem with a sentence for the operator: the port is in use, not permitted, the address is not
  // of this machine.
  Result<void> Open(const std::string& host, std::uint16_t port);
  // The port, after Open.
  std::uint16_t port() const;

  void Start();
  // Accepts no more; the port is free at once.
  void Close();

 private:
  void OnFdReadable() override;
  void OnFdWritable() override {}
  // False: no more for now.
  bool AcceptOne();
  void OnAccepted(net::Socket socket, const net::Endpoint& remote);

  ConnectionContext& context_;
  HttpHandler& handler_;
  Admission& admission_;
  const net::TlsContext* const tls_;
  int fd_ = -1;
  net::Alarm resume_;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_LISTENER_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TlsContext: what many TLS connections have in common: certificate and key of a server, or whom a
// client trusts. TLS 1.2 and later, no renegotiation, no compression, no session cache (a cache
// would grow with the clients; tickets do the same without one).
//
// Not here: a connection (socket.h).
#ifndef PAIRWIRE_SIGNALING_NET_TLS_CONTEXT_H_
#define PAIRWIRE_SIGNALING_NET_TLS_CONTEXT_H_

#include <pairwire/result.h>

#include <memory>
#include <string>

struct ssl_ctx_st;

namespace pairwire::net {

struct TlsServerOptions {
  std::string certificate_file;  // PEM: the certificate, then its chain
  std::string key_file;          // PEM, without a pass phrase
};

// The server's certificate is always verified, and its name by the socket.
struct TlsClientOptions {
  std::string ca_file;  // PEM; empty: the system's store
  // A certificate of our own for a server that asks for one; both or neither.
  std::string certificate_file;
  std::string key_file;
};

// Loop thread only. Connections do not need it after they began.
class TlsContext {
 public:
  // kInvalidArgument with a sentence for the operator that names the file: it cannot be read, is
  // not PEM, or the key is not the certificate's.
  static Result<std::unique_ptr<TlsContext>> Server(const TlsServerOptions& options);
  static Result<std::unique_ptr<TlsContext>> Client(const TlsClientOptions& options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // Reads the files anew (a renewed certificate). New connections get what they hold now; open ones
  // stay as they are. On an error everything stays.
  Result<void> Reload();

  // For socket.cc.
  ssl_ctx_st* native() const { return context_; }

 private:
  TlsContext() = default;
  Result<ssl_ctx_st*> Load() const;

  bool is_server_ = false;
  std::string certificate_file_;
  std::string key_file_;
  std::string ca_file_;
  ssl_ctx_st* context_ = nullptr;
};

}  // namespace pairwire::net

#endif  // PAIRWIRE_SIGNALING_NET_TLS_CONTEXT_H_

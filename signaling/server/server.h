// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Server: a whole relay node in one object: loop, listener, connections, core and memory store. The
// program (main.cc) and the tests use it in the same way.
//
//   Create (the port is bound) -> Run --Drain--> told to everybody, closes spread over the window
//   -> Run returns
//                                  \--Stop, or the window and a grace are over
//                                  ------------------------^
//
// Not here: signals, flags, stdout.
#ifndef PAIRWIRE_SIGNALING_SERVER_SERVER_H_
#define PAIRWIRE_SIGNALING_SERVER_SERVER_H_

#include <pairwire/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "signaling/server/config.h"

namespace pairwire::server {

class Server {
 public:
  // Binds and listens; nothing is answered before Run. kSystem or kInvalidArgument with a sentence
  // for the operator.
  static Result<std::unique_ptr<Server>> Create(const ServerConfig& config);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  // Of the operators' listener; 0 without one.
  std::uint16_t internal_port() const;
  // "http://127.0.0.1:8080", "https://[::1]:8080".
  std::string url() const;

  // Serves on the calling thread until drained or stopped. Once.
  void Run();

  // Graceful end: /readyz says 503, the port is closed, clients are told, their connections are
  // closed one by one over config.drain_window, and Run returns when the last is gone or a little
  // later. Any thread; more calls do nothing.
  void Drain();
  // Reads the TLS files anew, for connections that come from then on; when they do not do, the old
  // ones stay and the log says why. Any thread; nothing without TLS.
  void ReloadCertificate();
  // Ends at once. Any thread.
  void Stop();

  // Runs `task` on the server's thread; for signals and tests. Any thread.
  void Post(std::function<void()> task);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_SERVER_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Dialer: from a RelayUrl to a connected stream: name look-up, TCP to one address after the other,
// TLS with the relay's name verified. Internal to signaling/client: it shows Asio, so only .cc
// files include it. It has no deadline of its own; who dials has one and calls Cancel.
#ifndef PAIRWIRE_SIGNALING_CLIENT_DIALER_H_
#define PAIRWIRE_SIGNALING_CLIENT_DIALER_H_

#include <pairwire/result.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "signaling/client/relay_endpoint.h"

namespace pairwire {

using PlainStream = boost::asio::ip::tcp::socket;
using TlsStream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;

// Exactly one is set.
struct DialedStream {
  std::unique_ptr<PlainStream> plain;
  std::unique_ptr<TlsStream> tls;

  // Ends every operation that is under way on it. Safe when nothing is set.
  void Close();
};

// Kept alive by its own pending operations, which is why Start is given the shared pointer.
class Dialer {
 public:
  using Done = std::function<void(Result<DialedStream>)>;

  // Pause before the next address of the same name is tried, when this one does not answer at all.
  static constexpr std::chrono::milliseconds kPerAddress{2'500};

  Dialer(boost::asio::io_context& context, RelayEndpoint& endpoint, const RelayUrl& url);

  // Calls `done` once, later, unless cancelled.
  static void Start(const std::shared_ptr<Dialer>& self, Done done);
  void Cancel();

 private:
  using Tcp = boost::asio::ip::tcp;

  static void Resolve(const std::shared_ptr<Dialer>& self);
  static void ConnectNext(const std::shared_ptr<Dialer>& self);
  static void Handshake(const std::shared_ptr<Dialer>& self);
  void Finish(Result<DialedStream> result);
  PlainStream& socket();

  boost::asio::io_context& context_;
  const RelayUrl url_;
  boost::asio::ssl::context* tls_ = nullptr;  // null for http; lives in the endpoint's TlsTrust
  std::string trust_error_;
  Tcp::resolver resolver_;
  boost::asio::steady_timer attempt_timer_;
  std::vector<Tcp::endpoint> addresses_;
  std::size_t next_address_ = 0;
  bool attempt_timed_out_ = false;
  std::string last_error_ = "no address";
  DialedStream stream_;
  Done done_;
};

// "cannot reach host:port: reason".
Error Unreachable(const RelayUrl& url, const std::string& reason);

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_DIALER_H_

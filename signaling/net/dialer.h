// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Dialer: from a host name and a port to a connected Socket, its TLS handshake done, or to one
// sentence that says why not. Addresses are tried in their order, each with its share of the time
// that is left, so that a dead one leaves time for the next.
//
//   kIdle -> kResolving -> kConnecting <-> kHandshaking -> kIdle, then `done`
//
// Not here: trying again later; who dials knows when.
#ifndef PAIRWIRE_SIGNALING_NET_DIALER_H_
#define PAIRWIRE_SIGNALING_NET_DIALER_H_

#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "signaling/net/event_loop.h"
#include "signaling/net/resolver.h"
#include "signaling/net/socket.h"
#include "signaling/net/tls_context.h"

namespace pairwire::net {

struct DialTarget {
  std::string host;  // a name or an address, an IPv6 one without brackets
  std::uint16_t port = 0;
  const TlsContext* tls = nullptr;  // null: plain. Outlives the dialling.
  std::string server_name = {};     // what the certificate must name; empty: `host`
};

// One connection at a time, as often as wanted. Loop thread only; its destructor cancels.
class Dialer final : private Socket::Events {
 public:
  // The socket has TCP_NODELAY, wants nothing and has no Events yet. Errors, with a sentence that
  // names host and port: kSystem (name unknown, refused, unreachable, TLS refused or not
  // verified), kTimedOut, kInvalidArgument (a server name that cannot be one), kLimitExceeded
  // (resolver.h).
  using Done = std::function<void(Result<Socket>)>;

  Dialer(EventLoop& loop, Resolver& resolver);
  ~Dialer();
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  // `done` once, never from inside Dial, and within `deadline` and a turn. It may dial again and
  // may destroy the dialer. A dialling that is under way is cancelled first.
  void Dial(DialTarget target, std::chrono::milliseconds deadline, Done done);
  // `done` of a dialling under way does not come any more.
  void Cancel();
  bool busy() const { return state_ != State::kIdle; }

 private:
  enum class State : std::uint8_t { kIdle, kResolving, kConnecting, kHandshaking };

  void OnReadable() override { Proceed(); }
  void OnWritable() override { Proceed(); }
  void OnResolved(Result<Resolver::Addresses> result);
  void ConnectNext();
  void Proceed();
  void OnConnected();
  void Handshake();
  void OnTimeout();
  // The address that is tried now does not do.
  void FailAddress(Errc code, std::string why);
  void Finish(Result<Socket> result);
  std::string TargetText() const;

  EventLoop& loop_;
  Resolver& resolver_;
  State state_ = State::kIdle;
  DialTarget target_;
  Done done_;
  EventLoop::TimePoint deadline_{};
  std::uint64_t query_ = 0;
  Resolver::Addresses addresses_;
  std::size_t next_address_ = 0;
  Error last_error_;
  Socket socket_;
  Alarm alarm_;
};

}  // namespace pairwire::net

#endif  // PAIRWIRE_SIGNALING_NET_DIALER_H_

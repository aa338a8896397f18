// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ServerProbe: asks one STUN or TURN server by itself whether and why not it serves us, once
// libnice got nothing from it, as libnice does not say. STUN: one Binding transaction (RFC 8489);
// TURN: an Allocate with long-term credentials, released at once when it is granted (RFC 8656).
//
// It lives in an agent's context and goes before it. No TLS. Names are resolved by GLib, off the
// loop. Loop thread only.
#ifndef PAIRWIRE_PEER_ICE_SERVER_PROBE_H_
#define PAIRWIRE_PEER_ICE_SERVER_PROBE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "peer/base/loop.h"
#include "peer/base/random.h"
#include "peer/ice/glib_context.h"

namespace pairwire::ice {

struct ProbedServer {
  bool turn = false;
  bool tcp = false;
  std::string host;
  std::uint16_t port = 0;
  std::string username;
  std::string credential;
};

// RFC 8489 section 14.8's code of the server, 701 (W3C: not reached), or 0: it serves.
struct ProbeResult {
  int code = 0;
  std::string reason;
};

class ServerProbe {
 public:
  // An answer takes one or two round trips; a server that needs longer than this is of no use.
  static constexpr std::chrono::milliseconds kDeadline{2'000};

  // Starts. `done` is called once, from the context's dispatch or a timer, never from inside the
  // constructor; it may not destroy the probe.
  ServerProbe(GlibContext& context, Loop& loop, RandomSource& random, ProbedServer server,
              std::function<void(ProbeResult)> done);
  ~ServerProbe();

  ServerProbe(const ServerProbe&) = delete;
  ServerProbe& operator=(const ServerProbe&) = delete;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_SERVER_PROBE_H_

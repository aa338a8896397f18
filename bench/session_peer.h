// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SessionPeer: one end of a Session between the two roles of a scenario, without a relay: what a
// pairing would carry goes over the Wire. The session is a plain one (docs/session.md), without a
// place to meet again: it ends with its connection. It is made from the boxes of peer/session, as
// the library offers no other way to pair; what is measured on it is what an application sees.
#ifndef PAIRWIRE_BENCH_SESSION_PEER_H_
#define PAIRWIRE_BENCH_SESSION_PEER_H_

#include <pairwire/session.h>

#include <functional>
#include <memory>

#include "bench/scenario.h"

namespace pairwire {
class PeerLink;
}

namespace pairwire::bench {

// Loop thread only; outlives its Network.
class SessionPeer {
 public:
  // `on_connected`: once; the session is this object's. What goes wrong ends the run.
  SessionPeer(Context& context, std::function<void(Session&)> on_connected);
  ~SessionPeer();
  SessionPeer(const SessionPeer&) = delete;
  SessionPeer& operator=(const SessionPeer&) = delete;

  // The active role's: begins the exchange.
  void Offer();
  // True when `message` was about the session.
  bool OnWire(const Json& message);

 private:
  // The connection, made if there was none yet; null when that failed, or it is the session's now.
  PeerLink* Link();
  void OnLinked();

  Context& context_;
  const std::function<void(Session&)> on_connected_;
  bool linked_ = false;
  std::unique_ptr<PeerLink> link_;  // until it is the session's
  Session session_;
};

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_SESSION_PEER_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// IceSetup: makes the ICE transports of one connection as its configuration says, one a generation:
// which servers, and for turns: servers the TLS tunnels that libnice cannot do itself.
#ifndef PAIRWIRE_PEER_CONNECTION_ICE_SETUP_H_
#define PAIRWIRE_PEER_CONNECTION_ICE_SETUP_H_

#include <pairwire/configuration.h>
#include <pairwire/result.h>

#include <memory>
#include <string>
#include <vector>

#include "peer/connection/ice_paths.h"
#include "peer/connection/network_core.h"
#include "peer/ice/nice_transport.h"
#include "peer/net/tls_tunnel.h"

namespace pairwire {

// The servers of a configuration, sorted by what they are for. Pure.
struct ServerPlan {
  std::optional<ice::StunServer> stun;         // the first; libnice asks one
  std::vector<ice::TurnServer> turn;           // turn: only
  std::vector<ice::TurnServer> turn_over_tls;  // turns:
};

// kParseError, kUnsupported: a url; kInvalidArgument: a TURN server without username or credential,
// or one that is too long; kLimitExceeded: more than 8 TURN urls.
Result<ServerPlan> PlanServers(const std::vector<IceServer>& servers);

class IceSetup {
 public:
  // `network` outlives it. The configuration's servers must be such that PlanServers takes them.
  IceSetup(NetworkCore& network, const PeerConfiguration& configuration);

  // The transport is gone before the setup.
  std::unique_ptr<ice::IceTransport> Make(ice::Credentials local, ice::Events& events);

  // What kept TLS tunnels from their servers, for a person; empty when nothing did.
  std::string TunnelTrouble() const;

 private:
  void OpenTunnels();

  NetworkCore& network_;
  ice::NiceTransportOptions options_;
  std::vector<ice::TurnServer> turn_over_tls_;  // those without a tunnel yet
  const std::string ca_file_;
  std::vector<std::unique_ptr<net::TlsTunnel>> tunnels_;
  std::string tunnel_error_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_ICE_SETUP_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The real association under a TransportStack, as the configuration says.
#ifndef PAIRWIRE_PEER_CONNECTION_SCTP_SETUP_H_
#define PAIRWIRE_PEER_CONNECTION_SCTP_SETUP_H_

#include <pairwire/configuration.h>

#include <cstdint>

#include "peer/connection/network_core.h"
#include "peer/connection/transport_stack.h"
#include "sctp/usrsctp_socket.h"

namespace pairwire {

// What the association is made with: an end that is known to be ours gets more than a stranger.
sctp::UsrsctpAssociationOptions UsrsctpOptions(const PeerConfiguration& configuration,
                                               const RemoteTransport& remote);

// What the other end may know of our sender (a=x-pairwire:burst=).
std::uint16_t LocalBurst(const PeerConfiguration& configuration);

// Both outlive the factory, and `network` what it makes.
TransportStack::AssociationFactory UsrsctpFactory(NetworkCore& network,
                                                  const PeerConfiguration& configuration);

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_SCTP_SETUP_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Makes the real ICE and SCTP of a connection from its configuration. Tests give a TransportStack
// others.
#ifndef PAIRWIRE_PEER_CONNECTION_TRANSPORT_FACTORIES_H_
#define PAIRWIRE_PEER_CONNECTION_TRANSPORT_FACTORIES_H_

#include <pairwire/configuration.h>

#include "peer/connection/network_core.h"
#include "peer/connection/transport_stack.h"

namespace pairwire {

// `network` outlives what the factories make.
TransportStack::IceFactory NiceIceFactory(NetworkCore& network,
                                          const PeerConfiguration& configuration);
TransportStack::AssociationFactory UsrsctpFactory(NetworkCore& network,
                                                  const PeerConfiguration& configuration);

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_TRANSPORT_FACTORIES_H_

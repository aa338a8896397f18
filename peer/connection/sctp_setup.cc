// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/connection/sctp_setup.h"

#include <memory>

#include "sctp/usrsctp_association.h"

namespace pairwire {

TransportStack::AssociationFactory UsrsctpFactory(NetworkCore& network,
                                                  const PeerConfiguration& configuration) {
  sctp::UsrsctpAssociationOptions options;
  options.max_message_size = configuration.max_message_size;
  options.max_reassembly = configuration.max_message_size + configuration.max_reassembly;
  options.interleaving = configuration.interleaving == InterleavingPolicy::kAlways;
  return
      [&network, options](sctp::AssociationEvents& events,
                          std::uint16_t remote_port) mutable -> std::unique_ptr<sctp::Association> {
        options.remote_port = remote_port;
        return std::make_unique<sctp::UsrsctpAssociation>(network.sctp(), options, events);
      };
}

}  // namespace pairwire

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/connection/transport_factories.h"

#include <algorithm>
#include <memory>

#include "peer/ice/nice_transport.h"
#include "sctp/usrsctp_association.h"

namespace pairwire {

TransportStack::IceFactory NiceIceFactory(NetworkCore& network,
                                          const PeerConfiguration& configuration) {
  ice::NiceTransportOptions options;
  options.bind_addresses = configuration.bind_addresses;
  options.port_range_begin = configuration.port_range_begin;
  options.port_range_end = configuration.port_range_end;
  options.ice_tcp = configuration.enable_ice_tcp;
  options.pacing = configuration.ice_pacing;
  return [&network, options](ice::Events& events) -> std::unique_ptr<ice::IceTransport> {
    return std::make_unique<ice::NiceTransport>(network.ice(), options,
                                                ice::MakeCredentials(network.random()), events);
  };
}

TransportStack::AssociationFactory UsrsctpFactory(NetworkCore& network,
                                                  const PeerConfiguration& configuration) {
  sctp::UsrsctpAssociationOptions options;
  options.max_message_size = configuration.max_message_size;
  // A message must fit whole into the send buffer, and Send lets through what the connection may
  // hold.
  options.send_buffer = std::max(options.send_buffer, configuration.max_buffered_amount);
  return
      [&network, options](sctp::AssociationEvents& events,
                          std::uint16_t remote_port) mutable -> std::unique_ptr<sctp::Association> {
        options.remote_port = remote_port;
        return std::make_unique<sctp::UsrsctpAssociation>(network.sctp(), options, events);
      };
}

}  // namespace pairwire

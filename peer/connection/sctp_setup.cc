// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/connection/sctp_setup.h"

#include <memory>

#include "sctp/path_mtu.h"
#include "sctp/usrsctp_association.h"

namespace pairwire {
namespace {

// 1 Gbit/s at a round-trip time of 100 ms, with some to spare.
constexpr std::size_t kSendBuffer = 16 * 1024 * 1024;

sctp::CongestionControl ToModule(SctpCongestionControl congestion_control) {
  switch (congestion_control) {
    case SctpCongestionControl::kRfc9260:
      return sctp::CongestionControl::kRfc9260;
    case SctpCongestionControl::kHighSpeed:
      return sctp::CongestionControl::kHighSpeed;
    case SctpCongestionControl::kHTcp:
      return sctp::CongestionControl::kHTcp;
  }
  return sctp::CongestionControl::kRfc9260;
}

}  // namespace

sctp::UsrsctpAssociationOptions UsrsctpOptions(const PeerConfiguration& configuration,
                                               const RemoteTransport& remote) {
  sctp::UsrsctpAssociationOptions options;
  options.remote_port = remote.sctp_port;
  options.max_message_size = configuration.max_message_size;
  options.max_reassembly = configuration.max_message_size + configuration.max_reassembly;
  options.interleaving =
      configuration.interleaving == InterleavingPolicy::kAlways ||
      (configuration.interleaving == InterleavingPolicy::kOwnPeers && remote.sctp_burst != 0);
  options.stall_after = configuration.data_stall_after;
  options.send_buffer = kSendBuffer;
  options.receive_buffer = configuration.sctp_receive_window;
  options.congestion_control = ToModule(configuration.sctp_congestion_control);
  if (remote.sctp_burst == 0) return options;
  options.peer_burst = remote.sctp_burst;
  options.zero_checksum = true;
  options.outgoing_streams = sctp::kInitialStreamsOfOurs;
  options.largest_packet_size = sctp::PathMtu::kLargest;
  return options;
}

std::uint16_t LocalBurst(const PeerConfiguration& configuration) {
  return sctp::BurstOf(ToModule(configuration.sctp_congestion_control));
}

TransportStack::AssociationFactory UsrsctpFactory(NetworkCore& network,
                                                  const PeerConfiguration& configuration) {
  return [&network, &configuration](
             sctp::AssociationEvents& events,
             const RemoteTransport& remote) -> std::unique_ptr<sctp::Association> {
    return std::make_unique<sctp::UsrsctpAssociation>(
        network.sctp(), UsrsctpOptions(configuration, remote), events);
  };
}

}  // namespace pairwire

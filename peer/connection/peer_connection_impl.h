// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PeerConnection::Impl: what a connection's handle and the loop share: how to reach the loop, and
// the snapshot that the getters read.
#ifndef PAIRWIRE_PEER_CONNECTION_PEER_CONNECTION_IMPL_H_
#define PAIRWIRE_PEER_CONNECTION_PEER_CONNECTION_IMPL_H_

#include <pairwire/peer_connection.h>

#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "peer/connection/data_channel_impl.h"
#include "peer/connection/loop_link.h"
#include "peer/connection/network_core.h"

namespace pairwire {

// Never locked while anything is called.
struct PeerSnapshot {
  PeerConnectionState connection = PeerConnectionState::kNew;
  SignalingState signaling = SignalingState::kStable;
  IceGatheringState gathering = IceGatheringState::kNew;
  IceConnectionState ice = IceConnectionState::kNew;
  DtlsTransportState dtls = DtlsTransportState::kNew;
  SctpTransportState sctp = SctpTransportState::kConnecting;
  std::optional<SessionDescription> current_local;
  std::optional<SessionDescription> pending_local;
  std::optional<SessionDescription> current_remote;
  std::optional<SessionDescription> pending_remote;
  std::optional<bool> can_trickle;
  std::optional<SelectedCandidatePair> pair;
  std::vector<Bytes> remote_certificates;
  Diagnosis diagnosis;
};

// Shared by the handle and the loop's side; either may go first.
struct PeerShared {
  PeerShared(std::shared_ptr<LoopLink> link_to_loop, PeerId peer, std::size_t max_buffered_amount)
      : link(std::move(link_to_loop)),
        id(peer),
        budget(std::make_shared<SendBudget>(max_buffered_amount)) {}

  const std::shared_ptr<LoopLink> link;
  const PeerId id;
  const std::shared_ptr<SendBudget> budget;
  mutable std::mutex mutex;
  PeerSnapshot snapshot;
};

struct PeerConnection::Impl : PeerShared {
  using PeerShared::PeerShared;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_PEER_CONNECTION_IMPL_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Folds the states of ICE and DTLS into W3C's connection states (WebRTC section 4.3.3, 5.6.4).
// Pure.
#ifndef PAIRWIRE_PEER_CONNECTION_CONNECTION_STATE_H_
#define PAIRWIRE_PEER_CONNECTION_CONNECTION_STATE_H_

#include <pairwire/peer_connection.h>

#include "peer/dtls/dtls_transport.h"
#include "peer/ice/ice_transport.h"
#include "sctp/association.h"

namespace pairwire {

constexpr IceConnectionState ToIceConnectionState(ice::State state) {
  switch (state) {
    case ice::State::kNew:
      return IceConnectionState::kNew;
    case ice::State::kChecking:
      return IceConnectionState::kChecking;
    case ice::State::kConnected:
      return IceConnectionState::kConnected;
    case ice::State::kCompleted:
      return IceConnectionState::kCompleted;
    case ice::State::kDisconnected:
      return IceConnectionState::kDisconnected;
    case ice::State::kFailed:
      return IceConnectionState::kFailed;
    case ice::State::kClosed:
      return IceConnectionState::kClosed;
  }
  return IceConnectionState::kClosed;
}

// While the connection is open; its end (failed for good, closed) is decided above.
constexpr PeerConnectionState FoldConnectionState(ice::State ice, dtls::State dtls) {
  if (ice == ice::State::kFailed || dtls == dtls::State::kFailed) {
    return PeerConnectionState::kFailed;
  }
  if (ice == ice::State::kDisconnected) return PeerConnectionState::kDisconnected;
  const bool ice_up = ice == ice::State::kConnected || ice == ice::State::kCompleted;
  if (ice_up && dtls == dtls::State::kConnected) return PeerConnectionState::kConnected;
  if (ice == ice::State::kNew && dtls == dtls::State::kNew) return PeerConnectionState::kNew;
  return PeerConnectionState::kConnecting;
}

constexpr DtlsTransportState ToDtlsTransportState(dtls::State state) {
  switch (state) {
    case dtls::State::kNew:
      return DtlsTransportState::kNew;
    case dtls::State::kConnecting:
      return DtlsTransportState::kConnecting;
    case dtls::State::kConnected:
      return DtlsTransportState::kConnected;
    case dtls::State::kClosed:
      return DtlsTransportState::kClosed;
    case dtls::State::kFailed:
      return DtlsTransportState::kFailed;
  }
  return DtlsTransportState::kClosed;
}

constexpr SctpTransportState ToSctpTransportState(sctp::AssociationState state) {
  switch (state) {
    case sctp::AssociationState::kNew:
    case sctp::AssociationState::kConnecting:
      return SctpTransportState::kConnecting;
    case sctp::AssociationState::kConnected:
      return SctpTransportState::kConnected;
    case sctp::AssociationState::kClosed:
    case sctp::AssociationState::kFailed:
      return SctpTransportState::kClosed;
  }
  return SctpTransportState::kClosed;
}

constexpr DataStallCause ToDataStallCause(sctp::StallCause cause) {
  return cause == sctp::StallCause::kReceiver ? DataStallCause::kReceiver : DataStallCause::kPath;
}

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_CONNECTION_STATE_H_

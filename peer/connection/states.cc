// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// W3C's words for the states of a peer connection: they are in logs and applications compare them.
#include <pairwire/peer_connection.h>

namespace pairwire {
namespace {

// What a number says that somebody cast to one of the enumerations.
constexpr std::string_view kUnknown = "unknown";

}  // namespace

std::string_view ToString(PeerConnectionState state) {
  switch (state) {
    case PeerConnectionState::kNew:
      return "new";
    case PeerConnectionState::kConnecting:
      return "connecting";
    case PeerConnectionState::kConnected:
      return "connected";
    case PeerConnectionState::kDisconnected:
      return "disconnected";
    case PeerConnectionState::kFailed:
      return "failed";
    case PeerConnectionState::kClosed:
      return "closed";
  }
  return kUnknown;
}

std::string_view ToString(SignalingState state) {
  switch (state) {
    case SignalingState::kStable:
      return "stable";
    case SignalingState::kHaveLocalOffer:
      return "have-local-offer";
    case SignalingState::kHaveRemoteOffer:
      return "have-remote-offer";
    case SignalingState::kHaveLocalPranswer:
      return "have-local-pranswer";
    case SignalingState::kHaveRemotePranswer:
      return "have-remote-pranswer";
    case SignalingState::kClosed:
      return "closed";
  }
  return kUnknown;
}

std::string_view ToString(IceGatheringState state) {
  switch (state) {
    case IceGatheringState::kNew:
      return "new";
    case IceGatheringState::kGathering:
      return "gathering";
    case IceGatheringState::kComplete:
      return "complete";
  }
  return kUnknown;
}

std::string_view ToString(IceConnectionState state) {
  switch (state) {
    case IceConnectionState::kNew:
      return "new";
    case IceConnectionState::kChecking:
      return "checking";
    case IceConnectionState::kConnected:
      return "connected";
    case IceConnectionState::kCompleted:
      return "completed";
    case IceConnectionState::kDisconnected:
      return "disconnected";
    case IceConnectionState::kFailed:
      return "failed";
    case IceConnectionState::kClosed:
      return "closed";
  }
  return kUnknown;
}

std::string_view ToString(DtlsTransportState state) {
  switch (state) {
    case DtlsTransportState::kNew:
      return "new";
    case DtlsTransportState::kConnecting:
      return "connecting";
    case DtlsTransportState::kConnected:
      return "connected";
    case DtlsTransportState::kClosed:
      return "closed";
    case DtlsTransportState::kFailed:
      return "failed";
  }
  return "unknown";
}

std::string_view ToString(SctpTransportState state) {
  switch (state) {
    case SctpTransportState::kConnecting:
      return "connecting";
    case SctpTransportState::kConnected:
      return "connected";
    case SctpTransportState::kClosed:
      return "closed";
  }
  return "unknown";
}

std::string_view ToString(DataStallCause cause) {
  switch (cause) {
    case DataStallCause::kPath:
      return "path";
    case DataStallCause::kReceiver:
      return "receiver";
  }
  return "unknown";
}

std::string_view ToString(FailureCause cause) {
  switch (cause) {
    case FailureCause::kNone:
      return "none";
    case FailureCause::kClosedByPeer:
      return "closed-by-peer";
    case FailureCause::kFingerprintMismatch:
      return "fingerprint-mismatch";
    case FailureCause::kDtlsHandshake:
      return "dtls-handshake";
    case FailureCause::kSctp:
      return "sctp";
    case FailureCause::kRejected:
      return "rejected";
    case FailureCause::kNoLocalAddress:
      return "no-local-address";
    case FailureCause::kConsentLost:
      return "consent-lost";
    case FailureCause::kTurnRefused:
      return "turn-refused";
    case FailureCause::kTurnUnreachable:
      return "turn-unreachable";
    case FailureCause::kStunUnreachable:
      return "stun-unreachable";
    case FailureCause::kNoRemoteCandidates:
      return "no-remote-candidates";
    case FailureCause::kNoCommonPair:
      return "no-common-pair";
    case FailureCause::kTimedOut:
      return "timed-out";
  }
  return "unknown";
}

}  // namespace pairwire

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/delivery/session_events.h"

namespace pairwire::delivery {

std::string_view ToString(SessionState state) {
  switch (state) {
    case SessionState::kSignalling:
      return "signalling";
    case SessionState::kConnected:
      return "connected";
    case SessionState::kRecovering:
      return "recovering";
    case SessionState::kReconnecting:
      return "reconnecting";
    case SessionState::kClosing:
      return "closing";
    case SessionState::kClosed:
      return "closed";
  }
  return "unknown";
}

std::string_view ToString(HelloVerdict verdict) {
  switch (verdict) {
    case HelloVerdict::kFirst:
      return "first";
    case HelloVerdict::kResume:
      return "resume";
    case HelloVerdict::kStateLost:
      return "state-lost";
    case HelloVerdict::kCorrupt:
      return "corrupt";
    case HelloVerdict::kRefuse:
      return "refuse";
    case HelloVerdict::kWrongTag:
      return "wrong-tag";
    case HelloVerdict::kMalformed:
      return "malformed";
  }
  return "unknown";
}

std::string_view ToString(EndReason reason) {
  switch (reason) {
    case EndReason::kAsked:
      return "asked";
    case EndReason::kPeerLeft:
      return "peer-left";
    case EndReason::kSessionLost:
      return "session-lost";
    case EndReason::kPeerRestarted:
      return "peer-restarted";
    case EndReason::kReplaced:
      return "replaced";
    case EndReason::kRevoked:
      return "revoked";
    case EndReason::kAuthFailed:
      return "auth-failed";
    case EndReason::kCorrupt:
      return "corrupt";
    case EndReason::kProtocol:
      return "protocol";
    case EndReason::kLinkFailed:
      return "link-failed";
  }
  return "unknown";
}

}  // namespace pairwire::delivery

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include <pairwire/error.h>

namespace pairwire {

std::string_view ToString(Errc code) {
  switch (code) {
    case Errc::kInvalidArgument:
      return "invalid_argument";
    case Errc::kInvalidState:
      return "invalid_state";
    case Errc::kParseError:
      return "parse_error";
    case Errc::kLimitExceeded:
      return "limit_exceeded";
    case Errc::kUnsupported:
      return "unsupported";
    case Errc::kClosed:
      return "closed";
    case Errc::kBufferFull:
      return "buffer_full";
    case Errc::kMessageTooLarge:
      return "message_too_large";
    case Errc::kTimedOut:
      return "timed_out";
    case Errc::kCancelled:
      return "cancelled";
    case Errc::kIceFailed:
      return "ice_failed";
    case Errc::kDtlsFailed:
      return "dtls_failed";
    case Errc::kFingerprintMismatch:
      return "fingerprint_mismatch";
    case Errc::kSctpFailed:
      return "sctp_failed";
    case Errc::kRelayUnreachable:
      return "relay_unreachable";
    case Errc::kRelayProtocol:
      return "relay_protocol";
    case Errc::kRelayRefused:
      return "relay_refused";
    case Errc::kCodeNotFound:
      return "code_not_found";
    case Errc::kRateLimited:
      return "rate_limited";
    case Errc::kUnauthorized:
      return "unauthorized";
    case Errc::kAuthFailed:
      return "auth_failed";
    case Errc::kSessionTerminated:
      return "session_terminated";
    case Errc::kPeerLeft:
      return "peer_left";
    case Errc::kSessionLost:
      return "session_lost";
    case Errc::kPeerRestarted:
      return "peer_restarted";
    case Errc::kReplaced:
      return "replaced";
    case Errc::kRevoked:
      return "revoked";
    case Errc::kSystem:
      return "system";
  }
  return "unknown";  // Not an enumerator: somebody cast a number.
}

std::string ToString(const Error& error) {
  std::string text(ToString(error.code));
  if (!error.detail.empty()) {
    text += ": ";
    text += error.detail;
  }
  return text;
}

}  // namespace pairwire

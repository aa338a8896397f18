// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What can go wrong at run time, as one flat list of codes. What only a bug of ours can cause is
// not here: it ends the program with a message (peer/base/check.h).
#ifndef PAIRWIRE_ERROR_H_
#define PAIRWIRE_ERROR_H_

#include <string>
#include <string_view>

namespace pairwire {

enum class Errc {
  kInvalidArgument,      // A value is outside what the call's documentation allows.
  kInvalidState,         // The object is not in a state in which the call makes sense.
  kParseError,           // Text or bytes from outside do not follow their grammar.
  kLimitExceeded,        // A documented bound (count, size, depth) would be exceeded.
  kUnsupported,          // Well-formed, but something we do not do.
  kClosed,               // The object is closed or is closing.
  kBufferFull,           // No room in the send buffer; try again after the low-threshold event.
  kMessageTooLarge,      // Larger than the other end's max-message-size or our send buffers.
  kTimedOut,             // The deadline passed.
  kCancelled,            // The caller gave up (object destroyed, Ctrl-C).
  kIceFailed,            // No candidate pair works, or the working one died.
  kDtlsFailed,           // The DTLS handshake failed.
  kFingerprintMismatch,  // The other end's certificate is not the one its description promised.
  kSctpFailed,           // The SCTP association could not be set up or was aborted.
  kRelayUnreachable,     // No connection to the relay: refused, timed out, name unknown.
  kRelayProtocol,        // The relay answered with something that is not our protocol.
  kRelayRefused,         // The relay refused the request; the detail carries its reason.
  kCodeNotFound,         // The code is unknown, expired or already used.
  kRateLimited,          // Too many requests; the detail says when to try again.
  kUnauthorized,         // The token is missing, wrong or expired.
  kAuthFailed,           // The other end did not prove that it knows the code; ask for it anew.
  kSessionTerminated,    // The pairing session ended at the relay.
  kPeerLeft,             // The other end ended the session.
  kSessionLost,          // The other end did not come back in time, or has forgotten the session.
  kPeerRestarted,        // The other end came back without its memory of the session.
  kReplaced,             // Another controller took this one's place at the display.
  kRevoked,              // The remembered pairing was revoked.
  kSystem,  // The operating system refused (disk, socket, memory); detail has errno's text.
};

// The enumerator's name without the leading k, in lower snake case: `kBufferFull` -> "buffer_full".
// The string is static and stable: programs may test it.
std::string_view ToString(Errc code);

// A code and one sentence for a person. The sentence is not stable; test the code.
struct Error {
  Errc code = Errc::kInvalidState;
  std::string detail;

  bool operator==(const Error&) const = default;
};

// "buffer_full: 4194304 bytes are waiting" or just the code when there is no detail.
std::string ToString(const Error& error);

}  // namespace pairwire

#endif  // PAIRWIRE_ERROR_H_

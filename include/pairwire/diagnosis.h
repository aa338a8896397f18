// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Diagnosis: why a connection does not work, in one call (PeerConnection::Diagnose): the likely
// cause as a code, one sentence for a person, and what the STUN and TURN servers said.
//
// W3C has nothing like it: a browser says "failed" and no more.
#ifndef PAIRWIRE_DIAGNOSIS_H_
#define PAIRWIRE_DIAGNOSIS_H_

#include <string>
#include <string_view>
#include <vector>

namespace pairwire {

// In the order in which they are looked for: the first that applies is reported.
enum class FailureCause {
  kNone,                 // nothing is wrong, or not yet
  kClosedByPeer,         // the other end closed the connection in order
  kFingerprintMismatch,  // the other end's certificate is not the one its description promised
  kDtlsHandshake,        // DTLS failed for another reason
  kSctp,                 // the association was aborted
  kRejected,             // the other end refused the data section
  kNoLocalAddress,       // no interface is up, or the bind address or port range gave nothing
  kConsentLost,          // it worked, and then the other end stopped answering
  kTurnRefused,          // a TURN server refused us, and no other pair worked
  kTurnUnreachable,      // no TURN server answered, and no other pair worked
  kStunUnreachable,      // no STUN server answered, and no host pair worked
  kNoRemoteCandidates,   // the other end sent none that could be used
  kNoCommonPair,         // candidates on both sides, and none of their pairs worked
  kTimedOut              // not connected within connect_timeout
};
// "none", "closed-by-peer", "fingerprint-mismatch", … : stable, programs may test it.
std::string_view ToString(FailureCause cause);

// What a STUN or TURN server answered (W3C RTCPeerConnectionIceErrorEvent).
struct IceServerError {
  std::string url;   // as configured
  int code = 0;      // STUN error code (RFC 8489 section 14.8); 701: no answer
  std::string text;  // for a person
};

struct Diagnosis {
  FailureCause cause = FailureCause::kNone;
  std::string text;  // one sentence; empty for kNone
  std::vector<IceServerError> servers;
};

}  // namespace pairwire

#endif  // PAIRWIRE_DIAGNOSIS_H_

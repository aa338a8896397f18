// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The proven descriptions of a pairing (pairing_signals.h) and of a meeting (meeting_signals.h) as
// the relay's JSON, and what both look for in an SDP.
#ifndef PAIRWIRE_PEER_SESSION_PAKE_DATA_H_
#define PAIRWIRE_PEER_SESSION_PAKE_DATA_H_

#include <pairwire/result.h>

#include <string>

#include "peer/auth/pairing_exchange.h"
#include "signaling/protocol/json.h"

namespace pairwire {

// The one certificate that an SDP of ours promises. kUnsupported: several, or of another hash.
Result<auth::Fingerprint256> PromisedBy(const std::string& sdp);

// {pake, box}. kAuthFailed: anything else, an SDP in the open among it: nobody falls back to that.
Result<auth::PakeMessage> ReadPake(const protocol::RawJson& data);
protocol::RawJson WritePake(auth::PakeMessage message);

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_PAKE_DATA_H_

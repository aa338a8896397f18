// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The `data` of webrtc:offer, webrtc:answer and webrtc:ice-candidate between W3C's terms and JSON.
// The relay never reads them; only peers do.
#ifndef PAIRWIRE_SIGNALING_CLIENT_WEBRTC_SIGNAL_H_
#define PAIRWIRE_SIGNALING_CLIENT_WEBRTC_SIGNAL_H_

#include <pairwire/ice_candidate.h>
#include <pairwire/result.h>

#include <cstddef>
#include <string>

#include "signaling/protocol/json.h"

namespace pairwire {

// SDP from the other end; ours has about 1 KiB, a browser's a few.
inline constexpr std::size_t kMaxSdpBytes = 32 * 1024;
// One candidate line; the longest that RFC 8839 needs has some 200 bytes.
inline constexpr std::size_t kMaxCandidateBytes = 1024;

protocol::RawJson ToSdpData(const std::string& sdp);
// {sdp}; kParseError or kLimitExceeded.
Result<std::string> ParseSdpData(const protocol::RawJson& data);

protocol::RawJson ToCandidateData(const IceCandidate& candidate);
// {candidate, sdpMid, sdpMLineIndex, usernameFragment}; an absent or empty candidate ends them.
Result<IceCandidate> ParseCandidateData(const protocol::RawJson& data);

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_WEBRTC_SIGNAL_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The `data` of webrtc:offer, webrtc:answer and webrtc:ice-candidate between W3C's terms and JSON.
// The relay never reads them; only peers do. Without a secret they carry what W3C's terms say, in
// the open; with one they carry boxes (docs/security.md), which are opened elsewhere.
#ifndef PAIRWIRE_SIGNALING_CLIENT_WEBRTC_SIGNAL_H_
#define PAIRWIRE_SIGNALING_CLIENT_WEBRTC_SIGNAL_H_

#include <pairwire/ice_candidate.h>
#include <pairwire/result.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "signaling/protocol/json.h"

namespace pairwire {

// SDP from the other end; ours has about 1 KiB, a browser's a few.
inline constexpr std::size_t kMaxSdpBytes = 32 * 1024;
// One candidate line; the longest that RFC 8839 needs has some 200 bytes.
inline constexpr std::size_t kMaxCandidateBytes = 1024;

// A feature's word, and how many of them one end may say that it has.
inline constexpr std::size_t kMaxSignalFeatures = 16;
inline constexpr std::size_t kMaxSignalFeatureBytes = 32;
// base64url: a CPace share, a tag and what is beside them; a box around an SDP of the longest kind.
inline constexpr std::size_t kMaxPakeBytes = 4 * 1024;
inline constexpr std::size_t kMaxBoxBytes = 56 * 1024;

// {sdp} or, in an offer that uses them, {sdp, features}.
protocol::RawJson ToSdpData(const std::string& sdp, const std::vector<std::string>& features = {});
// {sdp}; kParseError or kLimitExceeded.
Result<std::string> ParseSdpData(const protocol::RawJson& data);

// `features` of an offer, and of a plain hello; none when absent. kParseError or kLimitExceeded.
Result<std::vector<std::string>> ParseFeatureList(const protocol::RawJson& data);
// `hello` of a controller without a secret: {"plain":1,"features":[…]}.
protocol::RawJson ToPlainHello(const std::vector<std::string>& features);
// Whether a hello is such an object (an authenticated one is a text).
bool IsPlainHello(const protocol::RawJson& hello);

// `hello` of a controller with a secret: a text of base64url.
protocol::RawJson ToHello(const std::string& hello);
// None: it is no text, or too long.
std::optional<std::string> ParseHello(const protocol::RawJson& hello);

// {pake, box} in the first offer and answer, {box} in later ones and in a candidate. With a kind:
// what is in the box when that is not what the message's type says.
struct BoxSignal {
  std::string pake;
  std::string box;
  std::string kind = {};

  bool operator==(const BoxSignal&) const = default;
};
protocol::RawJson ToBoxData(const BoxSignal& signal);
// A member that is absent is empty. kParseError or kLimitExceeded.
Result<BoxSignal> ParseBoxData(const protocol::RawJson& data);

// {"failed":"auth_failed"} instead of an offer or an answer: the sender has given up this run. It
// never says why.
protocol::RawJson ToFailedData();
bool IsFailedData(const protocol::RawJson& data);

protocol::RawJson ToCandidateData(const IceCandidate& candidate);
// {candidate, sdpMid, sdpMLineIndex, usernameFragment}; an absent or empty candidate ends them.
Result<IceCandidate> ParseCandidateData(const protocol::RawJson& data);

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_WEBRTC_SIGNAL_H_

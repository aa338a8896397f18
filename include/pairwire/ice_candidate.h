// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// An ICE candidate on its way through signalling (W3C RTCIceCandidateInit, RFC 8839 section 5.1).
#ifndef PAIRWIRE_ICE_CANDIDATE_H_
#define PAIRWIRE_ICE_CANDIDATE_H_

#include <optional>
#include <string>

namespace pairwire {

struct IceCandidate {
  // "candidate:1 1 UDP 2122260223 192.0.2.1 50000 typ host"; empty means end-of-candidates (RFC
  // 8838).
  std::string candidate = {};
  std::optional<std::string> sdp_mid = std::nullopt;
  std::optional<int> sdp_mline_index = std::nullopt;
  std::optional<std::string> username_fragment = std::nullopt;

  bool operator==(const IceCandidate&) const = default;
};

}  // namespace pairwire

#endif  // PAIRWIRE_ICE_CANDIDATE_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// An offer or answer on its way through signalling (W3C RTCSessionDescriptionInit, RFC 8829).
#ifndef PAIRWIRE_SESSION_DESCRIPTION_H_
#define PAIRWIRE_SESSION_DESCRIPTION_H_

#include <string>
#include <string_view>

namespace pairwire {

enum class SdpType { kOffer, kPranswer, kAnswer, kRollback };

// "offer", "pranswer", "answer", "rollback": W3C's RTCSdpType.
std::string_view ToString(SdpType type);

struct SessionDescription {
  SdpType type = SdpType::kOffer;
  std::string sdp = {};  // Empty for kRollback.

  bool operator==(const SessionDescription&) const = default;
};

}  // namespace pairwire

#endif  // PAIRWIRE_SESSION_DESCRIPTION_H_

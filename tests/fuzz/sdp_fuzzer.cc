// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a session description: refused with a reason, or kept such that printing and parsing
// again gives the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "peer/base/check.h"
#include "peer/sdp/description.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pairwire;  // NOLINT: a fuzz target is a main
  const auto parsed = sdp::Parse({reinterpret_cast<const char*>(data), size});
  if (!parsed) {
    PAIRWIRE_CHECK(!parsed.error().detail.empty());
    return 0;
  }
  PAIRWIRE_CHECK(parsed->media.size() <= sdp::kMaxMediaSections);
  for (const auto& section : parsed->media) {
    PAIRWIRE_CHECK(section.candidates.size() <= sdp::kMaxCandidates);
    PAIRWIRE_CHECK(section.fingerprints.size() <= sdp::kMaxFingerprints);
  }
  const auto again = sdp::Parse(sdp::Serialize(*parsed));
  // Only size may stand in the way: what was said once for the session is printed for each section.
  PAIRWIRE_CHECK(again ? *again == *parsed : again.error().code == Errc::kLimitExceeded);
  return 0;
}

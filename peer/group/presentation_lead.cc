// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/group/presentation_lead.h"

#include <algorithm>

namespace pairwire::group {

std::int64_t PresentationLeadUs(std::span<const MemberPath> members) {
  std::int64_t slowest = 0;
  for (const MemberPath& member : members) {
    const auto bounded = [](std::int64_t us) {
      return std::clamp<std::int64_t>(us, 0, kMaxLeadUs);
    };
    slowest = std::max(slowest, bounded(member.round_trip_us) + bounded(member.clock_error_us));
  }
  return std::min(slowest + kLeadMarginUs, kMaxLeadUs);
}

}  // namespace pairwire::group

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How far ahead a frame must be sent so that it is there when all displays show it. Not here: the
// clock (peer/sync), and the sending.
#ifndef PAIRWIRE_PEER_GROUP_PRESENTATION_LEAD_H_
#define PAIRWIRE_PEER_GROUP_PRESENTATION_LEAD_H_

#include <cstdint>
#include <span>

namespace pairwire::group {

struct MemberPath {
  std::int64_t round_trip_us = 0;   // as measured lately, jitter included
  std::int64_t clock_error_us = 0;  // sync::SharedClock::error_us
};

// Timers of displays, and the message's way through their loops.
inline constexpr std::int64_t kLeadMarginUs = 5'000;
// One far display does not make all others wait for longer: it shows its frames late.
inline constexpr std::int64_t kMaxLeadUs = 500'000;

// The slowest member's way there, which is taken for a round trip as nobody knows which half is the
// slow one, and how wrong its clock may be; kLeadMarginUs to kMaxLeadUs. Negative figures count as
// 0.
std::int64_t PresentationLeadUs(std::span<const MemberPath> members);

}  // namespace pairwire::group

#endif  // PAIRWIRE_PEER_GROUP_PRESENTATION_LEAD_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Wall-clock times as the protocol writes them: RFC 3339, UTC, milliseconds. Durations are seconds
// unless a name ends in Ms.
#ifndef PAIRWIRE_SIGNALING_PROTOCOL_TIME_H_
#define PAIRWIRE_SIGNALING_PROTOCOL_TIME_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace pairwire::protocol {

using TimePoint = std::chrono::system_clock::time_point;

// "2026-11-20T09:30:00.250Z".
std::string FormatTime(TimePoint time);
// Only what FormatTime writes.
std::optional<TimePoint> ParseTime(std::string_view text);

}  // namespace pairwire::protocol

#endif  // PAIRWIRE_SIGNALING_PROTOCOL_TIME_H_

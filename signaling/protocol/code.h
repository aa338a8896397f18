// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The code that a person types: digits only at the relay. Blanks, hyphens and dots between them are
// for the eye and are ignored. (The letters of an authenticated code never come here.) And the name
// that nobody types: a meet, which only the two ends know.
#ifndef PAIRWIRE_SIGNALING_PROTOCOL_CODE_H_
#define PAIRWIRE_SIGNALING_PROTOCOL_CODE_H_

#include <pairwire/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace pairwire::protocol {

// "12 34-56" -> "123456". kInvalidArgument: other characters, or not 4, 5, 6 or 9 digits.
[[nodiscard]] Result<std::string> NormalizeCode(std::string_view typed);

// A code of `digits` digits (leading zeros kept) out of a uniformly drawn number.
std::string CodeFromNumber(std::uint64_t number, int digits);

// Whether this is a meet: 43 characters of base64url (256 bits).
bool IsMeet(std::string_view name);

// For showing: groups of three from 6 digits on ("123 456 789"), else as it is.
std::string FormatCode(std::string_view code);

}  // namespace pairwire::protocol

#endif  // PAIRWIRE_SIGNALING_PROTOCOL_CODE_H_

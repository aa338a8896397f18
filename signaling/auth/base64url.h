// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// base64url without padding (RFC 4648 section 5, as RFC 7515 section 2 uses it), read strictly: one
// text for each value, so that two readers can not disagree about what was signed.
#ifndef PAIRWIRE_SIGNALING_AUTH_BASE64URL_H_
#define PAIRWIRE_SIGNALING_AUTH_BASE64URL_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pairwire::auth {

// The bytes, as a string. Nothing for padding, blanks, '+', '/', a length that no value has, and
// bits behind the last byte that are not zero. Empty text is the empty value.
std::optional<std::string> DecodeBase64Url(std::string_view text);

std::string EncodeBase64Url(std::span<const std::uint8_t> bytes);
std::string EncodeBase64Url(std::string_view bytes);

}  // namespace pairwire::auth

#endif  // PAIRWIRE_SIGNALING_AUTH_BASE64URL_H_

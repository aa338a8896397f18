// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// base64url without padding (RFC 4648, section 5): bytes in JSON and in a URL's fragment.
#ifndef PAIRWIRE_PEER_AUTH_BASE64URL_H_
#define PAIRWIRE_PEER_AUTH_BASE64URL_H_

#include <pairwire/bytes.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pairwire::auth {

std::string ToBase64Url(ByteSpan bytes);
// None: another character, a padding, bits left over (each text has one reading and each reading
// one text), or more than `max_bytes`.
std::optional<Bytes> FromBase64Url(std::string_view text, std::size_t max_bytes);

}  // namespace pairwire::auth

#endif  // PAIRWIRE_PEER_AUTH_BASE64URL_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The body of an HTTP/1.1 response (RFC 9112), by Beast's parser, which stays behind this file.
#ifndef PAIRWIRE_SIGNALING_NET_HTTP_RESPONSE_H_
#define PAIRWIRE_SIGNALING_NET_HTTP_RESPONSE_H_

#include <pairwire/result.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pairwire::net {

inline constexpr std::size_t kMaxHeadBytes = 16 * 1024;

// Of `bytes`, all that has come so far; interim responses are passed over. Nothing while more has
// to come; `ended`: nothing more will. kSystem: a status other than 200, or an end too soon;
// kParseError: no HTTP, or a coding that nobody asked for; kLimitExceeded: a head of more than
// kMaxHeadBytes, a body of more than `max_body`. Begins anew in each call.
Result<std::optional<std::string>> ParseHttpResponse(std::string_view bytes, bool ended,
                                                     std::size_t max_body);

}  // namespace pairwire::net

#endif  // PAIRWIRE_SIGNALING_NET_HTTP_RESPONSE_H_

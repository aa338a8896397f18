// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The one answer to everything that is wrong with what the other end, or whoever sits between, sent
// during a pairing. The text is constant: it must not tell a guesser which check it failed.
#ifndef PAIRWIRE_PEER_AUTH_AUTH_FAILED_H_
#define PAIRWIRE_PEER_AUTH_AUTH_FAILED_H_

#include <pairwire/result.h>

#include <string_view>

namespace pairwire::auth {

inline constexpr std::string_view kAuthFailedText =
    "the other end did not prove that it knows the code";

[[nodiscard]] inline tl::unexpected<Error> AuthFailed() {
  return Fail(Errc::kAuthFailed, std::string(kAuthFailedText));
}

}  // namespace pairwire::auth

#endif  // PAIRWIRE_PEER_AUTH_AUTH_FAILED_H_

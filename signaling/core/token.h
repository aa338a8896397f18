// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Tokens: "<session or room id>.<secret>", the secret 256 random bits. A store holds the SHA-256 of
// the secret only. The id in front lets any node find the one record to look in; it is no secret.
#ifndef PAIRWIRE_SIGNALING_CORE_TOKEN_H_
#define PAIRWIRE_SIGNALING_CORE_TOKEN_H_

#include <optional>
#include <string>
#include <string_view>

#include "signaling/core/random.h"
#include "signaling/store/store.h"

namespace pairwire::relay {

// 43 characters of base64url, 256 bits.
std::string NewSecret(RandomSource& random);
// `prefix` and 22 characters of base64url, 128 bits: not to be guessed, not secret.
std::string NewId(std::string_view prefix, RandomSource& random);

// Whether NewId("s_", ...) could have made it. Rooms, whose ids are their users', are not named so.
bool IsSessionId(std::string_view id);

TokenHash HashSecret(std::string_view secret);

std::string MakeToken(std::string_view session_id, std::string_view secret);

struct TokenParts {
  std::string session_id;
  TokenHash hash{};
};
// Nothing when the text cannot be a token of ours.
std::optional<TokenParts> SplitToken(std::string_view token);

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_CORE_TOKEN_H_

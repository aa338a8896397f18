// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// JwtVerifier: judges a user's token: a JWS in compact form (RFC 7515) with the claims of RFC 7519,
// by the rules of RFC 8725. There is one algorithm, RS256, whatever a token says; `kid` only
// selects among the keys that were given; `jku`, `x5u`, `jwk` and `x5c` are never looked at.
//
// Not here: where keys come from (key_set.h, jwks_keeper.h); the relay's own session tokens
// (signaling/core/token.h). Pure: no clock, no file, no socket.
#ifndef PAIRWIRE_SIGNALING_AUTH_JWT_H_
#define PAIRWIRE_SIGNALING_AUTH_JWT_H_

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "signaling/auth/key_set.h"
#include "signaling/protocol/time.h"

namespace pairwire::auth {

struct JwtOptions {
  // Both must be set: a token for another service, or of another issuer, is none of ours.
  std::string issuer;    // `iss`, compared byte for byte
  std::string audience;  // must be `aud`, or be in it
  // `typ`, compared without case and without "application/" (RFC 7515 section 4.1.9). Explicit
  // typing keeps the issuer's other tokens out (RFC 8725 section 3.11): "at+jwt" where the issuer
  // follows RFC 9068.
  std::string type = "JWT";
  // Clocks of two machines may differ by so much.
  std::chrono::seconds leeway{60};
  // From `nbf` (and `iat`) to `exp`. A token can not be taken back, so it has to end soon.
  std::chrono::seconds max_life{3600};
  // Refused before anything is parsed.
  std::size_t max_bytes = 8 * 1024;
};

struct UserClaims {
  std::string user_id;  // `sub`: 1 to 64 characters of [A-Za-z0-9_.~@-]
  std::string name;     // `name`, when there is one that keeps the protocol's bounds
  TimePoint expires{};  // `exp` and the leeway: from then on the token does not count

  bool operator==(const UserClaims&) const = default;
};

// Why a token does not count. For metrics and logs; a client hears only "unauthorized", so that it
// learns nothing for its next try.
enum class JwtRefusal {
  kTooLong,
  kMalformed,   // not three parts of base64url, not JSON, a claim of the wrong type, a `crit`
  kAlgorithm,   // not RS256
  kType,        // not the configured `typ`
  kUnknownKey,  // no key of that name: the set may have been rotated
  kSignature,
  kIssuer,
  kAudience,
  kSubject,
  kExpired,
  kNotYetValid,
  kLivesTooLong,
};
inline constexpr std::size_t kJwtRefusals = 12;
// "unknown_key"; static and stable.
std::string_view ToString(JwtRefusal refusal);

using JwtResult = tl::expected<UserClaims, JwtRefusal>;

class JwtVerifier {
 public:
  explicit JwtVerifier(JwtOptions options) : options_(std::move(options)) {}

  // The signature is checked before any claim is read. `exp` and `nbf` must be there as whole
  // numbers of seconds; so must `iss`, `aud` and `sub`. Nothing is kept.
  JwtResult Verify(std::string_view token, const KeySet& keys, TimePoint now) const;

  const JwtOptions& options() const { return options_; }

 private:
  JwtResult CheckClaims(std::string_view payload, TimePoint now) const;

  JwtOptions options_;
};

}  // namespace pairwire::auth

#endif  // PAIRWIRE_SIGNALING_AUTH_JWT_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/auth/jwt.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "signaling/auth/base64url.h"
#include "signaling/protocol/json.h"
#include "signaling/protocol/limits.h"

namespace pairwire::auth {
namespace {

using protocol::JsonObject;

constexpr std::size_t kMaxWordBytes = 64;
constexpr std::size_t kMaxAudiences = 32;
constexpr std::size_t kMaxAudienceBytes = 1024;
// The year 2255: beyond it a time would not fit into a TimePoint.
constexpr std::int64_t kLastSecond = 9'000'000'000;

struct Parts {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  std::string_view signed_text;  // header, dot, payload
};

std::optional<Parts> Split(std::string_view token) {
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
               token.substr(second + 1), token.substr(0, second)};
}

bool SameWord(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view WithoutMediaPrefix(std::string_view type) {
  constexpr std::string_view kPrefix = "application/";
  return SameWord(type.substr(0, kPrefix.size()), kPrefix) ? type.substr(kPrefix.size()) : type;
}

bool IsUserId(std::string_view text) {
  return !text.empty() && text.size() <= protocol::kMaxIdBytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("_.~@-").find(c) != std::string_view::npos;
         });
}

// What the header says, or why the token is refused before its signature is looked at.
tl::expected<std::string, JwtRefusal> KeyNameOf(const JsonObject& header,
                                                const JwtOptions& options) {
  const auto algorithm = header.OptionalString("alg", kMaxWordBytes);
  if (!algorithm || *algorithm != "RS256") return tl::unexpected(JwtRefusal::kAlgorithm);
  const auto type = header.OptionalString("typ", kMaxWordBytes);
  if (!type || !type->has_value() ||
      !SameWord(WithoutMediaPrefix(**type), WithoutMediaPrefix(options.type))) {
    return tl::unexpected(JwtRefusal::kType);
  }
  // Extensions that must be understood (RFC 7515 section 4.1.11): we know none.
  const auto critical = header.Raw("crit", options.max_bytes);
  if (!critical || !critical->empty()) return tl::unexpected(JwtRefusal::kMalformed);
  const auto kid = header.OptionalString("kid", KeySet::kMaxKidBytes);
  if (!kid) return tl::unexpected(JwtRefusal::kMalformed);
  // There but empty names no key; only a missing one means "the only key".
  if (kid->has_value() && (*kid)->empty()) return tl::unexpected(JwtRefusal::kUnknownKey);
  return kid->value_or("");
}

}  // namespace

std::string_view ToString(JwtRefusal refusal) {
  switch (refusal) {
    case JwtRefusal::kTooLong:
      return "too_long";
    case JwtRefusal::kMalformed:
      return "malformed";
    case JwtRefusal::kAlgorithm:
      return "algorithm";
    case JwtRefusal::kType:
      return "type";
    case JwtRefusal::kUnknownKey:
      return "unknown_key";
    case JwtRefusal::kSignature:
      return "signature";
    case JwtRefusal::kIssuer:
      return "issuer";
    case JwtRefusal::kAudience:
      return "audience";
    case JwtRefusal::kSubject:
      return "subject";
    case JwtRefusal::kExpired:
      return "expired";
    case JwtRefusal::kNotYetValid:
      return "not_yet_valid";
    case JwtRefusal::kLivesTooLong:
      return "lives_too_long";
  }
  return "";
}

JwtResult JwtVerifier::Verify(std::string_view token, const KeySet& keys, TimePoint now) const {
  if (token.size() > options_.max_bytes) return tl::unexpected(JwtRefusal::kTooLong);
  const auto parts = Split(token);
  if (!parts) return tl::unexpected(JwtRefusal::kMalformed);
  const auto header_text = DecodeBase64Url(parts->header);
  if (!header_text) return tl::unexpected(JwtRefusal::kMalformed);
  const auto header = JsonObject::Parse(*header_text, options_.max_bytes);
  if (!header) return tl::unexpected(JwtRefusal::kMalformed);
  const auto kid = KeyNameOf(*header, options_);
  if (!kid) return tl::unexpected(kid.error());
  // Before the key: a token that can not be genuine must not make anybody fetch keys.
  const auto signature = DecodeBase64Url(parts->signature);
  if (!signature || signature->empty()) return tl::unexpected(JwtRefusal::kSignature);
  const RsaKey* key = keys.Find(*kid, now);
  if (key == nullptr) return tl::unexpected(JwtRefusal::kUnknownKey);
  if (!key->Verifies(parts->signed_text, *signature)) return tl::unexpected(JwtRefusal::kSignature);
  return CheckClaims(parts->payload, now);
}

JwtResult JwtVerifier::CheckClaims(std::string_view encoded, TimePoint now) const {
  const auto payload = DecodeBase64Url(encoded);
  if (!payload) return tl::unexpected(JwtRefusal::kMalformed);
  const auto claims = JsonObject::Parse(*payload, options_.max_bytes);
  if (!claims) return tl::unexpected(JwtRefusal::kMalformed);

  const auto issuer = claims->OptionalString("iss", options_.max_bytes);
  if (!issuer || !issuer->has_value() || options_.issuer.empty() || **issuer != options_.issuer) {
    return tl::unexpected(JwtRefusal::kIssuer);
  }
  const auto audiences = claims->OptionalStrings("aud", kMaxAudiences, kMaxAudienceBytes);
  if (!audiences || !audiences->has_value() || options_.audience.empty() ||
      std::find((*audiences)->begin(), (*audiences)->end(), options_.audience) ==
          (*audiences)->end()) {
    return tl::unexpected(JwtRefusal::kAudience);
  }
  const auto not_before = claims->OptionalInteger("nbf", 0, kLastSecond);
  const auto expires = claims->OptionalInteger("exp", 0, kLastSecond);
  const auto issued = claims->OptionalInteger("iat", 0, kLastSecond);
  if (!not_before || !expires || !issued || !not_before->has_value() || !expires->has_value()) {
    return tl::unexpected(JwtRefusal::kMalformed);
  }
  const std::int64_t begin = std::min(**not_before, issued->value_or(**not_before));
  const auto at = [](std::int64_t seconds) { return TimePoint(std::chrono::seconds(seconds)); };
  // Times are moved by the leeway on the far side of "now", so that nothing can overflow.
  if (at(**not_before) > now + options_.leeway || at(begin) > now + options_.leeway ||
      at(issued->value_or(0)) > now + options_.leeway) {
    return tl::unexpected(JwtRefusal::kNotYetValid);
  }
  if (at(**expires) <= now - options_.leeway) return tl::unexpected(JwtRefusal::kExpired);
  if (**expires <= **not_before || **expires - begin > options_.max_life.count()) {
    return tl::unexpected(JwtRefusal::kLivesTooLong);
  }
  UserClaims user;
  const auto subject = claims->OptionalString("sub", protocol::kMaxIdBytes);
  if (!subject || !subject->has_value() || !IsUserId(**subject)) {
    return tl::unexpected(JwtRefusal::kSubject);
  }
  user.user_id = **subject;
  // A name is decoration: one that breaks our bounds is left out instead of locking its owner out.
  if (const auto name = claims->OptionalString("name", protocol::kMaxNameBytes); name) {
    user.name = name->value_or("");
  }
  user.expires = at(**expires) + options_.leeway;
  return user;
}

}  // namespace pairwire::auth

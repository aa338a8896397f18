// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// UserTokens: what the core asks about a user's token (JWT). The server answers with the keys of
// the issuer (signaling/server/user_keys.h), tests with whatever they like.
//
// Not here: session tokens, which are the relay's own (token.h).
#ifndef PAIRWIRE_SIGNALING_CORE_USER_TOKENS_H_
#define PAIRWIRE_SIGNALING_CORE_USER_TOKENS_H_

#include <functional>
#include <string>
#include <string_view>

#include "signaling/protocol/problem.h"
#include "signaling/protocol/time.h"

namespace pairwire::relay {

struct User {
  std::string user_id;  // 1 to 64 characters, none of them a control character.
  std::string name;     // May be empty.
  protocol::TimePoint expires = protocol::TimePoint::max();  // By the relay's own clock.
};

class UserTokens {
 public:
  using Reply = std::function<void(protocol::Outcome<User>)>;

  // Judges a token. The reply comes once, later, never inside the call, as part of the relay's own
  // work. kUnauthorized, kNotReady (the keys cannot be had yet).
  virtual void Check(std::string_view token, Reply reply) = 0;

 protected:
  ~UserTokens() = default;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_CORE_USER_TOKENS_H_

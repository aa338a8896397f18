// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// UserKeys: who a user is, for the core: judges tokens (signaling/auth) with the issuer's keys of
// --jwt-jwks, a file or an https URL, and keeps them fresh. A file is read every ten seconds, a URL
// every hour; both at once when a token names a key that is not known, at most once a minute.
//
// Tokens live by the wall clock as it is at the moment, not by the core's steady time.
#ifndef PAIRWIRE_SIGNALING_SERVER_USER_KEYS_H_
#define PAIRWIRE_SIGNALING_SERVER_USER_KEYS_H_

#include <pairwire/result.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "signaling/auth/jwks_keeper.h"
#include "signaling/core/user_tokens.h"
#include "signaling/net/event_loop.h"
#include "signaling/net/resolver.h"
#include "signaling/server/config.h"

namespace pairwire::server {

class Log;
class Metrics;

// Whether --jwt-jwks names a URL rather than a file.
bool IsJwksUrl(const std::string& text);
// The file's text. kInvalidArgument, with a sentence that names it: it cannot be read, is no
// ordinary file, or is too large.
Result<std::string> ReadJwksFile(const std::string& path);

class UserKeys final : public relay::UserTokens {
 public:
  struct Surroundings {
    net::EventLoop& loop;
    net::Resolver& resolver;
    Metrics& metrics;
    Log& log;
    // The core's time now.
    std::function<auth::TimePoint()> core_time;
    // Runs a task as part of the core, now or in a later turn, but never from inside it.
    std::function<void(std::function<void()>)> run;
  };

  // kInvalidArgument, with a sentence for the operator: a file (the keys', the authorities') that
  // cannot be used. A URL that cannot be reached now is tried again.
  static Result<std::unique_ptr<UserKeys>> Make(const ServerConfig& config,
                                                Surroundings surroundings);
  ~UserKeys();

  void Check(std::string_view token, Reply reply) override;

 private:
  class Source;

  UserKeys(const ServerConfig& config, Surroundings surroundings, std::unique_ptr<Source> source);
  void Answer(const Reply& reply, auth::JwtResult result);
  // After anything that may have fetched.
  void OnKeeperMoved();

  const Surroundings around_;
  std::unique_ptr<Source> source_;
  auth::JwksKeeper keeper_;
  net::Alarm alarm_;
  auth::JwksKeeper::Counters told_;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_USER_KEYS_H_

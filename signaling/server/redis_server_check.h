// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RedisServerCheck: what one Redis server is asked by `pairwire-relay check`, and what is said of
// it: whether it is reached, what it is, whether it keeps what it is given, and whether the relay's
// user may do what the relay does. It writes two keys of its own, which end by themselves.
//
// Not here: which servers there are (redis_check.h).
#ifndef PAIRWIRE_SIGNALING_SERVER_REDIS_SERVER_CHECK_H_
#define PAIRWIRE_SIGNALING_SERVER_REDIS_SERVER_CHECK_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/net/event_loop.h"
#include "signaling/net/resolver.h"
#include "signaling/net/tls_context.h"
#include "signaling/redis/keys.h"
#include "signaling/redis/redis_client.h"
#include "signaling/redis/redis_talk.h"
#include "signaling/redis/scripts.h"
#include "signaling/server/check_command.h"
#include "signaling/server/config.h"

namespace pairwire::server {

using WallClock = std::function<std::chrono::system_clock::time_point()>;

// What all servers of one check share.
struct RedisCheckContext {
  net::EventLoop& loop;
  net::Resolver& resolver;
  const ServerConfig& config;  // with `redis`
  const redis::RedisOptions& options;
  const net::TlsContext* tls;  // null: plain
  const redis::RedisKeys& keys;
  const std::array<redis::Script, redis::kSteps>& scripts;
  const WallClock& now;
  const std::string& name;  // of the keys and channels that are tried; nobody else's
  std::vector<Finding>& findings;
};

class RedisServerCheck {
 public:
  // A round trip beyond is worth a look: a pairing takes several.
  static constexpr std::chrono::milliseconds kGoodRoundTrip{5};
  // Terms are the server's; beyond this, times in logs and in answers disagree visibly.
  static constexpr std::chrono::milliseconds kGoodClock{1000};
  static constexpr int kOldestMajor = 7;

  // `shard`: one whose keys this server holds; nothing: there is none, so no key is tried.
  RedisServerCheck(const RedisCheckContext& context, redis::ServerAddress server,
                   std::optional<std::size_t> shard);

  void Run();

 private:
  enum class Right { kYes, kCommand, kKeys, kChannels };

  void Ok(const std::string& text) { Add(Finding::Level::kOk, text); }
  void Warn(const std::string& text) { Add(Finding::Level::kWarning, text); }
  void Bad(const std::string& text) { Add(Finding::Level::kError, text); }
  void Add(Finding::Level level, const std::string& text);
  // " ACL SETUSER relay +role" and the like.
  std::string Grant(const std::string& rights) const;
  // Nil once the connection is lost, which is said then.
  redis::Reply Ask(const redis::Args& args);
  static Right RightOf(const redis::Reply& reply);

  bool Reach();
  void Kind();
  void Memory();
  void RoundTrip();
  void Clock();
  bool LoadScripts();
  void Commands();
  void TryAll(const std::string& sha);
  void Channels();
  void Events();
  void Prefix();
  std::string Info(std::string_view field) const;
  std::string KeyPrefix() const;

  const RedisCheckContext& context_;
  const redis::ServerAddress server_;
  const std::optional<std::size_t> shard_;
  redis::RedisTalk talk_;
  bool lost_ = false;
  std::string info_;  // empty: not shown to this user
};

// Why a server was not reached, and what to do about it.
std::string WhyNotReached(const Error& error, bool tls);

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_REDIS_SERVER_CHECK_H_

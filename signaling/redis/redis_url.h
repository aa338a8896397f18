// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RedisUrl: what `--redis` says.
//
//   redis://[user:password@]host[:6379][/database]
//   redis+sentinel://[user:password@]host[:26379][,host...]/master-name[/database]
//                    [?sentinel_user=U&sentinel_password=P]
//   redis+cluster://[user:password@]host[:6379][,host...]
//
// `rediss` instead of `redis` is TLS to every server. The user may be empty (":password@"), as
// servers before Redis 6 know none. Reserved bytes in names and passwords are percent-encoded.
#ifndef PAIRWIRE_SIGNALING_REDIS_REDIS_URL_H_
#define PAIRWIRE_SIGNALING_REDIS_REDIS_URL_H_

#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/redis/server_address.h"

namespace pairwire::redis {

enum class Topology : std::uint8_t { kSingle, kSentinel, kCluster };

struct Login {
  std::string user;  // empty: the server's default user
  std::string password;

  bool operator==(const Login&) const = default;
};

struct RedisUrl {
  static constexpr std::size_t kMaxBytes = 2048;
  static constexpr std::size_t kMaxHosts = 16;
  static constexpr int kMaxDatabase = 1023;

  Topology topology = Topology::kSingle;
  bool tls = false;
  std::vector<ServerAddress> hosts;  // one for kSingle
  Login login;
  int database = 0;         // 0 for kCluster
  std::string master_name;  // kSentinel
  Login sentinel_login;     // kSentinel
};

// kInvalidArgument with what is wrong, never with a part of the URL: it may be the password.
Result<RedisUrl> ParseRedisUrl(std::string_view text);

// For logs: topology, hosts, master and database, without user and password.
std::string Describe(const RedisUrl& url);

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_REDIS_URL_H_

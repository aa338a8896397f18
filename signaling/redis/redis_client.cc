// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/redis_client.h"

#include <utility>

#include "signaling/redis/cluster_client.h"
#include "signaling/redis/single_client.h"

namespace pairwire::redis {

Result<std::unique_ptr<RedisClient>> MakeRedisClient(net::EventLoop& loop, net::Resolver& resolver,
                                                     RedisOptions options, RandomBelow random,
                                                     RedisClient::Events& events) {
  std::unique_ptr<net::TlsContext> tls;
  if (options.url.tls) {
    auto made = net::TlsContext::Client(options.tls);
    if (!made) return tl::unexpected(made.error());
    tls = std::move(*made);
  }
  if (options.url.topology == Topology::kCluster) {
    return std::make_unique<ClusterClient>(loop, resolver, std::move(options), std::move(tls),
                                           std::move(random), events);
  }
  return std::make_unique<SingleClient>(loop, resolver, std::move(options), std::move(tls),
                                        std::move(random), events);
}

RedisConnection::Options ConnectionOptions(const RedisOptions& options,
                                           const net::TlsContext* tls) {
  RedisConnection::Options connection;
  connection.login = options.url.login;
  connection.database = options.url.database;
  connection.client_name = options.client_name;
  connection.tls = tls;
  connection.connect_timeout = options.connect_timeout;
  connection.command_timeout = options.command_timeout;
  return connection;
}

}  // namespace pairwire::redis

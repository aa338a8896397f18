// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RedisBackend: the backend of a relay of many nodes (--redis): every part of backend.h over one
// RedisClient.
#ifndef PAIRWIRE_SIGNALING_REDIS_REDIS_BACKEND_H_
#define PAIRWIRE_SIGNALING_REDIS_REDIS_BACKEND_H_

#include <pairwire/result.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "signaling/net/event_loop.h"
#include "signaling/net/resolver.h"
#include "signaling/redis/keys.h"
#include "signaling/redis/redis_bus.h"
#include "signaling/redis/redis_cache.h"
#include "signaling/redis/redis_client.h"
#include "signaling/redis/redis_registry.h"
#include "signaling/redis/redis_store.h"
#include "signaling/redis/scripts.h"
#include "signaling/store/backend.h"
#include "signaling/store/executor.h"

namespace pairwire::redis {

struct RedisBackendOptions {
  RedisOptions redis;
  // Of all keys and channels; a relay's own where several share a Redis.
  std::string prefix = "pw:";
  ScriptOptions scripts;
  // Listen for expired keys as early hints; a server that is not told to send them does not.
  bool hints = true;
};

class RedisBackend final : public relay::BackendOwner, private RedisClient::Events {
 public:
  // kInvalidArgument: a TLS file that cannot be used. All outlive it; every callback comes through
  // `executor`. Not before Start is anything sent.
  static Result<std::unique_ptr<RedisBackend>> Make(net::EventLoop& loop, net::Resolver& resolver,
                                                    relay::Executor& executor, RandomBelow random,
                                                    RedisBackendOptions options);
  ~RedisBackend() override;

  relay::Backend parts() override;
  void Start() override;
  void Stop(std::function<void()> done) override;
  relay::BackendHealth health() const override;

  RedisStore& store() { return *store_; }
  RedisClient& client() { return *client_; }
  const RedisKeys& keys() const { return keys_; }
  // Steps without an answer.
  std::size_t pending() const { return runner_->pending(); }

 private:
  RedisBackend(relay::Executor& executor, const RedisBackendOptions& options);

  void OnRedisUp() override;
  void OnRedisDown(const Error& why) override;
  void OnRedisMessage(std::string_view channel, std::string_view payload) override;
  void OnMessage(const std::string& channel, const std::string& payload);
  void FinishStop();

  relay::Executor& executor_;
  const RedisKeys keys_;
  const std::string expired_channel_;
  const bool hints_;
  std::unique_ptr<RedisClient> client_;
  std::unique_ptr<ScriptRunner> runner_;
  std::unique_ptr<RedisStore> store_;
  std::unique_ptr<RedisBus> bus_;
  std::unique_ptr<RedisRegistry> registry_;
  std::unique_ptr<RedisCache> cache_;
  std::unique_ptr<RedisRates> rates_;
  std::unique_ptr<RedisEventLog> events_;
  std::size_t stopping_ = 0;  // answers that Stop still waits for
  std::function<void()> stopped_;
};

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_REDIS_BACKEND_H_

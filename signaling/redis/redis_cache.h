// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RedisCache and RedisRates: values that live for a while, and rates that hold over all nodes.
// Rates are all in one shard, so that queries of one check are judged together. Loop thread only.
#ifndef PAIRWIRE_SIGNALING_REDIS_REDIS_CACHE_H_
#define PAIRWIRE_SIGNALING_REDIS_REDIS_CACHE_H_

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "signaling/redis/keys.h"
#include "signaling/redis/scripts.h"
#include "signaling/store/cache.h"
#include "signaling/store/rates.h"

namespace pairwire::redis {

class RedisCache final : public relay::Cache {
 public:
  // Both outlive it.
  RedisCache(ScriptRunner& runner, const RedisKeys& keys) : runner_(runner), keys_(keys) {}

  void Put(std::string key, std::string value, std::chrono::milliseconds ttl,
           relay::StoreReply<bool> reply) override;
  void Get(std::string key, relay::StoreReply<std::optional<std::string>> reply) override;
  void PutInIndex(std::string index, std::string field, std::string value,
                  std::chrono::milliseconds ttl, std::size_t max,
                  relay::StoreReply<bool> reply) override;
  void ReadIndex(std::string index, relay::StoreReply<Fields> reply) override;

 private:
  ScriptRunner& runner_;
  const RedisKeys& keys_;
};

class RedisRates final : public relay::RateLimiter {
 public:
  explicit RedisRates(ScriptRunner& runner) : runner_(runner) {}

  void Check(std::vector<relay::RateQuery> queries, relay::TimePoint now,
             relay::StoreReply<relay::RateAnswer> reply) override;

 private:
  ScriptRunner& runner_;
};

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_REDIS_CACHE_H_

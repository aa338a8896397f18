// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RedisRegistry and RedisEventLog: nodes and their leases, and the log of what happened, which the
// steps write. A lease is taken on every shard, since each shard's members must be seen to when
// their node dies; what List tells stands in one. Loop thread only.
#ifndef PAIRWIRE_SIGNALING_REDIS_REDIS_REGISTRY_H_
#define PAIRWIRE_SIGNALING_REDIS_REDIS_REGISTRY_H_

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "signaling/redis/keys.h"
#include "signaling/redis/scripts.h"
#include "signaling/store/event_log.h"
#include "signaling/store/registry.h"

namespace pairwire::redis {

class RedisRegistry final : public relay::Registry {
 public:
  // Both outlive it.
  RedisRegistry(ScriptRunner& runner, const RedisKeys& keys)
      : runner_(runner), keys_(keys), given_up_(keys.shards()) {}

  void Announce(relay::NodeInfo info, std::chrono::milliseconds lease,
                relay::StoreReply<bool> reply) override;
  void Withdraw(const std::string& node_id) override;
  void List(relay::StoreReply<std::vector<relay::NodeInfo>> reply) override;

 private:
  ScriptRunner& runner_;
  const RedisKeys& keys_;
  // By shard: when the node that announces itself here was given up last.
  std::vector<std::string> given_up_;
};

// On a Cluster the shards' logs are merged by time; a cursor says how far each was read.
class RedisEventLog final : public relay::EventLog {
 public:
  static constexpr std::size_t kMaxAtOnce = 1000;

  RedisEventLog(ScriptRunner& runner, const RedisKeys& keys) : runner_(runner), keys_(keys) {}

  void Read(const std::string& after, std::size_t limit,
            relay::StoreReply<std::vector<relay::LoggedEvent>> reply) override;

 private:
  ScriptRunner& runner_;
  const RedisKeys& keys_;
};

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_REDIS_REGISTRY_H_

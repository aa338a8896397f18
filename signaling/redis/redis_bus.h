// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RedisBus: the bus between nodes over Redis' publish/subscribe: one channel a node, one a room.
// Loop thread only. Handlers are called through the runner's executor.
#ifndef PAIRWIRE_SIGNALING_REDIS_REDIS_BUS_H_
#define PAIRWIRE_SIGNALING_REDIS_REDIS_BUS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "signaling/redis/keys.h"
#include "signaling/redis/redis_client.h"
#include "signaling/redis/scripts.h"
#include "signaling/store/node_bus.h"

namespace pairwire::redis {

class RedisBus final : public relay::NodeBus {
 public:
  // All outlive it. `cluster`: receivers elsewhere are not counted, so nobody can tell.
  RedisBus(RedisClient& client, ScriptRunner& runner, const RedisKeys& keys, bool cluster)
      : client_(client), runner_(runner), keys_(keys), cluster_(cluster) {}
  RedisBus(const RedisBus&) = delete;
  RedisBus& operator=(const RedisBus&) = delete;

  // The client's news, from inside the executor.
  void OnState(bool up);
  // False: it was not for the bus.
  bool OnMessage(std::string_view channel, std::string_view payload);

  void Attach(const std::string& node_id, relay::NodeBusHandler& handler) override;
  void Detach(const std::string& node_id) override;
  void SendToNode(const std::string& from, const std::string& to, std::string bytes,
                  Sent done) override;
  void Subscribe(const std::string& node_id, const std::string& topic) override;
  void Unsubscribe(const std::string& node_id, const std::string& topic) override;
  void Publish(const std::string& topic, std::string payload) override;

 private:
  struct Topic {
    std::string name;
    int count = 0;
  };
  struct Node {
    relay::NodeBusHandler* handler = nullptr;
    std::uint64_t number = 0;  // which Attach this is
    std::string channel;
    std::unordered_map<std::string, Topic> topics;  // by channel
  };

  Node* Find(const std::string& node_id, std::uint64_t number);

  RedisClient& client_;
  ScriptRunner& runner_;
  const RedisKeys& keys_;
  const bool cluster_;
  std::map<std::string, Node> nodes_;
  std::uint64_t last_number_ = 0;
};

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_REDIS_BUS_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ClusterScout: keeps asking a Cluster which master holds which slots: any of its servers, on a
// connection that is made for one question. Seeds and masters are asked in turn until one answers.
#ifndef PAIRWIRE_SIGNALING_REDIS_CLUSTER_SCOUT_H_
#define PAIRWIRE_SIGNALING_REDIS_CLUSTER_SCOUT_H_

#include <chrono>
#include <cstddef>
#include <vector>

#include "signaling/net/event_loop.h"
#include "signaling/net/resolver.h"
#include "signaling/redis/backoff.h"
#include "signaling/redis/redis_connection.h"
#include "signaling/redis/server_address.h"
#include "signaling/redis/slot_map.h"

namespace pairwire::redis {

class ClusterScout final : private RedisConnection::Events {
 public:
  static constexpr std::chrono::seconds kInterval{30};
  // However often it is told to hurry.
  static constexpr std::chrono::milliseconds kShortest{500};

  class Events {
   public:
    // It names at least one master. May call Hurry and Stop.
    virtual void OnSlotMap(SlotMap map) = 0;
    virtual void OnScoutFailed(const Error& why) = 0;

   protected:
    ~Events() = default;
  };

  ClusterScout(net::EventLoop& loop, net::Resolver& resolver, RedisConnection::Options options,
               std::vector<ServerAddress> seeds, RandomBelow random, Events& events);

  void Start();
  void Stop();
  // The map is wrong, or a master is lost: asks within kShortest instead of kInterval.
  void Hurry();

 private:
  void OnReady() override;
  void OnClosed(const Error& why) override;
  void Ask();
  void OnAnswer(const Result<Reply>& reply);
  void SetAlarm(std::chrono::milliseconds from_now);

  net::EventLoop& loop_;
  Events& events_;
  const std::vector<ServerAddress> seeds_;
  std::vector<ServerAddress> masters_;  // of the last map
  std::size_t next_ = 0;                // in masters_ and then seeds_
  bool running_ = false;
  RedisConnection connection_;
  Backoff backoff_;
  net::EventLoop::TimePoint asked_{};
  net::EventLoop::TimePoint due_{};
  net::Alarm alarm_;
};

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_CLUSTER_SCOUT_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SentinelLocator: asks Redis Sentinels where the master is, one after the other, the one that knew
// it last first, and listens at that one for its next move.
// https://redis.io/docs/reference/sentinel-clients. A Sentinel may be behind the truth: whoever
// connects still asks the server for its ROLE.
#ifndef PAIRWIRE_SIGNALING_REDIS_SENTINEL_H_
#define PAIRWIRE_SIGNALING_REDIS_SENTINEL_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/net/event_loop.h"
#include "signaling/net/resolver.h"
#include "signaling/redis/backoff.h"
#include "signaling/redis/redis_client.h"
#include "signaling/redis/redis_connection.h"
#include "signaling/redis/redis_link.h"
#include "signaling/redis/subscriber.h"

namespace pairwire::redis {

class SentinelLocator final : public Locator,
                              private RedisConnection::Events,
                              private Subscriber::Events {
 public:
  class Events {
   public:
    // Another server is the master now; ask where. A hint that may be missing: a dead Sentinel is
    // noticed late, a lost master by whoever is connected to it.
    virtual void OnMasterMoved() = 0;

   protected:
    ~Events() = default;
  };

  SentinelLocator(net::EventLoop& loop, net::Resolver& resolver, const RedisOptions& options,
                  const net::TlsContext* tls, RandomBelow random, Events& events);

  // kSystem, kTimedOut and so on: what the last of the Sentinels said.
  void Locate(Done done) override;
  void Cancel() override;

 private:
  // Asking.
  void OnReady() override;
  void OnClosed(const Error& why) override;
  // Listening.
  void OnSubscribed() override { backoff_.Reset(); }
  void OnMessage(std::string_view channel, std::string_view payload) override;
  void OnSubscriberClosed(const Error& why) override;

  void AskNext();
  void OnAnswer(const Result<Reply>& reply);
  void Answer(Result<ServerAddress> server);
  void Listen();

  const std::vector<ServerAddress> sentinels_;
  const std::string master_name_;
  net::EventLoop& loop_;
  Events& events_;
  Done done_;
  std::size_t current_ = 0;     // in sentinels_: asked now, or knew it last
  std::size_t asked_ = 0;       // for this question
  std::size_t listens_to_ = 0;  // in sentinels_
  RedisConnection asking_;
  Subscriber listening_;
  bool listens_ = false;
  Backoff backoff_;
  net::Alarm listen_again_;
};

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_SENTINEL_H_

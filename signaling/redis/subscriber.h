// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Subscriber: the channels that this process listens to, on a connection of their own (RESP2 allows
// a subscribed connection nothing else). A channel is counted, so that several parts may want the
// same; all of them are subscribed anew on each connection, in one pipeline.
//
// Pub/Sub gives no promise: what is published while the subscription does not stand is not heard.
// Not here: noticing that a subscription is dead though the connection lives (redis_link.h).
#ifndef PAIRWIRE_SIGNALING_REDIS_SUBSCRIBER_H_
#define PAIRWIRE_SIGNALING_REDIS_SUBSCRIBER_H_

#include <pairwire/result.h>

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "signaling/redis/redis_connection.h"

namespace pairwire::redis {

class Subscriber final : private RedisConnection::Events {
 public:
  static constexpr std::size_t kMaxChannels = 100'000;

  // May call everything here, but not destroy the subscriber.
  class Events {
   public:
    // The server took all channels that were wanted when the connection came up.
    virtual void OnSubscribed() = 0;
    virtual void OnMessage(std::string_view channel, std::string_view payload) = 0;
    // The connection was lost or refused; Open again.
    virtual void OnSubscriberClosed(const Error& why) = 0;

   protected:
    ~Events() = default;
  };

  // `options.mode` does not matter.
  Subscriber(net::EventLoop& loop, net::Resolver& resolver, RedisConnection::Options options,
             Events& events);

  void Open(const ServerAddress& server) { connection_.Open(server); }
  void Close();
  // From OnSubscribed to Close or OnSubscriberClosed.
  bool subscribed() const { return subscribed_; }

  // With or without a connection. kLimitExceeded beyond kMaxChannels.
  Result<void> Want(const std::string& channel);
  // Once for each Want that succeeded.
  void Unwant(const std::string& channel);
  std::size_t channels() const { return wanted_.size(); }

 private:
  void OnReady() override;
  void OnClosed(const Error& why) override;
  void OnPush(Reply push) override;
  void SubscribeAll();

  Events& events_;
  RedisConnection connection_;
  std::map<std::string, std::size_t, std::less<>> wanted_;  // with how often
  std::size_t unconfirmed_ = 0;                             // of those that OnReady asked for
  bool subscribed_ = false;
};

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_SUBSCRIBER_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SingleClient: one master, at a fixed address or wherever the Sentinels say.
#ifndef PAIRWIRE_SIGNALING_REDIS_SINGLE_CLIENT_H_
#define PAIRWIRE_SIGNALING_REDIS_SINGLE_CLIENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "signaling/redis/redis_client.h"
#include "signaling/redis/redis_link.h"
#include "signaling/redis/sentinel.h"

namespace pairwire::redis {

class SingleClient final : public RedisClient,
                           private RedisLink::Events,
                           private SentinelLocator::Events {
 public:
  // `tls` may be null.
  SingleClient(net::EventLoop& loop, net::Resolver& resolver, RedisOptions options,
               std::unique_ptr<net::TlsContext> tls, RandomBelow random,
               RedisClient::Events& events);

  void Start() override { link_.Start(); }
  void Stop() override { link_.Stop(); }
  bool up() const override { return link_.up(); }
  RedisHealth health() const override;
  void Command(std::string_view key, Args args, ReplyHandler done) override;
  void Publish(std::string_view channel, std::string_view payload, ReplyHandler done) override;
  Result<void> Subscribe(const std::string& channel) override { return link_.Subscribe(channel); }
  void Unsubscribe(const std::string& channel) override { link_.Unsubscribe(channel); }
  Result<void> SubscribeEverywhere(const std::string& channel) override {
    return link_.Subscribe(channel);
  }

 private:
  void OnLinkUp(RedisLink& link) override;
  void OnLinkDown(RedisLink& link, const Error& why) override;
  void OnLinkFailed(RedisLink& link, const Error& why) override;
  void OnLinkMessage(std::string_view channel, std::string_view payload) override;
  void OnMasterMoved() override { link_.Restart("the Sentinels name another master"); }

  RedisClient::Events& events_;
  const std::unique_ptr<net::TlsContext> tls_;
  const std::unique_ptr<Locator> locator_;
  RedisLink link_;
  std::uint64_t times_up_ = 0;
  std::string last_error_;
};

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_SINGLE_CLIENT_H_

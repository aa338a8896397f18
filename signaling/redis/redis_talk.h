// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RedisTalk: one connection on which one thing is asked after the other, for programs that do
// nothing else meanwhile (`pairwire-relay check`). Each call runs the loop until it is done; a
// connection's own time-outs see to it that it is.
//
// Not here: trying again. What a relay needs is redis_client.h.
#ifndef PAIRWIRE_SIGNALING_REDIS_REDIS_TALK_H_
#define PAIRWIRE_SIGNALING_REDIS_REDIS_TALK_H_

#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>

#include "signaling/net/event_loop.h"
#include "signaling/net/resolver.h"
#include "signaling/redis/redis_connection.h"
#include "signaling/redis/resp.h"
#include "signaling/redis/server_address.h"

namespace pairwire::redis {

class RedisTalk final : private RedisConnection::Events {
 public:
  // What was pushed and not taken; then the oldest goes.
  static constexpr std::size_t kMaxPushes = 4096;

  // Nobody else runs the loop. Both outlive it.
  RedisTalk(net::EventLoop& loop, net::Resolver& resolver, RedisConnection::Options options);

  // Connects and greets.
  Result<void> Open(const ServerAddress& server);
  // Of a connection for commands. An error when it was lost; what the server refuses is a Reply.
  Result<Reply> Ask(const Args& args);
  // Of a subscriber: what comes of it is pushed. False: the connection was lost.
  bool Say(const Args& args) { return connection_.SendUnanswered(args); }
  // The next one that came; nothing when none does within `limit`, or the connection was lost.
  std::optional<Reply> NextPush(std::chrono::milliseconds limit);

 private:
  void OnReady() override { loop_.Stop(); }
  void OnClosed(const Error& why) override;
  void OnPush(Reply push) override;

  net::EventLoop& loop_;
  RedisConnection connection_;
  std::optional<Error> lost_;
  std::deque<Reply> pushes_;
};

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_REDIS_TALK_H_

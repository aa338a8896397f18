// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/redis_talk.h"

#include <utility>

namespace pairwire::redis {

RedisTalk::RedisTalk(net::EventLoop& loop, net::Resolver& resolver,
                     RedisConnection::Options options)
    : loop_(loop),
      connection_(loop, resolver, std::move(options),
                  static_cast<RedisConnection::Events&>(*this)) {}

Result<void> RedisTalk::Open(const ServerAddress& server) {
  lost_.reset();
  pushes_.clear();
  connection_.Open(server);
  while (!connection_.ready() && !lost_) loop_.Run();
  if (lost_) return tl::unexpected(*lost_);
  return {};
}

Result<Reply> RedisTalk::Ask(const Args& args) {
  std::optional<Result<Reply>> answer;
  connection_.Send(args, [&](Result<Reply> reply) {
    answer = std::move(reply);
    loop_.Stop();
  });
  while (!answer) loop_.Run();
  return std::move(*answer);
}

std::optional<Reply> RedisTalk::NextPush(std::chrono::milliseconds limit) {
  bool late = false;
  net::Alarm alarm(loop_, [&] {
    late = true;
    loop_.Stop();
  });
  alarm.SetAt(loop_.Now() + limit);
  while (pushes_.empty() && !late && !lost_) loop_.Run();
  if (pushes_.empty()) return std::nullopt;
  Reply push = std::move(pushes_.front());
  pushes_.pop_front();
  return push;
}

void RedisTalk::OnClosed(const Error& why) {
  lost_ = why;
  loop_.Stop();
}

void RedisTalk::OnPush(Reply push) {
  if (pushes_.size() == kMaxPushes) pushes_.pop_front();
  pushes_.push_back(std::move(push));
  loop_.Stop();
}

}  // namespace pairwire::redis

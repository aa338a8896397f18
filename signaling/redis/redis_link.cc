// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/redis_link.h"

#include <limits>
#include <utility>

namespace pairwire::redis {

RedisLink::RedisLink(net::EventLoop& loop, net::Resolver& resolver, Options options,
                     RandomBelow random, Locator& locator, Events& events)
    : loop_(loop),
      locator_(locator),
      events_(events),
      ping_channel_(options.ping_channel +
                    std::to_string(random(std::numeric_limits<std::uint64_t>::max()))),
      backoff_(std::move(random)),
      commands_(loop, resolver, options.connection, static_cast<RedisConnection::Events&>(*this)),
      subscriber_(loop, resolver, options.connection, static_cast<Subscriber::Events&>(*this)),
      alarm_(loop, [this] { OnAlarm(); }) {
  (void)subscriber_.Want(ping_channel_);  // the first one always fits
}

RedisLink::~RedisLink() { locator_.Cancel(); }

void RedisLink::Start() {
  if (state_ == State::kStopped) Locate();
}

void RedisLink::Stop() {
  state_ = State::kStopped;
  CloseBoth();
}

void RedisLink::Restart(std::string_view why) {
  if (state_ == State::kConnecting || state_ == State::kUp) {
    Lost({Errc::kClosed, std::string(why)});
  }
}

void RedisLink::Send(const Args& args, ReplyHandler done) {
  // Nobody heard yet that there is a server again, so nobody has looked what it is.
  if (state_ != State::kUp) return commands_.Refuse(std::move(done));
  commands_.Send(args, std::move(done));
}

void RedisLink::Locate() {
  state_ = State::kLocating;
  locator_.Locate([this](Result<ServerAddress> server) {
    if (!server) return Lost(server.error());
    state_ = State::kConnecting;
    commands_.Open(*server);
    subscriber_.Open(*server);
  });
}

void RedisLink::CheckUp() {
  if (state_ != State::kConnecting || !commands_.ready() || !subscriber_.subscribed()) return;
  state_ = State::kUp;
  up_since_ = loop_.Now();
  unheard_.reset();
  Ping();
  events_.OnLinkUp(*this);
}

void RedisLink::OnAlarm() {
  if (state_ == State::kWaiting) return Locate();
  if (loop_.Now() - up_since_ >= kSteadyAfter) backoff_.Reset();
  if (!unheard_ || loop_.Now() - *unheard_ < kDeafAfter) return Ping();
  Lost({Errc::kTimedOut, "Redis at " + ToString(server()) + ": the subscription is dead"});
}

void RedisLink::Ping() {
  if (!unheard_) unheard_ = loop_.Now();
  commands_.Send({"PUBLISH", ping_channel_, ""}, [this](const Result<Reply>& reply) {
    // Else it would only be heard that nothing is heard.
    if (reply && reply->IsError() && state_ == State::kUp) {
      Lost({Errc::kUnauthorized, "Redis at " + ToString(server()) + ": PUBLISH: " + reply->text});
    }
  });
  alarm_.SetAt(loop_.Now() + kPingInterval);
}

void RedisLink::OnMessage(std::string_view channel, std::string_view payload) {
  // Any message will do: under load the ping waits behind others.
  unheard_.reset();
  if (channel != ping_channel_) events_.OnLinkMessage(channel, payload);
}

void RedisLink::Lost(const Error& why) {
  const bool was_up = state_ == State::kUp;
  state_ = State::kWaiting;
  CloseBoth();
  // A command that was answered may have stopped the link.
  if (state_ != State::kWaiting) return;
  alarm_.SetAt(loop_.Now() + backoff_.Next());
  if (was_up) return events_.OnLinkDown(*this, why);
  events_.OnLinkFailed(*this, why);
}

void RedisLink::CloseBoth() {
  alarm_.Cancel();
  locator_.Cancel();
  subscriber_.Close();
  commands_.Close();
}

}  // namespace pairwire::redis

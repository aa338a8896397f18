// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/single_client.h"

#include <utility>

namespace pairwire::redis {
namespace {

std::unique_ptr<Locator> MakeLocator(net::EventLoop& loop, net::Resolver& resolver,
                                     const RedisOptions& options, const net::TlsContext* tls,
                                     const RandomBelow& random, SentinelLocator::Events& events) {
  if (options.url.topology == Topology::kSentinel) {
    return std::make_unique<SentinelLocator>(loop, resolver, options, tls, random, events);
  }
  return std::make_unique<FixedLocator>(options.url.hosts.front());
}

}  // namespace

SingleClient::SingleClient(net::EventLoop& loop, net::Resolver& resolver, RedisOptions options,
                           std::unique_ptr<net::TlsContext> tls, RandomBelow random,
                           RedisClient::Events& events)
    : events_(events),
      tls_(std::move(tls)),
      locator_(MakeLocator(loop, resolver, options, tls_.get(), random,
                           static_cast<SentinelLocator::Events&>(*this))),
      link_(loop, resolver, {ConnectionOptions(options, tls_.get()), options.ping_channel}, random,
            *locator_, static_cast<RedisLink::Events&>(*this)) {}

RedisHealth SingleClient::health() const {
  RedisHealth health;
  health.up = link_.up();
  health.last_error = last_error_;
  health.times_up = times_up_;
  health.masters = link_.up() ? 1 : 0;
  health.pending = link_.pending();
  health.output_bytes = link_.output_bytes();
  return health;
}

void SingleClient::Command(std::string_view /*key*/, Args args, ReplyHandler done) {
  link_.Send(args, std::move(done));
}

void SingleClient::Publish(std::string_view channel, std::string_view payload, ReplyHandler done) {
  const Args args = {"PUBLISH", std::string(channel), std::string(payload)};
  if (!done) return link_.SendForgotten(args);
  link_.Send(args, std::move(done));
}

void SingleClient::OnLinkUp(RedisLink& /*link*/) {
  ++times_up_;
  events_.OnRedisUp();
}

void SingleClient::OnLinkDown(RedisLink& /*link*/, const Error& why) {
  last_error_ = why.detail;
  events_.OnRedisDown(why);
}

void SingleClient::OnLinkFailed(RedisLink& /*link*/, const Error& why) { last_error_ = why.detail; }

void SingleClient::OnLinkMessage(std::string_view channel, std::string_view payload) {
  events_.OnRedisMessage(channel, payload);
}

}  // namespace pairwire::redis

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/cluster_scout.h"

#include <algorithm>
#include <utility>

namespace pairwire::redis {
namespace {

RedisConnection::Options ForScout(RedisConnection::Options options) {
  // Replicas know the map as well.
  options.must_be_master = false;
  return options;
}

}  // namespace

ClusterScout::ClusterScout(net::EventLoop& loop, net::Resolver& resolver,
                           RedisConnection::Options options, std::vector<ServerAddress> seeds,
                           RandomBelow random, Events& events)
    : loop_(loop),
      events_(events),
      seeds_(std::move(seeds)),
      connection_(loop, resolver, ForScout(std::move(options)),
                  static_cast<RedisConnection::Events&>(*this)),
      backoff_(std::move(random)),
      alarm_(loop, [this] { Ask(); }) {}

void ClusterScout::Start() {
  running_ = true;
  Ask();
}

void ClusterScout::Stop() {
  running_ = false;
  alarm_.Cancel();
  connection_.Close();
}

void ClusterScout::Hurry() {
  if (!running_ || !connection_.closed()) return;
  const auto when = std::max(asked_ + kShortest, loop_.Now());
  if (when < due_) alarm_.SetAt(due_ = when);
}

void ClusterScout::Ask() {
  asked_ = loop_.Now();
  next_ %= masters_.size() + seeds_.size();
  const bool known = next_ < masters_.size();
  connection_.Open(known ? masters_[next_] : seeds_[next_ - masters_.size()]);
}

void ClusterScout::OnReady() {
  connection_.Send({"CLUSTER", "SLOTS"}, [this](const Result<Reply>& reply) { OnAnswer(reply); });
}

void ClusterScout::OnAnswer(const Result<Reply>& reply) {
  if (!reply) return;  // OnClosed says it as well
  const ServerAddress server = connection_.server();
  connection_.Close();
  auto map = SlotMap::Parse(*reply, server);
  auto masters = map ? map->Masters() : std::vector<ServerAddress>();
  if (masters.empty()) {
    return OnClosed({Errc::kParseError, "Redis at " + ToString(server) + ": " +
                                            (reply->IsError() ? reply->text
                                             : map            ? "no master holds any slot"
                                                              : map.error().detail)});
  }
  masters_ = std::move(masters);
  // Another one next time: this one may be cut off from the others and not know.
  ++next_;
  backoff_.Reset();
  SetAlarm(kInterval);
  events_.OnSlotMap(std::move(*map));
}

void ClusterScout::OnClosed(const Error& why) {
  ++next_;
  SetAlarm(backoff_.Next());
  events_.OnScoutFailed(why);
}

void ClusterScout::SetAlarm(std::chrono::milliseconds from_now) {
  alarm_.SetAt(due_ = loop_.Now() + from_now);
}

}  // namespace pairwire::redis

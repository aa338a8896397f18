// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/sentinel.h"

#include <utility>

namespace pairwire::redis {
namespace {

constexpr std::string_view kMovedChannel = "+switch-master";

RedisConnection::Options ForSentinel(const RedisOptions& options, const net::TlsContext* tls) {
  RedisConnection::Options sentinel = ConnectionOptions(options, tls);
  sentinel.login = options.url.sentinel_login;
  sentinel.database = 0;
  sentinel.must_be_master = false;
  return sentinel;
}

}  // namespace

SentinelLocator::SentinelLocator(net::EventLoop& loop, net::Resolver& resolver,
                                 const RedisOptions& options, const net::TlsContext* tls,
                                 RandomBelow random, Events& events)
    : sentinels_(options.url.hosts),
      master_name_(options.url.master_name),
      loop_(loop),
      events_(events),
      asking_(loop, resolver, ForSentinel(options, tls),
              static_cast<RedisConnection::Events&>(*this)),
      listening_(loop, resolver, ForSentinel(options, tls),
                 static_cast<Subscriber::Events&>(*this)),
      backoff_(std::move(random)),
      listen_again_(loop, [this] { Listen(); }) {
  (void)listening_.Want(std::string(kMovedChannel));  // the first one always fits
}

void SentinelLocator::Locate(Done done) {
  done_ = std::move(done);
  asked_ = 0;
  asking_.Open(sentinels_[current_]);
}

void SentinelLocator::Cancel() {
  done_ = nullptr;
  asking_.Close();
}

void SentinelLocator::OnReady() {
  asking_.Send({"SENTINEL", "get-master-addr-by-name", master_name_},
               [this](const Result<Reply>& reply) { OnAnswer(reply); });
}

void SentinelLocator::OnAnswer(const Result<Reply>& reply) {
  if (!reply) return;  // OnClosed says it as well
  const auto& parts = reply->elements;
  const auto port = parts.size() == 2 ? ParsePort(parts[1].text) : std::nullopt;
  if (port && !parts[0].text.empty()) return Answer(ServerAddress{parts[0].text, *port});
  asking_.Close();
  OnClosed(
      {Errc::kInvalidArgument,
       "the Sentinel at " + ToString(sentinels_[current_]) +
           (reply->IsError() ? ": " + reply->text : " does not know the master " + master_name_)});
}

void SentinelLocator::OnClosed(const Error& why) {
  current_ = (current_ + 1) % sentinels_.size();
  if (++asked_ < sentinels_.size()) return asking_.Open(sentinels_[current_]);
  Answer(tl::unexpected(why));
}

void SentinelLocator::Answer(Result<ServerAddress> server) {
  asking_.Close();
  if (server && !listens_) {
    listens_ = true;
    listens_to_ = current_;
    Listen();
  }
  if (done_) std::exchange(done_, nullptr)(std::move(server));
}

void SentinelLocator::Listen() { listening_.Open(sentinels_[listens_to_]); }

void SentinelLocator::OnSubscriberClosed(const Error& /*why*/) {
  listens_to_ = (listens_to_ + 1) % sentinels_.size();
  listen_again_.SetAt(loop_.Now() + backoff_.Next());
}

void SentinelLocator::OnMessage(std::string_view /*channel*/, std::string_view payload) {
  // "name old-address old-port new-address new-port"
  if (payload.substr(0, payload.find(' ')) == master_name_) events_.OnMasterMoved();
}

}  // namespace pairwire::redis

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/redis_backend.h"

#include <utility>

namespace pairwire::redis {

RedisBackend::RedisBackend(relay::Executor& executor, const RedisBackendOptions& options)
    : executor_(executor),
      keys_(options.prefix, options.redis.url.topology == Topology::kCluster),
      expired_channel_("__keyevent@" + std::to_string(options.redis.url.database) + "__:expired"),
      hints_(options.hints) {}

RedisBackend::~RedisBackend() {
  // First of all, so that no answer finds half of the parts.
  runner_.reset();
  if (client_) client_->Stop();
}

Result<std::unique_ptr<RedisBackend>> RedisBackend::Make(net::EventLoop& loop,
                                                         net::Resolver& resolver,
                                                         relay::Executor& executor,
                                                         RandomBelow random,
                                                         RedisBackendOptions options) {
  std::unique_ptr<RedisBackend> backend(new RedisBackend(executor, options));
  const bool cluster = options.redis.url.topology == Topology::kCluster;
  options.redis.ping_channel = options.prefix + "channel:ping:";
  const auto new_id = [random] { return std::to_string(random(~std::uint64_t{0})); };
  auto client = MakeRedisClient(loop, resolver, std::move(options.redis), std::move(random),
                                static_cast<RedisClient::Events&>(*backend));
  if (!client) return tl::unexpected(client.error());
  RedisBackend& b = *backend;
  b.client_ = std::move(*client);
  b.runner_ = std::make_unique<ScriptRunner>(*b.client_, executor, b.keys_, options.scripts);
  b.store_ = std::make_unique<RedisStore>(*b.client_, *b.runner_, b.keys_, new_id);
  b.bus_ = std::make_unique<RedisBus>(*b.client_, *b.runner_, b.keys_, cluster);
  b.registry_ = std::make_unique<RedisRegistry>(*b.runner_, b.keys_);
  b.cache_ = std::make_unique<RedisCache>(*b.runner_, b.keys_);
  b.rates_ = std::make_unique<RedisRates>(*b.runner_);
  b.events_ = std::make_unique<RedisEventLog>(*b.runner_, b.keys_);
  return backend;
}

relay::Backend RedisBackend::parts() {
  return {*store_, *bus_, *registry_, *cache_, *rates_, *events_};
}

void RedisBackend::Start() {
  if (hints_) (void)client_->SubscribeEverywhere(expired_channel_);
  client_->Start();
}

void RedisBackend::Stop(std::function<void()> done) {
  stopped_ = std::move(done);
  // Answers come in order, so those of these commands are the last. A server that says nothing is
  // given up within the command time-out.
  stopping_ = keys_.shards() + 1;
  const auto answered = [this, guard = runner_->Guard()](const Result<Reply>&) {
    if (!guard.expired() && --stopping_ == 0) FinishStop();
  };
  for (std::size_t shard = 0; shard < keys_.shards(); ++shard) {
    client_->Command(keys_.Prefix(shard), {"PING"}, answered);
  }
  client_->Publish(keys_.base() + "channel:ping:end", "", answered);
}

void RedisBackend::FinishStop() {
  // After the callbacks that are on their way through the executor; and not from inside the
  // client's own.
  runner_->Post([this] {
    client_->Stop();
    runner_->Close();
    executor_.Post(std::exchange(stopped_, nullptr));
  });
}

relay::BackendHealth RedisBackend::health() const {
  relay::BackendHealth health;
  health.up = store_->up();
  RedisHealth redis = client_->health();
  health.reconnects = redis.times_up > 0 ? redis.times_up - 1 : 0;
  health.pending = redis.pending;
  health.output_bytes = redis.output_bytes;
  if (health.up) return health;
  health.reason = std::move(redis.last_error);
  if (health.reason.empty()) health.reason = runner_->last_error();
  if (health.reason.empty()) health.reason = "Redis is not reached yet";
  return health;
}

void RedisBackend::OnRedisUp() {
  // Before any step that is called from now on.
  runner_->Load();
  store_->OnConnected();
  runner_->Post([this] {
    bus_->OnState(true);
    store_->OnUp();
  });
}

void RedisBackend::OnRedisDown(const Error& /*why*/) {
  runner_->Post([this] {
    bus_->OnState(false);
    store_->OnDown();
  });
}

void RedisBackend::OnRedisMessage(std::string_view channel, std::string_view payload) {
  runner_->Post([this, channel = std::string(channel), payload = std::string(payload)] {
    OnMessage(channel, payload);
  });
}

void RedisBackend::OnMessage(const std::string& channel, const std::string& payload) {
  if (channel == expired_channel_) return store_->OnExpired(payload);
  if (!store_->OnMessage(channel, payload)) bus_->OnMessage(channel, payload);
}

}  // namespace pairwire::redis

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/relay_host.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "signaling/protocol/events.h"
#include "signaling/redis/redis_backend.h"
#include "signaling/store/memory_backend.h"

namespace pairwire::server {
namespace {

// What is due goes through the store and stays due until its reply; without this pause the alarm
// would spin.
constexpr std::chrono::milliseconds kMinTickPause{5};

// A relay behind one address of a test bed or a proxy: so much that no one reaches it. What one
// socket may have refused (strikes) stays bounded: that is no rate of honest work.
constexpr relay::RateLimit kNoRateLimit{1e9, 1e9};
constexpr relay::RateLimit kNoByteRateLimit{1e12, 1e12};

// So long a node is not missed by the others: three announcements.
constexpr std::chrono::seconds kLease{3};

// Two ways through a Redis that is half a second away.
constexpr std::chrono::seconds kHandoverWait{1};

relay::RelayOptions RelayOptionsOf(const ServerConfig& config, const std::string& node_id) {
  relay::RelayOptions options;
  options.node_id = node_id;
  options.public_url = config.public_url;
  options.waiting_ttl = config.session_ttl;
  options.region = config.region;
  options.advertise_url = config.advertise_url;
  options.connection = config.connection;
  options.signaling = config.signaling;
  options.expiry.hints = config.expiry_hints;
  // What could be told there: their status, and what operators broadcast.
  options.display_rooms = config.status || !config.internal_host.empty();
  if (config.redis) {
    options.lease = kLease;
    options.handover_wait = kHandoverWait;
  }
  options.shared_rates = config.rate_limits;
  if (!config.rate_limits) {
    options.codes.per_address = kNoRateLimit;
    options.codes.in_all = kNoRateLimit;
    options.codes.lock_after = 0;
    options.registers_per_address = kNoRateLimit;
    options.meets_per_address = kNoRateLimit;
    options.messages_per_socket = kNoRateLimit;
    options.room_changes_per_socket = kNoRateLimit;
    options.bytes_per_socket = kNoByteRateLimit;
  }
  return options;
}

relay::MemoryBackendOptions BackendOptionsOf(const ServerConfig& config) {
  relay::MemoryBackendOptions options;
  options.store.max_sessions = config.max_sessions;
  options.store.max_logged = 0;  // nobody reads the events of a relay that is one process
  return options;
}

}  // namespace

RelayHost::RelayHost(ConnectionContext& context, const std::string& node_id)
    : context_(context),
      node_id_(node_id),
      wall_start_(std::chrono::system_clock::now()),
      steady_start_(context.loop.Now()),
      resolver_(context.loop),
      backend_(MakeBackend()),
      users_(MakeUsers()),
      relay_(RelayOptionsOf(context.config, node_id), backend_->parts(), context.random, *this,
             users_.get()),
      alarm_(context.loop, [this] {
        alarm_time_ = relay::TimePoint::max();
        next_tick_ = context_.loop.Now() + kMinTickPause;
        WatchStore();
        Run([](relay::Relay& core, relay::TimePoint now) { core.Tick(now); });
      }) {
  backend_->Start();
  SetAlarm();
}

RelayHost::~RelayHost() = default;

std::unique_ptr<relay::BackendOwner> RelayHost::MakeBackend() {
  const ServerConfig& config = context_.config;
  if (config.redis) {
    redis::RedisBackendOptions options;
    options.redis.url = *config.redis;
    options.redis.tls = {config.redis_ca, config.redis_certificate_file, config.redis_key_file};
    options.prefix = config.redis_prefix + ":";
    options.scripts.max_sessions = config.max_sessions;
    options.hints = config.expiry_hints;
    options.scripts.timer = {[this] { return context_.loop.Now(); },
                             [this](const std::string& step, std::chrono::nanoseconds time) {
                               context_.metrics.OnStoreStep(step, time);
                             }};
    auto made = redis::RedisBackend::Make(
        context_.loop, resolver_, *this,
        [this](std::uint64_t bound) { return context_.random.NextUint64() % bound; },
        std::move(options));
    if (made) return std::move(*made);
    startup_ = tl::unexpected(made.error());
  }
  return relay::MakeMemoryBackend(
      *this, [this] { return Now(); }, BackendOptionsOf(config));
}

std::unique_ptr<UserKeys> RelayHost::MakeUsers() {
  if (context_.config.jwt_jwks.empty()) return nullptr;
  auto made = UserKeys::Make(
      context_.config,
      {context_.loop, resolver_, context_.metrics, context_.log, [this] { return Now(); },
       [this](std::function<void()> task) { Post(std::move(task)); }});
  if (made) return std::move(*made);
  startup_ = tl::unexpected(made.error());
  return nullptr;
}

void RelayHost::StopBackend(std::function<void()> done) {
  backend_->parts().registry.Withdraw(node_id_);
  backend_->Stop(std::move(done));
}

relay::TimePoint RelayHost::Now() const {
  // The wall clock may jump; steady time does not.
  return wall_start_ + std::chrono::duration_cast<relay::TimePoint::duration>(context_.loop.Now() -
                                                                              steady_start_);
}

void RelayHost::Run(Input input) {
  if (inside_) {
    waiting_.push_back(std::move(input));
    return;
  }
  RunInside([&] { input(relay_, Now()); });
}

void RelayHost::Post(std::function<void()> task) {
  context_.loop.Post([this, task = std::move(task)] { RunInside(task); });
}

template <typename Task>
void RelayHost::RunInside(const Task& task) {
  if (inside_) std::abort();  // only a bug of ours gets here: the core must not be entered twice
  inside_ = true;
  task();
  // Before anything that a later turn brings: a socket is open before its first text is heard.
  while (!waiting_.empty()) {
    const Input input = std::move(waiting_.front());
    waiting_.pop_front();
    input(relay_, Now());
  }
  relay_.EndTurn(Now());
  inside_ = false;
  SetAlarm();
}

void RelayHost::SetAlarm() {
  const relay::TimePoint due = relay_.NextDeadline();
  if (due == alarm_time_) return;
  alarm_time_ = due;
  if (due == relay::TimePoint::max()) {
    alarm_.Cancel();
    return;
  }
  const auto steady =
      steady_start_ +
      std::chrono::duration_cast<net::EventLoop::TimePoint::duration>(due - wall_start_);
  alarm_.SetAt(std::max(steady, next_tick_));
}

void RelayHost::WatchStore() {
  const relay::BackendHealth health = backend_->health();
  if (health.up == store_was_up_) return;
  store_was_up_ = health.up;
  if (health.up) return context_.log.Info("store_up");
  context_.log.Warning("store_down", {{"reason", health.reason}});
}

void RelayHost::OnPaired(std::string_view controller_id, net::EventLoop::TimePoint begin) {
  if (const auto time = ready_.OnPaired(controller_id, begin)) context_.metrics.OnReady(*time);
}

void RelayHost::OnSignalAcross(std::chrono::nanoseconds time) {
  context_.metrics.OnSignalAcross(time);
}

void RelayHost::AddStream(std::uint64_t id, Handover handover) {
  EventStream::Owner& stream_owner = *this;  // the base is private to everybody else
  auto owned = std::make_unique<EventStream>(context_, stream_owner, id, std::move(handover));
  EventStream& stream = *owned;
  context_.table.Add(std::move(owned));
  streams_.emplace(id, &stream);
  stream.Start();
}

void RelayHost::AddSocket(const HttpRequest& request, Handover handover, relay::Admitted member) {
  const std::uint64_t id = NextId();
  WsSession::Owner& socket_owner = *this;
  auto owned = std::make_unique<WsSession>(context_, socket_owner, id, std::move(handover));
  WsSession& session = *owned;
  context_.table.Add(std::move(owned));
  sockets_.emplace(id, Socket{&session, std::make_unique<relay::Admitted>(std::move(member))});
  session.Start(request);
}

void RelayHost::SendText(relay::ConnectionId connection, std::string text) {
  const auto found = sockets_.find(connection);
  if (found != sockets_.end()) found->second.session->Send(text);
}

void RelayHost::CloseSocket(relay::ConnectionId connection, std::uint16_t code,
                            std::string_view reason) {
  const auto found = sockets_.find(connection);
  if (found != sockets_.end()) found->second.session->Close(code, reason);
}

void RelayHost::SendEvent(relay::StreamId stream, const relay::SessionEvent& event) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  found->second->Send(protocol::ToServerSentEvent(event));
  if (event.type != protocol::kPairingReady) return;
  if (const auto time = ready_.OnReady(event.data.text, context_.loop.Now())) {
    context_.metrics.OnReady(*time);
  }
}

void RelayHost::EndStream(relay::StreamId stream) {
  const auto found = streams_.find(stream);
  if (found != streams_.end()) found->second->End();
}

void RelayHost::OnStreamClosed(std::uint64_t id) {
  streams_.erase(id);
  Run([id](relay::Relay& core, relay::TimePoint) { core.CloseEventStream(id); });
}

void RelayHost::OnSocketOpen(std::uint64_t id) {
  const auto found = sockets_.find(id);
  if (found == sockets_.end() || !found->second.member) return;
  const std::unique_ptr<relay::Admitted> member = std::move(found->second.member);
  Run([id, member = *member](relay::Relay& core, relay::TimePoint now) {
    core.SocketOpened(id, member, now, member.until);
  });
}

void RelayHost::OnSocketText(std::uint64_t id, std::string_view text) {
  if (!inside_) {  // the usual case, without a copy
    RunInside([&] { relay_.SocketText(id, text, Now()); });
    return;
  }
  Run([id, copy = std::string(text)](relay::Relay& core, relay::TimePoint now) {
    core.SocketText(id, copy, now);
  });
}

void RelayHost::OnSocketClosed(std::uint64_t id) {
  sockets_.erase(id);
  Run([id](relay::Relay& core, relay::TimePoint now) { core.SocketClosed(id, now); });
}

}  // namespace pairwire::server

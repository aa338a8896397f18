// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/cluster_client.h"

#include <algorithm>
#include <utility>

namespace pairwire::redis {
namespace {

// A redirection is followed at once so often; then the servers do not agree yet, and it waits.
constexpr int kAtOnce = 3;

// A script names one key and uses many of its slot.
bool IsScript(const Args& args) { return args.front() == "EVALSHA" || args.front() == "EVAL"; }

std::size_t BytesOf(const Args& args) {
  std::size_t bytes = 0;
  for (const std::string& word : args) bytes += word.size() + sizeof(word);
  return bytes;
}

}  // namespace

struct ClusterClient::Master {
  Master(ClusterClient& client, const ServerAddress& server)
      : locator(server),
        link(client.loop_, client.resolver_,
             {ConnectionOptions(client.options_, client.tls_.get()), client.options_.ping_channel},
             client.random_, locator, static_cast<RedisLink::Events&>(client)) {}

  FixedLocator locator;
  RedisLink link;
  bool holds_slots = false;
  net::EventLoop::TimePoint used{};
};

ClusterClient::ClusterClient(net::EventLoop& loop, net::Resolver& resolver, RedisOptions options,
                             std::unique_ptr<net::TlsContext> tls, RandomBelow random,
                             RedisClient::Events& events)
    : loop_(loop),
      resolver_(resolver),
      options_(std::move(options)),
      tls_(std::move(tls)),
      random_(std::move(random)),
      events_(events),
      scout_(loop, resolver, ConnectionOptions(options_, tls_.get()), options_.url.hosts, random_,
             static_cast<ClusterScout::Events&>(*this)),
      bus_(loop, resolver, {ConnectionOptions(options_, tls_.get()), options_.ping_channel},
           random_, static_cast<Locator&>(*this), static_cast<RedisLink::Events&>(*this)),
      try_again_(loop, [this] { TryAgain(); }),
      turn_end_(loop, net::TurnStage::kBackend, [this] { AnswerRefused(); }) {}

ClusterClient::~ClusterClient() = default;

void ClusterClient::Start() {
  if (running_) return;
  running_ = true;
  scout_.Start();
}

void ClusterClient::Stop() {
  running_ = false;
  up_ = false;
  map_known_ = false;
  scout_.Stop();
  try_again_.Cancel();
  const Error closed{Errc::kClosed, "the connection to Redis was closed"};
  auto slots = std::exchange(slots_, {});
  bus_.Stop();
  // Answers what is under way; nothing goes again.
  for (auto& [server, master] : masters_) master->link.Stop();
  AnswerRefused();
  for (auto& [number, slot] : slots) {
    for (auto& [order, command] : slot.held) {
      --kept_;
      kept_bytes_ -= command.bytes;
      command.done(tl::unexpected(closed));
    }
  }
}

RedisHealth ClusterClient::health() const {
  RedisHealth health;
  health.up = up_;
  health.last_error = last_error_;
  health.times_up = times_up_;
  health.pending = kept_ + bus_.pending();
  health.output_bytes = bus_.output_bytes();
  for (const auto& [server, master] : masters_) {
    health.masters += master->holds_slots && master->link.up() ? 1 : 0;
    health.output_bytes += master->link.output_bytes();
  }
  return health;
}

Result<void> ClusterClient::SubscribeEverywhere(const std::string& channel) {
  if (everywhere_.size() >= Subscriber::kMaxChannels / 2) {
    return Fail(Errc::kLimitExceeded, "too many channels are subscribed");
  }
  everywhere_.push_back(channel);
  for (auto& [server, master] : masters_) (void)master->link.Subscribe(channel);
  return {};
}

void ClusterClient::Publish(std::string_view channel, std::string_view payload, ReplyHandler done) {
  const Args args = {"PUBLISH", std::string(channel), std::string(payload)};
  if (!done) return bus_.SendForgotten(args);
  bus_.Send(args, std::move(done));
}

// ---- Masters ----

ClusterClient::Master* ClusterClient::MasterAt(const ServerAddress& server) {
  const auto found = masters_.find(server);
  if (found != masters_.end()) {
    found->second->link.Start();  // after Stop
    return found->second.get();
  }
  if (masters_.size() >= SlotMap::kMaxMasters) return nullptr;
  auto made = std::make_unique<Master>(*this, server);
  for (const std::string& channel : everywhere_) (void)made->link.Subscribe(channel);
  made->used = loop_.Now();
  made->link.Start();
  return masters_.emplace(server, std::move(made)).first->second.get();
}

void ClusterClient::OnSlotMap(SlotMap map) {
  map_ = std::move(map);
  map_known_ = true;
  for (auto& [server, master] : masters_) master->holds_slots = false;
  for (const ServerAddress& server : map_.Masters()) {
    if (Master* const master = MasterAt(server)) master->holds_slots = true;
  }
  RemoveUnused();
  bus_.Start();  // the first time
  CheckUp({Errc::kClosed, "the Redis Cluster changed its masters"});
}

void ClusterClient::RemoveUnused() {
  std::vector<std::unique_ptr<Master>> unused;
  for (auto it = masters_.begin(); it != masters_.end();) {
    const Master& master = *it->second;
    const bool keep =
        master.holds_slots || master.link.pending() > 0 || loop_.Now() - master.used < kUnusedAfter;
    if (keep) {
      ++it;
      continue;
    }
    unused.push_back(std::move(it->second));
    it = masters_.erase(it);
  }
  for (const auto& master : unused) master->link.Stop();
}

void ClusterClient::Locate(Done done) {
  const std::vector<ServerAddress> servers = map_.Masters();
  if (servers.empty()) return done(Fail(Errc::kInvalidState, "the Redis Cluster is not known"));
  // The next one after each loss, and rather one that is reached.
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const ServerAddress& server = servers[next_bus_++ % servers.size()];
    const auto found = masters_.find(server);
    if (found != masters_.end() && found->second->link.up()) return done(server);
  }
  done(servers[next_bus_++ % servers.size()]);
}

void ClusterClient::CheckUp(const Error& why) {
  bool up = running_ && map_known_ && map_.Unknown() == 0 && bus_.up();
  for (const auto& [server, master] : masters_) {
    up = up && (!master->holds_slots || master->link.up());
  }
  if (!up) scout_.Hurry();
  if (up == up_) return;
  up_ = up;
  if (up) {
    ++times_up_;
    return events_.OnRedisUp();
  }
  last_error_ = why.detail;
  events_.OnRedisDown(why);
}

void ClusterClient::OnLinkUp(RedisLink& /*link*/) { CheckUp({}); }

void ClusterClient::OnLinkDown(RedisLink& /*link*/, const Error& why) { CheckUp(why); }

void ClusterClient::OnLinkFailed(RedisLink& /*link*/, const Error& why) {
  last_error_ = why.detail;
  CheckUp(why);
}

void ClusterClient::OnLinkMessage(std::string_view channel, std::string_view payload) {
  events_.OnRedisMessage(channel, payload);
}

// ---- Commands ----

void ClusterClient::Command(std::string_view key, Args args, ReplyHandler done) {
  if (!running_ || !map_known_) {
    return Refuse(std::move(done), Errc::kInvalidState, "no connection to the Redis Cluster");
  }
  Kept command;
  command.bytes = BytesOf(args);
  if (kept_ >= kMaxKept || kept_bytes_ + command.bytes > kMaxKeptBytes) {
    return Refuse(std::move(done), Errc::kBufferFull, "too much waits for the Redis Cluster");
  }
  command.args = std::move(args);
  command.done = std::move(done);
  command.slot = KeySlot(key);
  ++kept_;
  kept_bytes_ += command.bytes;
  const std::uint64_t number = next_number_++;
  Slot& slot = slots_[command.slot];
  if (slot.probing || !slot.held.empty()) {
    slot.held.emplace(number, std::move(command));
  } else {
    Dispatch(number, std::move(command));
  }
}

void ClusterClient::Dispatch(std::uint64_t number, Kept command) {
  const ServerAddress* const holder = map_.MasterOf(command.slot);
  Master* const master = command.ask ? MasterAt(*command.ask)
                         : holder    ? MasterAt(*holder)
                                     : nullptr;
  ++slots_[command.slot].under_way;
  if (master == nullptr) {
    // Not from inside, as any other answer.
    Refuse([this, number](Result<Reply> reply) { OnReply(number, std::move(reply)); },
           Errc::kInvalidState, "no Redis master holds the slot");
  } else {
    command.sent_to = command.ask ? *command.ask : *holder;
    master->used = loop_.Now();
    if (command.ask) master->link.Send({"ASKING"}, [](const Result<Reply>&) {});
    master->link.Send(command.args,
                      [this, number](Result<Reply> reply) { OnReply(number, std::move(reply)); });
  }
  under_way_.emplace(number, std::move(command));
}

ClusterClient::Verdict ClusterClient::Judge(Kept& command, const Result<Reply>& reply) {
  const bool may_go_again = running_ && (!command.again || loop_.Now() - *command.again < kGiveUp);
  if (!reply) {
    // Not sent. The first time that is the answer: nobody waits for a master that is away.
    const bool waits = command.again && reply.error().code == Errc::kInvalidState;
    return waits && may_go_again ? Verdict::kAgainLater : Verdict::kDone;
  }
  const std::string_view code = reply->ErrorCode();
  auto redirection = reply->IsError() ? ParseRedirection(reply->text, command.sent_to)
                                      : std::optional<Redirection>();
  // At the new place a script would find some of its keys, or none: it waits for the whole slot.
  const bool half_moved = redirection && redirection->ask && IsScript(command.args);
  if (half_moved) redirection.reset();
  const bool later = half_moved || code == "TRYAGAIN" || code == "CLUSTERDOWN";
  if (!later && !redirection) return Verdict::kDone;
  command.ask.reset();
  if (code == "CLUSTERDOWN") scout_.Hurry();
  bool reached = false;
  if (redirection) {
    if (redirection->ask) command.ask = redirection->target;
    if (!redirection->ask) {
      scout_.Hurry();
      map_.Move(redirection->slot, redirection->target);
    }
    const Master* const master = running_ ? MasterAt(redirection->target) : nullptr;
    reached = master != nullptr && master->link.up();
  }
  if (!may_go_again) return Verdict::kDone;
  if (!command.again) command.again = loop_.Now();
  return reached && ++command.redirections <= kAtOnce ? Verdict::kAgain : Verdict::kAgainLater;
}

void ClusterClient::OnReply(std::uint64_t number, Result<Reply> reply) {
  auto node = under_way_.extract(number);
  if (node.empty()) return;
  Kept& command = node.mapped();
  const std::uint16_t slot_number = command.slot;
  const Verdict verdict = Judge(command, reply);
  ReplyHandler done;
  if (verdict == Verdict::kDone) {
    --kept_;
    kept_bytes_ -= command.bytes;
    done = std::move(command.done);
  }
  // After Stop the slots are gone.
  if (const auto found = slots_.find(slot_number); found != slots_.end()) {
    --found->second.under_way;
    if (verdict != Verdict::kDone) found->second.held.emplace(number, std::move(command));
    Pump(slot_number, verdict);
  }
  if (done) done(std::move(reply));
}

void ClusterClient::Pump(std::uint16_t number, Verdict last) {
  Slot& slot = slots_[number];
  if (slot.under_way > 0) return;
  slot.probing = false;
  if (slot.held.empty()) {
    slots_.erase(number);
    return;
  }
  if (last == Verdict::kAgainLater) {
    if (!try_again_.is_set()) try_again_.SetAt(loop_.Now() + kTryAgainAfter);
    return;
  }
  // After one that was carried out all the others may follow.
  const std::size_t count = last == Verdict::kDone ? slot.held.size() : 1;
  slot.probing = count == 1;
  for (std::size_t i = 0; i < count; ++i) {
    auto first = slot.held.extract(slot.held.begin());
    Dispatch(first.key(), std::move(first.mapped()));
  }
}

void ClusterClient::TryAgain() {
  std::vector<std::uint16_t> waiting;
  for (const auto& [number, slot] : slots_) {
    if (slot.under_way == 0 && !slot.held.empty()) waiting.push_back(number);
  }
  for (const std::uint16_t number : waiting) Pump(number, Verdict::kAgain);
}

void ClusterClient::Refuse(ReplyHandler done, Errc code, std::string_view why) {
  refused_.emplace_back(std::move(done), Error{code, std::string(why)});
  turn_end_.Mark();
}

void ClusterClient::AnswerRefused() {
  for (auto& [done, why] : std::exchange(refused_, {})) done(tl::unexpected(std::move(why)));
}

}  // namespace pairwire::redis

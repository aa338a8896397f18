// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/redis_check.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "signaling/core/random.h"
#include "signaling/redis/script_commands.h"
#include "signaling/redis/slot_map.h"

namespace pairwire::server {
namespace {

using redis::Reply;
using redis::ServerAddress;
using redis::Topology;

redis::RedisOptions OptionsOf(const ServerConfig& config) {
  redis::RedisOptions options;
  options.url = *config.redis;
  options.tls = {config.redis_ca, config.redis_certificate_file, config.redis_key_file};
  options.client_name = "pairwire-relay-check";
  // Slow is found out and said; a relay gives up earlier.
  options.connect_timeout = options.command_timeout = std::chrono::seconds(5);
  return options;
}

class RedisChecker {
 public:
  RedisChecker(const ServerConfig& config, const WallClock& now)
      : config_(config),
        options_(OptionsOf(config)),
        keys_(config.redis_prefix + ":", config.redis->topology == Topology::kCluster),
        scripts_(redis::MakeScripts(redis::ScriptOptions(), keys_)),
        now_(now),
        name_("check:" + std::to_string(relay::SystemRandom().NextUint64())) {}

  std::vector<Finding> Run() {
    if (config_.redis->tls) {
      auto made = net::TlsContext::Client(options_.tls);
      if (!made) {
        Add(Finding::Level::kError, made.error().detail);
        return std::move(findings_);
      }
      tls_ = std::move(*made);
    }
    switch (config_.redis->topology) {
      case Topology::kSingle:
        Server(config_.redis->hosts.front(), redis::RedisKeys::kCommonShard);
        break;
      case Topology::kSentinel:
        Sentinels();
        break;
      case Topology::kCluster:
        Cluster();
        break;
    }
    return std::move(findings_);
  }

 private:
  void Add(Finding::Level level, const std::string& text) {
    findings_.push_back({level, "--redis: " + text});
  }

  void Server(const ServerAddress& server, std::optional<std::size_t> shard) {
    const RedisCheckContext context{loop_, resolver_, config_, options_, tls_.get(),
                                    keys_, scripts_,  now_,    name_,    findings_};
    RedisServerCheck(context, server, shard).Run();
  }

  // What one of the hosts of the URL answers; nothing when it is not reached, which is said.
  std::optional<Reply> AskHost(const ServerAddress& host, const redis::Login& login,
                               const redis::Args& args) {
    redis::RedisConnection::Options options = redis::ConnectionOptions(options_, tls_.get());
    options.login = login;
    options.database = 0;
    options.must_be_master = false;
    redis::RedisTalk talk(loop_, resolver_, std::move(options));
    auto opened = talk.Open(host);
    Result<Reply> reply = opened ? talk.Ask(args) : tl::unexpected(opened.error());
    if (reply) return std::move(*reply);
    // It may be one of several.
    unreached_.push_back(WhyNotReached(reply.error(), tls_ != nullptr));
    return std::nullopt;
  }

  // Errors when nobody was reached, else warnings.
  void TellUnreached(bool any) {
    for (const std::string& text : unreached_) {
      Add(any ? Finding::Level::kWarning : Finding::Level::kError, text);
    }
  }

  void Sentinels() {
    const std::string& name = config_.redis->master_name;
    std::vector<ServerAddress> masters;
    for (const ServerAddress& host : config_.redis->hosts) {
      const auto reply = AskHost(host, config_.redis->sentinel_login,
                                 {"SENTINEL", "get-master-addr-by-name", name});
      if (!reply) continue;
      const std::string who = "the Sentinel at " + redis::ToString(host);
      const auto port =
          reply->elements.size() == 2 ? redis::ParsePort(reply->elements[1].text) : std::nullopt;
      if (port) {
        masters.push_back({reply->elements[0].text, *port});
        Add(Finding::Level::kOk,
            who + " says that " + name + " is " + redis::ToString(masters.back()));
      } else if (redis::IsRefusal(*reply)) {
        Add(Finding::Level::kError, who + " does not answer SENTINEL: " + reply->text +
                                        ": is it a Sentinel, and may its user ask?");
      } else if (reply->IsError()) {
        Add(Finding::Level::kError, who + ": " + reply->text);
      } else {
        Add(Finding::Level::kError,
            who + " knows no master " + name + ": SENTINEL MASTERS tells their names");
      }
    }
    TellUnreached(!masters.empty());
    if (masters.empty()) return;
    const bool agreed = std::all_of(masters.begin(), masters.end(),
                                    [&](const auto& master) { return master == masters[0]; });
    if (!agreed) {
      Add(Finding::Level::kWarning,
          "the Sentinels do not agree on the master: is a fail-over under way?");
    }
    Server(masters.front(), redis::RedisKeys::kCommonShard);
  }

  void Cluster() {
    std::optional<redis::SlotMap> map;
    for (const ServerAddress& host : config_.redis->hosts) {
      const auto reply = AskHost(host, config_.redis->login, {"CLUSTER", "SLOTS"});
      if (!reply) continue;
      const std::string who = redis::ToString(host) + ": ";
      if (redis::IsRefusal(*reply)) {
        const std::string& user = config_.redis->login.user;
        Add(Finding::Level::kError, who + "the user may not CLUSTER SLOTS: ACL SETUSER " +
                                        (user.empty() ? "default" : user) +
                                        " +cluster|slots +asking");
        continue;
      }
      if (reply->IsError()) {
        Add(Finding::Level::kError,
            who + "is of no Cluster (" + reply->text + "): use redis:// or redis+sentinel://");
        continue;
      }
      auto parsed = redis::SlotMap::Parse(*reply, host);
      if (!parsed) {
        Add(Finding::Level::kError, who + parsed.error().detail);
      } else if (!map || parsed->Unknown() < map->Unknown()) {
        map = std::move(*parsed);
      }
    }
    TellUnreached(map.has_value());
    if (!map) return;
    const auto masters = map->Masters();
    const std::string size = "the Cluster has " + std::to_string(masters.size()) + " masters";
    if (map->Unknown() > 0) {
      Add(Finding::Level::kError, size + ", and " + std::to_string(map->Unknown()) +
                                      " slots belong to none: redis-cli --cluster fix");
    } else {
      Add(Finding::Level::kOk, size);
    }
    for (const ServerAddress& master : masters) Server(master, ShardAt(*map, master));
  }

  // The first whose keys the master holds.
  std::optional<std::size_t> ShardAt(const redis::SlotMap& map, const ServerAddress& master) const {
    for (std::size_t shard = 0; shard < keys_.shards(); ++shard) {
      const ServerAddress* const holder = map.MasterOf(redis::KeySlot(keys_.Prefix(shard)));
      if (holder != nullptr && *holder == master) return shard;
    }
    return std::nullopt;
  }

  const ServerConfig& config_;
  const redis::RedisOptions options_;
  const redis::RedisKeys keys_;
  const std::array<redis::Script, redis::kSteps> scripts_;
  const WallClock& now_;
  const std::string name_;
  net::EventLoop loop_;
  net::Resolver resolver_{loop_};
  std::unique_ptr<net::TlsContext> tls_;
  std::vector<std::string> unreached_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> CheckRedis(const ServerConfig& config, const WallClock& now) {
  return RedisChecker(config, now).Run();
}

}  // namespace pairwire::server

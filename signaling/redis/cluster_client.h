// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ClusterClient: a Redis Cluster: a link to each master, the map that says which to use, the
// server's redirections followed, and the Cluster's bus for published messages.
// https://redis.io/docs/reference/cluster-spec
//
// Order: commands of one slot are sent as they come. When one is redirected or told to try again,
// those that follow are held until those under way are answered; then the first goes again, alone,
// and when it was carried out the rest follows. (While a slot moves, a command on several keys that
// is told TRYAGAIN may be overtaken by one on a single key that was under way already.) A script is
// not sent where an ASK points: while a slot moves, neither place has all of its keys, so it waits.
//
// The bus is a link of its own to any one master: what is published on one server is heard on all.
#ifndef PAIRWIRE_SIGNALING_REDIS_CLUSTER_CLIENT_H_
#define PAIRWIRE_SIGNALING_REDIS_CLUSTER_CLIENT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "signaling/redis/cluster_scout.h"
#include "signaling/redis/redis_client.h"
#include "signaling/redis/redis_link.h"
#include "signaling/redis/slot_map.h"

namespace pairwire::redis {

class ClusterClient final : public RedisClient,
                            private RedisLink::Events,
                            private ClusterScout::Events,
                            private Locator {
 public:
  // Commands that are under way or held, with their arguments, because they may have to go again.
  static constexpr std::size_t kMaxKept = 128 * 1024;
  static constexpr std::size_t kMaxKeptBytes = 32 * 1024 * 1024;
  // From the first redirection of a command; then the caller gets what the server said last.
  static constexpr std::chrono::seconds kGiveUp{1};
  static constexpr std::chrono::milliseconds kTryAgainAfter{50};
  // A server that holds no slot (the target of an ASK) is let go when it was not used so long.
  static constexpr std::chrono::seconds kUnusedAfter{5};

  // `tls` may be null.
  ClusterClient(net::EventLoop& loop, net::Resolver& resolver, RedisOptions options,
                std::unique_ptr<net::TlsContext> tls, RandomBelow random,
                RedisClient::Events& events);
  ~ClusterClient() override;

  void Start() override;
  void Stop() override;
  bool up() const override { return up_; }
  RedisHealth health() const override;
  void Command(std::string_view key, Args args, ReplyHandler done) override;
  void Publish(std::string_view channel, std::string_view payload, ReplyHandler done) override;
  Result<void> Subscribe(const std::string& channel) override { return bus_.Subscribe(channel); }
  void Unsubscribe(const std::string& channel) override { bus_.Unsubscribe(channel); }
  Result<void> SubscribeEverywhere(const std::string& channel) override;

 private:
  struct Kept {
    Args args;
    ReplyHandler done;
    std::uint16_t slot = 0;
    std::size_t bytes = 0;
    ServerAddress sent_to;
    std::optional<ServerAddress> ask;                // the server that an ASK named
    std::optional<net::EventLoop::TimePoint> again;  // since when it goes again
    int redirections = 0;
  };
  // Only slots with commands under way or held have one.
  struct Slot {
    std::size_t under_way = 0;
    bool probing = false;                // the one under way goes again; others wait for it
    std::map<std::uint64_t, Kept> held;  // by number, which is the order of the calls
  };
  struct Master;
  // What to do with a command whose answer came.
  enum class Verdict : std::uint8_t { kDone, kAgain, kAgainLater };

  void OnLinkUp(RedisLink& link) override;
  void OnLinkDown(RedisLink& link, const Error& why) override;
  void OnLinkFailed(RedisLink& link, const Error& why) override;
  void OnLinkMessage(std::string_view channel, std::string_view payload) override;
  void OnSlotMap(SlotMap map) override;
  void OnScoutFailed(const Error& why) override { last_error_ = why.detail; }
  // For the bus.
  void Locate(Done done) override;
  void Cancel() override {}

  Master* MasterAt(const ServerAddress& server);
  void RemoveUnused();
  void CheckUp(const Error& why);
  void Dispatch(std::uint64_t number, Kept command);
  void OnReply(std::uint64_t number, Result<Reply> reply);
  Verdict Judge(Kept& command, const Result<Reply>& reply);
  void Pump(std::uint16_t number, Verdict last);
  void TryAgain();
  void Refuse(ReplyHandler done, Errc code, std::string_view why);
  void AnswerRefused();

  net::EventLoop& loop_;
  net::Resolver& resolver_;
  const RedisOptions options_;
  const std::unique_ptr<net::TlsContext> tls_;
  const RandomBelow random_;
  RedisClient::Events& events_;
  bool running_ = false;
  bool up_ = false;
  std::uint64_t times_up_ = 0;
  std::string last_error_;
  std::vector<std::string> everywhere_;

  SlotMap map_;
  bool map_known_ = false;
  std::map<ServerAddress, std::unique_ptr<Master>> masters_;
  std::size_t next_bus_ = 0;  // in the map's masters
  ClusterScout scout_;
  RedisLink bus_;

  std::uint64_t next_number_ = 0;
  std::unordered_map<std::uint64_t, Kept> under_way_;
  std::unordered_map<std::uint16_t, Slot> slots_;
  std::size_t kept_ = 0;
  std::size_t kept_bytes_ = 0;
  std::vector<std::pair<ReplyHandler, Error>> refused_;
  net::Alarm try_again_;
  net::TurnEnd turn_end_;
};

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_CLUSTER_CLIENT_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RedisStore: the store of a relay of many nodes. Each step is one script (scripts/*.lua) on the
// shard of its session; what a step tells nodes comes through their inboxes (inbox.h).
//
// Due times and terms go by the clock of the Redis server, which all nodes share; the TTLs of keys
// only clear away what no step saw to. Sizes are those that the last step of each shard saw, and
// are counted over all nodes.
//
// A Redis that comes back without its data gets back what this process knows (replicas.h), before
// the store says that it is up.
//
// Loop thread only. Replies and messages come through the executor.
#ifndef PAIRWIRE_SIGNALING_REDIS_REDIS_STORE_H_
#define PAIRWIRE_SIGNALING_REDIS_REDIS_STORE_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/redis/fields.h"
#include "signaling/redis/inbox.h"
#include "signaling/redis/keys.h"
#include "signaling/redis/replicas.h"
#include "signaling/redis/scripts.h"
#include "signaling/store/store.h"

namespace pairwire::redis {

class RedisStore final : public relay::Store {
 public:
  // Signs of life that one script sees to, so that none takes long.
  static constexpr std::size_t kTouchesAtOnce = 16;

  using TimePoint = relay::TimePoint;
  template <typename T>
  using StoreReply = relay::StoreReply<T>;

  // All outlive it.
  RedisStore(RedisClient& client, ScriptRunner& runner, const RedisKeys& keys,
             std::function<std::string()> new_id);
  RedisStore(const RedisStore&) = delete;
  RedisStore& operator=(const RedisStore&) = delete;

  // The client's news: at once, when there is a server again of which nobody knows yet which one it
  // is; then from inside the executor.
  void OnConnected() { finding_out_ = true; }
  void OnUp();
  void OnDown();
  // False: it was not for the store.
  bool OnMessage(std::string_view channel, std::string_view payload);
  // A key expired.
  void OnExpired(std::string_view key);

  bool up() const { return up_; }
  // Reads what the inboxes hold; `done` when all was told.
  void CatchUp(std::function<void()> done);
  // Inboxes that had to be read, of all nodes here.
  std::size_t gaps() const;
  // Of what is kept in Redis and would be lost with it.
  std::size_t remembered_bytes() const { return replicas_.remembered_bytes(); }

  void Subscribe(const std::string& node_id, relay::NodeHandler& handler) override;
  void Unsubscribe(const std::string& node_id) override;
  void RegisterSession(relay::NewSession session, TimePoint now,
                       StoreReply<relay::Registered> reply) override;
  void ClaimCode(relay::Claim claim, TimePoint now, StoreReply<relay::Claimed> reply) override;
  void FindMember(const std::string& session_id, const relay::TokenHash& token_hash, TimePoint now,
                  StoreReply<relay::Member> reply) override;
  void OpenEvents(const std::string& session_id, const relay::TokenHash& token_hash,
                  const std::string& node_id, std::uint64_t after, TimePoint now,
                  StoreReply<relay::OpenedEvents> reply) override;
  void Join(relay::JoinRequest request, TimePoint now, StoreReply<relay::Joined> reply) override;
  void Leave(relay::LeaveRequest request, TimePoint now, StoreReply<bool> reply) override;
  void Route(relay::RouteRequest request, TimePoint now, StoreReply<relay::Routed> reply) override;
  void Heartbeat(std::vector<relay::Touch> members, TimePoint now,
                 StoreReply<std::size_t> reply) override;
  void Terminate(const std::string& session_id, const relay::TokenHash& token_hash,
                 std::string_view reason, TimePoint now, StoreReply<relay::Member> reply) override;
  void ClaimDue(TimePoint now, std::size_t limit, StoreReply<relay::DueReport> reply) override;
  // Others share the due times: ask at intervals.
  TimePoint NextDue() const override { return TimePoint::min(); }
  relay::StoreSizes Sizes() const override;

 private:
  // Runs a step of one session; `parse` makes the reply of its fields.
  template <typename T>
  void Run(Step step, std::size_t shard, TimePoint now, std::vector<std::string> args,
           StoreReply<T> reply, std::function<T(FieldReader&)> parse);
  void ReadSizes(std::size_t shard, FieldReader& fields);
  // What a registration replaces may be in any shard.
  void ReplaceElsewhere(const std::string& session_id, const std::string& meets, std::uint64_t born,
                        TimePoint now, relay::Registered registered,
                        StoreReply<relay::Registered> reply);
  void ClaimAt(std::size_t shard, relay::Claim claim, TimePoint now,
               StoreReply<relay::Claimed> reply);
  void CatchUpAll(std::function<void(bool)> done);
  void CompareInboxes(std::size_t shard, const std::vector<std::string>& nodes, FieldReader last);

  RedisClient& client_;
  ScriptRunner& runner_;
  const RedisKeys& keys_;
  Replicas replicas_;
  bool up_ = false;
  bool finding_out_ = false;      // whether the server has its data; no step before that is known
  bool try_again_ = false;        // to find it out
  std::uint64_t connection_ = 0;  // which one this is
  std::size_t next_share_ = 0;
  std::map<std::string, std::unique_ptr<RedisInbox>> inboxes_;
  std::vector<relay::StoreSizes> sizes_;  // by shard
};

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_REDIS_STORE_H_

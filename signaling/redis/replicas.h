// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Replicas: what this process remembers of the sessions that its nodes have to do with (their
// display listens here, or a member has its socket here), so that a Redis that came back empty gets
// them back; and what its nodes had Redis keep for members that are away, for as long as those may
// come back. Not rooms, whose users join again.
//
// A snapshot comes with the step's own answer, and is fetched after what others may have changed.
// Loop thread only.
#ifndef PAIRWIRE_SIGNALING_REDIS_REPLICAS_H_
#define PAIRWIRE_SIGNALING_REDIS_REPLICAS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "signaling/redis/keys.h"
#include "signaling/redis/scripts.h"
#include "signaling/store/store.h"

namespace pairwire::redis {

class Replicas {
 public:
  // Restores under way at a time, so that a large relay does not overflow the connection.
  static constexpr std::size_t kRestoresAtOnce = 100;
  // What Redis keeps for absent members is remembered so long while Redis is there: their window,
  // and as much again for one that was renewed.
  static constexpr std::chrono::seconds kRememberFor{10};
  // Of all sessions together; beyond, the oldest is no longer remembered.
  static constexpr std::size_t kMaxRememberedBytes = 4 * 1024 * 1024;

  // Both outlive it. `new_id`: a random one each time, which a Redis without data is called by.
  Replicas(ScriptRunner& runner, const RedisKeys& keys, std::function<std::string()> new_id);
  Replicas(const Replicas&) = delete;
  Replicas& operator=(const Replicas&) = delete;

  // What Redis keeps for a member that is away since its join `epoch`.
  struct Kept {
    std::string member_id;
    std::uint64_t epoch = 0;
    // The tail of its socket, which left here; else a text that came later.
    bool left = false;
    std::chrono::milliseconds window{0};
    std::string unused;  // resume hashes
    std::vector<relay::KeptText> texts;
    std::string id;  // set by Remember
  };

  // The display of the session listens at the node, or the member has its socket there.
  void Watched(const std::string& node_id, const std::string& session_id, std::string snapshot);
  void Joined(const std::string& node_id, const std::string& session_id,
              const std::string& member_id, std::uint64_t epoch, std::string snapshot);
  // The user has its socket at the node; the snapshot has this one member.
  void JoinedRoom(const std::string& node_id, const std::string& room, const std::string& user_id,
                  std::string snapshot);
  // Not any more; the session may live on.
  void Left(const std::string& session_id, const std::string& member_id);
  void Remember(const std::string& session_id, Kept kept, relay::TimePoint now);
  // To be called now and then while Redis is there.
  void DropOld(relay::TimePoint now);
  // As a node was told.
  void OnMessage(const std::string& node_id, const relay::NodeMessage& message);

  // Redis is reached: finds out whether it is the one that was there before, and if it is not,
  // brings back what is known. `done` later; false: it was lost meanwhile.
  void Restore(std::function<void(bool)> done);

  std::size_t size() const { return replicas_.size() + users_.size(); }
  std::size_t remembered_bytes() const { return remembered_bytes_; }

 private:
  struct Replica {
    std::string snapshot;
    std::string watched_by;         // a node
    std::set<std::string> members;  // with a socket here, each after its node
    std::vector<Kept> kept;         // oldest first
    bool fetching = false;
    bool again = false;  // it changed while it was fetched
  };
  struct User {
    std::string node;
    std::string snapshot;
  };
  // Room and user; a session is one without.
  using Name = std::pair<std::string, std::string>;
  struct Term {
    relay::TimePoint until{};
    std::string session_id;
    std::string kept;  // its id
  };
  struct Restoring {
    std::size_t left = 0;  // answers to come
    bool ok = true;
    std::vector<std::string> stores;  // by shard: which one is there now
    std::vector<Name> names;          // still to be brought
    std::function<void(bool)> done;
  };

  void Refresh(const std::string& session_id);
  void Forget(const std::string& session_id);
  template <typename Condition>
  void EraseKept(Replica& replica, Condition condition);
  // The member was given what was kept before its join `epoch`.
  void Taken(Replica& replica, const std::string& member_id, std::uint64_t epoch);
  void DropOldest();
  void OnHello(std::size_t shard, const std::string& id, Restoring& restoring);
  // Empty: it is gone, or not known yet.
  std::string SnapshotOf(const Name& name) const;
  void Answered(const std::shared_ptr<Restoring>& restoring, bool ok);

  ScriptRunner& runner_;
  const RedisKeys& keys_;
  const std::function<std::string()> new_id_;
  std::vector<std::string> stores_;  // by shard: which one was there
  std::map<std::string, Replica> replicas_;
  std::map<Name, User> users_;  // in rooms
  std::deque<Term> terms_;      // of all that is remembered, in its order
  std::size_t remembered_bytes_ = 0;
};

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_REPLICAS_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// MemoryStore: the store of a relay that is one process (--store memory), with its registry and its
// event log. Several Relay objects may share it, each with a node id of its own; tests do.
#ifndef PAIRWIRE_SIGNALING_STORE_MEMORY_STORE_H_
#define PAIRWIRE_SIGNALING_STORE_MEMORY_STORE_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "signaling/store/event_log.h"
#include "signaling/store/executor.h"
#include "signaling/store/registry.h"
#include "signaling/store/store.h"

namespace pairwire::relay {

struct MemoryStoreOptions {
  // Sessions, ended ones included. A waiting one costs about 400 B.
  std::size_t max_sessions = 100'000;
  // Codes in use or resting: with the rest below, the rate of registrations that can be kept up.
  std::size_t max_codes = 1'000'000;
  // Meets of all sessions together, 224 B for the first of a session and 128 B for each other:
  // every display of a full relay may have two.
  std::size_t max_meets = 200'000;
  // A released code is not given out again for so long: a late typist must not reach a stranger.
  std::chrono::milliseconds code_rest = std::chrono::minutes(10);
  // How long an ended session still answers the display's poll.
  std::chrono::milliseconds ended_linger = std::chrono::seconds(30);
  // Entries of the event log, about 250 B each, all over the heap; 0: none is written.
  std::size_t max_logged = 1'000;
};

// The clock of those parts whose calls bring no time.
using NowFunction = std::function<TimePoint()>;

// One thread; `executor` outlives the store. Replies that are still queued when the store is
// destroyed are dropped.
class MemoryStore final : public Store {
 public:
  explicit MemoryStore(Executor& executor, MemoryStoreOptions options = {});
  // With a clock, which the registry's leases and the event log need.
  MemoryStore(Executor& executor, NowFunction now, MemoryStoreOptions options);
  ~MemoryStore() override;

  void Subscribe(const std::string& node_id, NodeHandler& handler) override;
  void Unsubscribe(const std::string& node_id) override;
  void RegisterSession(NewSession session, TimePoint now, StoreReply<Registered> reply) override;
  void ClaimCode(Claim claim, TimePoint now, StoreReply<Claimed> reply) override;
  void FindMember(const std::string& session_id, const TokenHash& token_hash, TimePoint now,
                  StoreReply<Member> reply) override;
  void OpenEvents(const std::string& session_id, const TokenHash& token_hash,
                  const std::string& node_id, std::uint64_t after, TimePoint now,
                  StoreReply<OpenedEvents> reply) override;
  void Join(JoinRequest request, TimePoint now, StoreReply<Joined> reply) override;
  void Leave(LeaveRequest request, TimePoint now, StoreReply<bool> reply) override;
  void Route(RouteRequest request, TimePoint now, StoreReply<Routed> reply) override;
  void Heartbeat(std::vector<Touch> members, TimePoint now, StoreReply<std::size_t> reply) override;
  void Terminate(const std::string& session_id, const TokenHash& token_hash,
                 std::string_view reason, TimePoint now, StoreReply<Member> reply) override;
  void ClaimDue(TimePoint now, std::size_t limit, StoreReply<DueReport> reply) override;
  TimePoint NextDue() const override;
  StoreSizes Sizes() const override;

  // Called with the joins, leaves and ends of each session and room: its id, and a message of types
  // and ids only. From inside the steps; must not call the store.
  using Announce = std::function<void(const std::string& room, std::string text)>;
  void OnAnnouncement(Announce announce);

  Registry& registry();
  EventLog& events();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_MEMORY_STORE_H_

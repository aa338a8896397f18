// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The memory store's state and steps: sessions and codes (memory_store.cc), members and where they
// are (memory_members.cc), nodes (memory_nodes.cc). Inside this folder only.
#ifndef PAIRWIRE_SIGNALING_STORE_MEMORY_STORE_IMPL_H_
#define PAIRWIRE_SIGNALING_STORE_MEMORY_STORE_IMPL_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "signaling/store/code_book.h"
#include "signaling/store/id_table.h"
#include "signaling/store/meet_book.h"
#include "signaling/store/memory_nodes.h"
#include "signaling/store/memory_session.h"
#include "signaling/store/memory_store.h"

namespace pairwire::relay {

class MemoryStore::Impl final : public Registry, public EventLog {
 public:
  Impl(Executor& executor, NowFunction now, MemoryStoreOptions options)
      : executor_(executor),
        now_(std::move(now)),
        options_(options),
        codes_(options.max_codes, options.code_rest),
        meets_(options.max_meets),
        events_(options.max_logged) {}

  void Subscribe(const std::string& node_id, NodeHandler& handler) {
    handlers_[node_id] = &handler;
  }
  void Unsubscribe(const std::string& node_id) { handlers_.erase(node_id); }

  void OnAnnouncement(MemoryStore::Announce announce) { announce_ = std::move(announce); }

  // Registry
  void Announce(NodeInfo info, std::chrono::milliseconds lease, StoreReply<bool> reply) override;
  void Withdraw(const std::string& node_id) override;
  void List(StoreReply<std::vector<NodeInfo>> reply) override;
  // EventLog
  void Read(const std::string& after, std::size_t limit,
            StoreReply<std::vector<LoggedEvent>> reply) override {
    Answer(std::move(reply), StoreResult<std::vector<LoggedEvent>>(events_.After(after, limit)));
  }

  template <typename T>
  void Answer(StoreReply<T> reply, StoreResult<T> result) {
    executor_.Post([alive = std::weak_ptr<char>(alive_), reply = std::move(reply),
                    result = std::move(result)]() mutable {
      if (!alive.expired()) reply(std::move(result));
    });
  }

  StoreResult<Registered> RegisterSession(NewSession asked, TimePoint now);
  StoreResult<Claimed> ClaimCode(Claim claim, TimePoint now);
  StoreResult<Member> FindMember(const std::string& session_id, const TokenHash& hash);
  StoreResult<OpenedEvents> OpenEvents(const std::string& session_id, const TokenHash& hash,
                                       const std::string& node_id, std::uint64_t after);
  StoreResult<Joined> Join(JoinRequest request, TimePoint now);
  bool Leave(LeaveRequest request, TimePoint now);
  std::size_t Heartbeat(const std::vector<Touch>& members, TimePoint now);
  StoreResult<Routed> Route(RouteRequest request);
  StoreResult<Member> Terminate(const std::string& session_id, const TokenHash& hash,
                                std::string_view reason, TimePoint now);
  DueReport ClaimDue(TimePoint now, std::size_t limit);
  TimePoint NextDue() const { return due_.next(); }
  StoreSizes Sizes() const {
    return {sessions_.size() - ended_, waiting_,    ended_,
            codes_.resting(),          due_.size(), meets_.size()};
  }

 private:
  MemorySession* Find(std::string_view session_id, bool also_ended = false) const {
    MemorySession* found = sessions_.Find(session_id);
    return found == nullptr || (found->ended && !also_ended) ? nullptr : found;
  }

  MemoryMember* FindMember(const std::string& session_id, const std::string& member_id) {
    MemorySession* session = Find(session_id);
    return session == nullptr ? nullptr : session->FindById(member_id);
  }

  Place PlaceOf(const MemoryMember& member) const {
    return {names_.NameOf(member.node), member.epoch};
  }

  void Publish(const std::string& node_id, NodeMessage message) {
    executor_.Post(
        [this, alive = std::weak_ptr<char>(alive_), node_id, message = std::move(message)] {
          if (alive.expired()) return;
          const auto handler = handlers_.find(node_id);
          if (handler != handlers_.end()) handler->second->OnNodeMessage(message);
        });
  }

  void Note(std::string_view type, TimePoint at, const MemorySession* session,
            const MemoryMember* member, std::string_view node_id = {},
            std::string_view reason = {}) {
    if (options_.max_logged == 0) return;
    LoggedEvent event;
    event.at = at;
    event.type = std::string(type);
    if (session != nullptr) event.session_id = session->session_id();
    if (member != nullptr) {
      event.member_id = member->member_id();
      event.role = std::string(ToString(member->role));
    }
    event.node_id = std::string(node_id);
    event.reason = std::string(reason);
    events_.Add(std::move(event));
  }
  void AnnounceTo(const MemorySession& session, std::string_view type, protocol::RawJson data);
  void AnnounceMember(const MemorySession& session, const MemoryMember& member,
                      std::string_view type);
  const SessionEvent& Log(MemorySession& session, std::string_view type, std::string data);
  std::vector<std::string> NodesOf(const MemorySession& session, bool display_only) const;
  // A notice to its node, or kept. False: too much is kept already.
  bool Notify(MemorySession& session, MemoryMember& target, std::string_view text);
  static bool Keep(MemoryMember& target, KeptText kept);
  MemoryMember* Target(MemorySession& session, const MemoryMember* from, const std::string& to);
  // Sets where the member, which is nowhere now, is and tells its counterparts' nodes.
  void SetPlace(MemorySession& session, MemoryMember& member, NodeNumber node);
  // It is nowhere.
  void LeftPlace(MemoryMember& member);
  MemoryMember* OpenRoom(JoinRequest& request, TimePoint now, StoreError& error);
  static Given GivenTo(const Joined& joined);
  // What its newest join was given leaves with it.
  static void KeepGiven(MemoryMember& member, LeaveRequest& leave, TimePoint now);
  bool LeaveNow(MemorySession& session, MemoryMember& member, LeaveRequest& request, TimePoint now,
                DueReport& report);
  // Its meets as well.
  void ReleaseCode(MemorySession& session, TimePoint now);
  // Ends the sessions that have one of these; how many.
  std::size_t Replace(const std::vector<TokenHash>& meets, TimePoint now);
  void End(MemorySession& session, std::string_view reason, TimePoint now);
  void Depart(MemorySession& session, MemoryMember& member, TimePoint now, DueReport& report);
  void ExpireSession(MemorySession& session, TimePoint now, DueReport& report);
  // The member's node is dead: it leaves, and what the node may have had for it is kept again.
  void LeaveDead(MemoryMember& member, TimePoint now, DueReport& report);
  void NodeDied(MemoryNode& node, TimePoint now, DueReport& report);
  std::vector<MemoryMember*>& MembersAt(NodeNumber node);
  TimePoint Now() const { return now_ ? now_() : TimePoint{}; }

  Executor& executor_;
  const NowFunction now_;
  const MemoryStoreOptions options_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  std::unordered_map<std::string, NodeHandler*> handlers_;
  std::map<std::string, MemoryNode> nodes_;
  // The last run of each whose members were given up.
  std::map<std::string, std::uint64_t> given_up_;
  NodeNames names_;
  // Who has a socket where, by the node's number, in no order: what to clean when a node dies.
  std::vector<std::vector<MemoryMember*>> members_at_;
  IdTable<MemorySession> sessions_;
  CodeBook codes_;
  MeetBook meets_;
  MemoryEvents events_;
  MemoryStore::Announce announce_;
  DueQueue due_;
  std::size_t waiting_ = 0;
  std::size_t ended_ = 0;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_MEMORY_STORE_IMPL_H_

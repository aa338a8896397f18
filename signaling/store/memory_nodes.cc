// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Nodes: their leases, and what is left behind by one that died.
#include "signaling/store/memory_nodes.h"

#include <utility>

#include "signaling/store/memory_store_impl.h"

namespace pairwire::relay {
namespace {

// Members of a dead node that leave in one piece of due work, so that no call takes long.
constexpr std::size_t kDeadMembersAtOnce = 64;
// The window of a member whose node died: its client may be on its way to another node.
constexpr std::chrono::milliseconds kDeadNodeWindow = std::chrono::seconds(5);

}  // namespace

void MemoryStore::Impl::LeaveDead(const std::string& session_id, const std::string& member_id,
                                  TimePoint now, DueReport& report) {
  MemoryMember& member = *FindMember(session_id, member_id);
  LeaveRequest leave;
  leave.window = kDeadNodeWindow;
  if (now < member.given_until) leave.tail = std::move(member.given);
  LeaveNow(*Find(session_id), member, leave, now, report);
}

void MemoryStore::Impl::NodeDied(const std::string& node_id, TimePoint now, DueReport& report) {
  const auto at = members_at_.find(node_id);
  const auto node = nodes_.find(node_id);
  if (at != members_at_.end() && node != nodes_.end()) {
    given_up_[node_id] = node->second.info.incarnation;
  }
  for (std::size_t i = 0; at != members_at_.end() && i < kDeadMembersAtOnce; ++i) {
    const auto [session_id, member_id] = *at->second.begin();
    const bool last = at->second.size() == 1;
    LeaveDead(session_id, member_id, now, report);
    if (last) break;
  }
  if (node == nodes_.end()) return;
  if (members_at_.contains(node_id)) {
    Schedule(node->second.due, now, {nullptr, node_id});
    return;
  }
  ++report.departed_nodes;
  Cancel(node->second.due);
  nodes_.erase(node);
  Note(kLoggedNodeDown, now, nullptr, nullptr, node_id);
}

void MemoryStore::Impl::Announce(NodeInfo info, std::chrono::milliseconds lease,
                                 StoreReply<bool> reply) {
  const TimePoint now = Now();
  const auto [node, added] = nodes_.try_emplace(info.node_id);
  if (added) Note(kLoggedNodeUp, now, nullptr, nullptr, info.node_id);
  if (!added && node->second.info.incarnation != info.incarnation) {
    // The members of the run before, whichever way it ended.
    DueReport report;
    while (members_at_.contains(info.node_id)) {
      const auto [session_id, member_id] = *members_at_.at(info.node_id).begin();
      LeaveDead(session_id, member_id, now, report);
    }
  }
  Schedule(node->second.due, now + lease, {nullptr, info.node_id});
  node->second.until = now + lease;
  const auto given_up = given_up_.find(info.node_id);
  const bool kept = given_up == given_up_.end() || given_up->second != info.incarnation;
  if (given_up != given_up_.end()) given_up_.erase(given_up);
  node->second.info = std::move(info);
  Answer(std::move(reply), StoreResult<bool>(kept));
}

void MemoryStore::Impl::Withdraw(const std::string& node_id) {
  const auto node = nodes_.find(node_id);
  if (node == nodes_.end()) return;
  // Whoever has not left by now leaves as from a dead node.
  Schedule(node->second.due, Now(), {nullptr, node_id});
  node->second.until = Now();
}

void MemoryStore::Impl::List(StoreReply<std::vector<NodeInfo>> reply) {
  std::vector<NodeInfo> infos;
  for (const auto& [id, node] : nodes_) {
    if (node.until > Now()) infos.push_back(node.info);
  }
  Answer(std::move(reply), StoreResult<std::vector<NodeInfo>>(std::move(infos)));
}

}  // namespace pairwire::relay

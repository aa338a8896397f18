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

void MemoryStore::Impl::LeaveDead(MemoryMember& member, TimePoint now, DueReport& report) {
  LeaveRequest leave;
  leave.window = kDeadNodeWindow;
  KeepGiven(member, leave, now);
  LeaveNow(member.session, member, leave, now, report);
}

void MemoryStore::Impl::NodeDied(MemoryNode& node, TimePoint now, DueReport& report) {
  const std::string node_id = node.info.node_id;
  const std::vector<MemoryMember*>& members = MembersAt(names_.NumberOf(node_id));
  if (!members.empty()) given_up_[node_id] = node.info.incarnation;
  for (std::size_t i = 0; !members.empty() && i < kDeadMembersAtOnce; ++i) {
    LeaveDead(*members.back(), now, report);
  }
  if (!members.empty()) {
    due_.Set(node, now);
    return;
  }
  ++report.departed_nodes;
  due_.Cancel(node);
  nodes_.erase(node_id);
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
    const std::vector<MemoryMember*>& members = MembersAt(names_.NumberOf(info.node_id));
    while (!members.empty()) LeaveDead(*members.back(), now, report);
  }
  due_.Set(node->second, now + lease);
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
  due_.Set(node->second, Now());
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

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Registry: which nodes of the relay are there, where clients reach them, and how busy they are.
//
// A node that announces itself takes a lease. When the lease runs out unrenewed, the node counts as
// dead: its members leave as if their sockets had been lost without a tail (Store::ClaimDue), once,
// whichever node sees to it. One that never announces itself has no lease and never dies: a relay
// of one process needs none.
#ifndef PAIRWIRE_SIGNALING_STORE_REGISTRY_H_
#define PAIRWIRE_SIGNALING_STORE_REGISTRY_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "signaling/store/store.h"

namespace pairwire::relay {

enum class NodeState : std::uint8_t { kUp, kDraining };

struct NodeInfo {
  std::string node_id;
  // A number of this run of the node. Another one under the same name means that the earlier run is
  // dead, lease or not: its members leave at once.
  std::uint64_t incarnation = 0;
  std::string url;     // Where clients reach it; empty: nowhere but behind the common address.
  std::string region;  // May be empty.
  NodeState state = NodeState::kUp;
  double load = 0;  // 0 idle to 1 full.
  std::size_t sockets = 0;
  std::size_t waiting = 0;  // Streams and polls.

  bool operator==(const NodeInfo&) const = default;
};

// Replies come later, never inside a call, on the thread of the calls.
class Registry {
 public:
  virtual ~Registry() = default;
  // Once a second or so, with a lease of three such periods. True: since the last one nothing
  // happened. False, once: the lease had run out, and members of this very run were given up.
  // kUnavailable.
  virtual void Announce(NodeInfo info, std::chrono::milliseconds lease, StoreReply<bool> reply) = 0;
  // The node goes in an orderly way; its members should have left before. Nothing when it is not
  // there.
  virtual void Withdraw(const std::string& node_id) = 0;
  // Nodes whose lease runs, by id.
  virtual void List(StoreReply<std::vector<NodeInfo>> reply) = 0;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_REGISTRY_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Other nodes: what the store and they tell this one, and the registry.
#include <algorithm>
#include <utility>

#include "signaling/core/relay_impl.h"
#include "signaling/protocol/events.h"

namespace pairwire::relay {

void Relay::Impl::OnNodeMessage(const NodeMessage& message) {
  switch (message.kind) {
    case NodeMessage::Kind::kDeliver:
      return Receive(KeyOf(message.session_id, message.member_id),
                     {message.text, message.epoch, {}});
    case NodeMessage::Kind::kEvent: {
      OnEvent(message);
      LocalMember* local = FindMember(message.member_id);
      if (local == nullptr) return;
      // One more controller, perhaps.
      local->sole.clear();
      if (local->socket == 0) return;
      protocol::Envelope envelope;
      envelope.type = message.event.type;
      envelope.data = message.event.data;
      return Receive(message.member_id, {protocol::ToJson(envelope), 0, {}});
    }
    case NodeMessage::Kind::kEnded:
      return OnSessionEnded(message);
    case NodeMessage::Kind::kWatchMoved:
      return OnWatchMoved(message);
    case NodeMessage::Kind::kTakenOver:
      return OnTakenOver(message.session_id, message.member_id, message.epoch, message.place);
    case NodeMessage::Kind::kPlaced:
      return OnPlaced(message);
  }
}

void Relay::Impl::OnStoreState(bool up) {
  if (!up) return;
  store_up_at_ = now_;
  expiry_.Hint();
  // Before the first member joins here: without a lease nobody would miss this node.
  if (options_.lease.count() > 0) Announce();
}

void Relay::Impl::OnSignal(const InboundTag& tag, Signal signal) {
  ++counters_.signals_from_nodes;
  std::string space;
  const std::string& key = KeyOf(signal.session_id, signal.to, space);
  const LocalMember* local = FindMember(key);
  Pending pending{std::move(signal.text), signal.epoch, {0, tag}};
  // The bus is no proof of authority: at least the member must be of that session.
  if (local == nullptr || local->session_id != signal.session_id) {
    return Answer(pending.origin, false, {});
  }
  Receive(key, std::move(pending));
}

void Relay::Impl::Announce() {
  constexpr int kAnnouncesPerLease = 3;
  deadlines_.Schedule(announce_, now_ + options_.lease / kAnnouncesPerLease,
                      {Work::Kind::kAnnounce, 0, {}, {}});
  NodeInfo info;
  info.node_id = options_.node_id;
  info.incarnation = incarnation_;
  info.url = options_.advertise_url;
  info.region = options_.region;
  info.state = draining_ ? NodeState::kDraining : NodeState::kUp;
  info.sockets = sockets_.size();
  info.waiting = streams_.size() + polls_.size();
  const auto share = [](std::size_t part, std::size_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
  };
  info.load = std::min(1.0, std::max(share(info.sockets, options_.max_sockets),
                                     share(info.waiting, options_.max_waiters)));
  registry_.Announce(std::move(info), options_.lease, Guarded([this](StoreResult<bool> done) {
                       if (!done) {
                         ++counters_.store_errors;
                       } else if (!*done) {
                         OnGivenUp();
                       }
                     }));
  registry_.List(Guarded([this](StoreResult<std::vector<NodeInfo>> nodes) {
    if (!nodes) return;
    // Leases ran out while the store was away; those that live have not all renewed theirs yet.
    const bool just_back = now_ - store_up_at_ < NodeLinks::kBackLater;
    for (const NodeInfo& before : std::exchange(nodes_, *nodes)) {
      // Another run of it says so itself, and what it has of what was sent to the one before.
      const bool there = std::any_of(nodes_.begin(), nodes_.end(), [&](const NodeInfo& node) {
        return node.node_id == before.node_id;
      });
      if (there) continue;
      if (just_back) {
        nodes_.push_back(before);
      } else {
        links_.OnNodeGone(before.node_id);
      }
    }
  }));
}

std::vector<NodeInfo> Relay::Impl::Nodes() const {
  std::vector<NodeInfo> reachable;
  for (const NodeInfo& node : nodes_) {
    if (node.state == NodeState::kUp && !node.url.empty()) reachable.push_back(node);
  }
  if (options_.lease.count() == 0 && !options_.advertise_url.empty() && !draining_) {
    NodeInfo self;
    self.node_id = options_.node_id;
    self.url = options_.advertise_url;
    self.region = options_.region;
    reachable.push_back(std::move(self));
  }
  return reachable;
}

void Relay::Impl::OnGivenUp() {
  // Some members are no longer here for anybody else. Their clients come back and are, in time.
  std::vector<ConnectionId> all;
  for (const auto& [id, socket] : sockets_) all.push_back(id);
  for (const ConnectionId id : all) Close(id, protocol::kCloseUnavailable, "try again");
}

std::string Relay::Impl::PeerUrl() const {
  const NodeInfo* best = nullptr;
  const auto rank = [this](const NodeInfo& node) {
    return std::make_pair(node.region == options_.region ? 0 : 1, node.load);
  };
  for (const NodeInfo& node : nodes_) {
    const bool other = node.node_id != options_.node_id && node.state == NodeState::kUp;
    if (!other || node.url.empty()) continue;
    if (best == nullptr || rank(node) < rank(*best)) best = &node;
  }
  return best == nullptr ? std::string() : best->url;
}

}  // namespace pairwire::relay

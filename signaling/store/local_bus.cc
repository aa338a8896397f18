// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/store/local_bus.h"

#include <utility>

namespace pairwire::relay {

void LocalBus::Attach(const std::string& node_id, NodeBusHandler& handler) {
  nodes_[node_id] = {&handler, ++last_number_, {}};
}

void LocalBus::Detach(const std::string& node_id) { nodes_.erase(node_id); }

LocalBus::Node* LocalBus::Find(const std::string& node_id, std::uint64_t number) {
  const auto found = nodes_.find(node_id);
  return found != nodes_.end() && found->second.number == number ? &found->second : nullptr;
}

void LocalBus::SendToNode(const std::string& from, const std::string& to, std::string bytes,
                          Sent done) {
  const auto sender = nodes_.find(from);
  const auto receiver = nodes_.find(to);
  const std::uint64_t from_number = sender == nodes_.end() ? 0 : sender->second.number;
  const std::uint64_t to_number = receiver == nodes_.end() ? 0 : receiver->second.number;
  if (bytes.size() > kMaxPayloadBytes) return;
  executor_.Post([this, alive = std::weak_ptr<char>(alive_), from, from_number, to, to_number,
                  bytes = std::move(bytes), done = std::move(done)] {
    if (alive.expired()) return;
    Node* node = Find(to, to_number);
    const int receivers = node == nullptr ? 0 : 1;
    if (node != nullptr) node->handler->OnFrames(bytes);
    if (done && Find(from, from_number) != nullptr) done(receivers);
  });
}

void LocalBus::Subscribe(const std::string& node_id, const std::string& topic) {
  const auto found = nodes_.find(node_id);
  if (found != nodes_.end()) ++found->second.topics[topic];
}

void LocalBus::Unsubscribe(const std::string& node_id, const std::string& topic) {
  const auto found = nodes_.find(node_id);
  if (found == nodes_.end()) return;
  const auto wanted = found->second.topics.find(topic);
  if (wanted != found->second.topics.end() && --wanted->second == 0) {
    found->second.topics.erase(wanted);
  }
}

void LocalBus::Publish(const std::string& topic, std::string payload) {
  for (const auto& [node_id, node] : nodes_) {
    if (!node.topics.contains(topic)) continue;
    executor_.Post([this, alive = std::weak_ptr<char>(alive_), node_id = node_id,
                    number = node.number, topic, payload] {
      if (alive.expired()) return;
      if (Node* there = Find(node_id, number)) there->handler->OnTopic(topic, payload);
    });
  }
}

}  // namespace pairwire::relay

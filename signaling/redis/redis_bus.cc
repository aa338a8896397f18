// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/redis_bus.h"

#include <memory>
#include <utility>
#include <vector>

namespace pairwire::redis {

RedisBus::Node* RedisBus::Find(const std::string& node_id, std::uint64_t number) {
  const auto found = nodes_.find(node_id);
  if (found == nodes_.end() || found->second.number != number) return nullptr;
  return &found->second;
}

void RedisBus::OnState(bool up) {
  std::vector<std::pair<std::string, std::uint64_t>> all;
  for (const auto& [id, node] : nodes_) all.emplace_back(id, node.number);
  for (const auto& [id, number] : all) {
    if (Node* node = Find(id, number)) node->handler->OnBusState(up);
  }
}

bool RedisBus::OnMessage(std::string_view channel, std::string_view payload) {
  std::vector<std::pair<std::string, std::uint64_t>> all;
  for (const auto& [id, node] : nodes_) {
    if (node.channel == channel) {
      node.handler->OnFrames(payload);
      return true;
    }
    all.emplace_back(id, node.number);
  }
  bool heard = false;
  for (const auto& [id, number] : all) {
    const Node* node = Find(id, number);
    if (node == nullptr) continue;
    const auto topic = node->topics.find(std::string(channel));
    if (topic == node->topics.end()) continue;
    heard = true;
    const std::string name = topic->second.name;
    node->handler->OnTopic(name, payload);
  }
  return heard;
}

void RedisBus::Attach(const std::string& node_id, relay::NodeBusHandler& handler) {
  Detach(node_id);
  nodes_[node_id] = {&handler, ++last_number_, keys_.NodeChannel(node_id), {}};
  (void)client_.Subscribe(keys_.NodeChannel(node_id));
}

void RedisBus::Detach(const std::string& node_id) {
  const auto found = nodes_.find(node_id);
  if (found == nodes_.end()) return;
  const Node node = std::move(found->second);
  nodes_.erase(found);
  client_.Unsubscribe(node.channel);
  for (const auto& [topic_channel, topic] : node.topics) client_.Unsubscribe(topic_channel);
}

void RedisBus::SendToNode(const std::string& from, const std::string& to, std::string bytes,
                          Sent done) {
  if (!done && bytes.size() <= kMaxPayloadBytes) {
    return client_.Publish(keys_.NodeChannel(to), bytes, nullptr);
  }
  const auto sender = nodes_.find(from);
  const std::uint64_t number = sender == nodes_.end() ? 0 : sender->second.number;
  auto answer = [this, from, number, done = std::move(done)](std::optional<int> receivers) {
    if (done && Find(from, number) != nullptr) done(receivers);
  };
  if (bytes.size() > kMaxPayloadBytes) return runner_.Post([answer] { answer(std::nullopt); });
  // The runner's word that this is still there: the bus goes together with it.
  client_.Publish(
      keys_.NodeChannel(to), bytes, [this, guard = runner_.Guard(), answer](Result<Reply> reply) {
        if (guard.expired()) return;
        const bool counted = !cluster_ && reply && reply->IsInteger();
        const std::optional<int> receivers =
            counted ? std::optional<int>(static_cast<int>(reply->integer)) : std::nullopt;
        runner_.Post([answer, receivers] { answer(receivers); });
      });
}

void RedisBus::Subscribe(const std::string& node_id, const std::string& topic) {
  const auto node = nodes_.find(node_id);
  if (node == nodes_.end()) return;
  const std::string channel = keys_.RoomChannel(topic);
  Topic& wanted = node->second.topics[channel];
  wanted.name = topic;
  if (++wanted.count == 1) (void)client_.Subscribe(channel);
}

void RedisBus::Unsubscribe(const std::string& node_id, const std::string& topic) {
  const auto node = nodes_.find(node_id);
  if (node == nodes_.end()) return;
  const std::string channel = keys_.RoomChannel(topic);
  const auto found = node->second.topics.find(channel);
  if (found == node->second.topics.end() || --found->second.count > 0) return;
  node->second.topics.erase(found);
  client_.Unsubscribe(channel);
}

void RedisBus::Publish(const std::string& topic, std::string payload) {
  if (payload.size() > kMaxPayloadBytes) return;
  client_.Publish(keys_.RoomChannel(topic), payload, nullptr);
}

}  // namespace pairwire::redis

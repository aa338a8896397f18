// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Topics: which sockets of this node hear what is published to a room. A room is heard from the
// other nodes (NodeBus) while one socket here wants it.
//
// Not here: who may want what, and the sending (relay_topics.cc). Pure.
#ifndef PAIRWIRE_SIGNALING_CORE_TOPICS_H_
#define PAIRWIRE_SIGNALING_CORE_TOPICS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "signaling/protocol/limits.h"
#include "signaling/store/node_bus.h"

namespace pairwire::relay {

class Topics {
 public:
  using SocketId = std::uint64_t;

  // The bus outlives it; `node_id` is attached there.
  Topics(NodeBus& bus, std::string node_id) : bus_(bus), node_id_(std::move(node_id)) {}
  Topics(const Topics&) = delete;
  Topics& operator=(const Topics&) = delete;

  // False: the socket hears kMaxRoomSubscriptions others. Once more is no more.
  bool Add(SocketId socket, const std::string& room);
  void Remove(SocketId socket, const std::string& room);
  // The socket is gone.
  void RemoveAll(SocketId socket);

  // In the order of their ids; a copy, because a send may close one.
  std::vector<SocketId> SocketsOf(const std::string& room) const;
  // Pairs of socket and room.
  std::size_t size() const { return size_; }

 private:
  NodeBus& bus_;
  const std::string node_id_;
  std::unordered_map<std::string, std::set<SocketId>> by_room_;
  std::unordered_map<SocketId, std::set<std::string>> by_socket_;
  std::size_t size_ = 0;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_CORE_TOPICS_H_

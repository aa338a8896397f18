// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/core/topics.h"

#include <utility>

namespace pairwire::relay {

bool Topics::Add(SocketId socket, const std::string& room) {
  std::set<std::string>& rooms = by_socket_[socket];
  if (rooms.contains(room)) return true;
  if (rooms.size() >= protocol::kMaxRoomSubscriptions) return false;
  rooms.insert(room);
  ++size_;
  std::set<SocketId>& sockets = by_room_[room];
  sockets.insert(socket);
  if (sockets.size() == 1) bus_.Subscribe(node_id_, room);
  return true;
}

void Topics::Remove(SocketId socket, const std::string& room) {
  const auto rooms = by_socket_.find(socket);
  if (rooms == by_socket_.end() || rooms->second.erase(room) == 0) return;
  if (rooms->second.empty()) by_socket_.erase(rooms);
  --size_;
  const auto sockets = by_room_.find(room);
  sockets->second.erase(socket);
  if (!sockets->second.empty()) return;
  by_room_.erase(sockets);
  bus_.Unsubscribe(node_id_, room);
}

void Topics::RemoveAll(SocketId socket) {
  const auto found = by_socket_.find(socket);
  if (found == by_socket_.end()) return;
  const std::set<std::string> rooms = found->second;
  for (const std::string& room : rooms) Remove(socket, room);
}

std::vector<Topics::SocketId> Topics::SocketsOf(const std::string& room) const {
  const auto found = by_room_.find(room);
  if (found == by_room_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace pairwire::relay

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/connections.h"

#include <utility>

namespace pairwire::server {

const char* ToString(ConnectionKind kind) {
  switch (kind) {
    case ConnectionKind::kHttp:
      return "http";
    case ConnectionKind::kEvents:
      return "events";
    case ConnectionKind::kWebSocket:
      return "websocket";
  }
  return "";
}

ConnectionTable::ConnectionTable(EventLoop& loop) : loop_(loop) {}

ConnectionTable::~ConnectionTable() = default;

Connection& ConnectionTable::Add(std::unique_ptr<Connection> connection) {
  Connection& added = *connection;
  connections_.push_front(std::move(connection));
  added.place_ = connections_.begin();
  added.listed_ = true;
  ++counts_[static_cast<std::size_t>(added.kind())];
  return added;
}

void ConnectionTable::Remove(Connection& connection) {
  if (!connection.listed_) return;
  connection.listed_ = false;
  --counts_[static_cast<std::size_t>(connection.kind())];
  removed_.push_back(std::move(*connection.place_));
  connections_.erase(connection.place_);
  if (bury_posted_) return;
  bury_posted_ = true;
  // The table lives as long as the loop runs (Server's order of members), so `this` is safe here.
  loop_.Post([this] { Bury(); });
}

void ConnectionTable::Bury() {
  bury_posted_ = false;
  // Destructors may remove further connections: they go to a fresh vector and a next turn.
  const std::vector<std::unique_ptr<Connection>> dead = std::exchange(removed_, {});
  if (connections_.empty() && on_empty_) on_empty_();
}

void ConnectionTable::DrainAll(std::chrono::milliseconds window) {
  for (auto next = connections_.begin(); next != connections_.end();) {
    Connection& connection = **next++;  // before the call: it may remove itself
    connection.Drain(window);
  }
}

void ConnectionTable::AbortAll() {
  while (!connections_.empty()) {
    Connection& connection = *connections_.front();
    connection.Abort();
    Remove(connection);
  }
}

}  // namespace pairwire::server

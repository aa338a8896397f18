// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/connections.h"

#include <algorithm>
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

ConnectionTable::ConnectionTable(net::EventLoop& loop, net::DeadlineWheel& wheel)
    : loop_(loop),
      trim_(wheel),
      turn_end_(loop, net::TurnStage::kClients, [this] { RunTurnEnd(); }) {}

ConnectionTable::~ConnectionTable() = default;

Connection& ConnectionTable::Add(std::unique_ptr<Connection> connection) {
  Connection& added = *connection;
  added.place_ = static_cast<std::uint32_t>(connections_.size());
  connections_.push_back(std::move(connection));
  added.listed_ = true;
  ++counts_[static_cast<std::size_t>(added.kind())];
  trim_.OnCount(connections_.size());
  return added;
}

void ConnectionTable::Remove(Connection& connection) {
  if (!connection.listed_) return;
  connection.listed_ = false;
  if (connection.marked_) {  // it may be buried before this turn ends
    std::replace(marked_.begin(), marked_.end(), &connection, static_cast<Connection*>(nullptr));
  }
  --counts_[static_cast<std::size_t>(connection.kind())];
  std::unique_ptr<Connection>& place = connections_[connection.place_];
  removed_.push_back(std::move(place));
  if (connections_.back()) {  // the last one takes its place
    connections_.back()->place_ = connection.place_;
    place = std::move(connections_.back());
  }
  connections_.pop_back();
  if (bury_posted_) return;
  bury_posted_ = true;
  // The table lives as long as the loop runs (Server's order of members), so `this` is safe here.
  loop_.Post([this] { Bury(); });
}

void ConnectionTable::Bury() {
  bury_posted_ = false;
  // Destructors may remove further connections: they go to a fresh vector and a next turn.
  std::vector<std::unique_ptr<Connection>> dead = std::exchange(removed_, {});
  dead.clear();
  if (connections_.size() < connections_.capacity() / 4) connections_.shrink_to_fit();
  trim_.OnCount(connections_.size());
  if (connections_.empty() && on_empty_) on_empty_();
}

void ConnectionTable::MarkTurnEnd(Connection& connection) {
  if (connection.marked_ || !connection.listed_) return;
  connection.marked_ = true;
  marked_.push_back(&connection);
  turn_end_.Mark();
}

void ConnectionTable::RunTurnEnd() {
  // None of these goes before the loop ends: burying is a task. One that is marked meanwhile comes
  // in the next turn.
  std::vector<Connection*> marked = std::exchange(marked_, {});
  for (Connection* connection : marked) {
    if (connection == nullptr) continue;  // removed
    connection->marked_ = false;
    if (connection->listed_) connection->OnTurnEnd();
  }
  if (!marked_.empty()) return;
  marked.clear();
  marked_ = std::move(marked);  // its memory serves again
}

std::size_t ConnectionTable::queued_bytes() const {
  std::size_t bytes = 0;
  for (const auto& connection : connections_) bytes += connection->queued_bytes();
  return bytes;
}

void ConnectionTable::DrainAll(std::chrono::milliseconds window) {
  // From the back: one that removes itself is replaced by one that was told already.
  for (std::size_t at = connections_.size(); at-- > 0;) {
    if (at < connections_.size()) connections_[at]->Drain(window);
  }
}

void ConnectionTable::AbortAll() {
  while (!connections_.empty()) {
    Connection& connection = *connections_.back();
    connection.Abort();
    Remove(connection);
  }
}

}  // namespace pairwire::server

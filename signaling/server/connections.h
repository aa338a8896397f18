// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Connection and ConnectionTable: what all connections have in common, and their one owner. A
// connection that changes kind (HTTP to event stream or WebSocket) is a new object with the old
// one's socket and place.
//
//   accept -> http -> closed
//               \--> events     (a waiting display)
//               \--> web_socket (a paired end)
//
// Not here: what the connections say; that is in http_session.h, event_stream.h and ws_session.h.
#ifndef PAIRWIRE_SIGNALING_SERVER_CONNECTIONS_H_
#define PAIRWIRE_SIGNALING_SERVER_CONNECTIONS_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "signaling/net/deadline_wheel.h"
#include "signaling/server/admission.h"
#include "signaling/server/memory_trim.h"

namespace pairwire::server {

class ConnectionTable;

enum class ConnectionKind : std::uint8_t { kHttp, kEvents, kWebSocket };
inline constexpr std::size_t kConnectionKinds = 3;
const char* ToString(ConnectionKind kind);

class Connection : public net::Deadline {
 public:
  explicit Connection(ConnectionKind kind) : kind_(kind) {}

  ConnectionKind kind() const { return kind_; }

  // The node is going: take leave within `window`. Each connection picks its own moment in it, so
  // that its clients do not all reconnect at once. One that can go at once should.
  virtual void Drain(std::chrono::milliseconds window) = 0;

  // Stops at once. The table forgets the connection right after.
  virtual void Abort() = 0;

  // What the client has not taken yet.
  virtual std::size_t queued_bytes() const { return 0; }

  // After ConnectionTable::MarkTurnEnd: the turn is over, what it gathered can be written at once.
  virtual void OnTurnEnd() {}

 private:
  friend class ConnectionTable;

  const ConnectionKind kind_;
  bool listed_ = false;
  bool marked_ = false;      // in the table's list for the end of this turn
  std::uint32_t place_ = 0;  // in the table
};

// Owns all connections. Loop thread only.
class ConnectionTable {
 public:
  ConnectionTable(net::EventLoop& loop, net::DeadlineWheel& wheel);
  ~ConnectionTable();
  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;

  Connection& Add(std::unique_ptr<Connection> connection);
  // Takes the connection out; it is destroyed by a later task of the loop, so a connection may
  // remove itself from any of its own callbacks. Removing twice does nothing.
  void Remove(Connection& connection);

  // `connection` hears OnTurnEnd once at the end of this turn, in the order of marking, and not
  // once it was removed.
  void MarkTurnEnd(Connection& connection);

  void DrainAll(std::chrono::milliseconds window);
  void AbortAll();
  // Called, as a task of the loop, whenever the table has become empty.
  void SetOnEmpty(std::function<void()> on_empty) { on_empty_ = std::move(on_empty); }

  std::size_t size() const { return connections_.size(); }
  // Of all of them; walks over them.
  std::size_t queued_bytes() const;
  std::size_t CountOf(ConnectionKind kind) const { return counts_[static_cast<std::size_t>(kind)]; }

 private:
  void Bury();
  void RunTurnEnd();

  net::EventLoop& loop_;
  std::vector<std::unique_ptr<Connection>> connections_;  // in no order
  std::vector<std::unique_ptr<Connection>> removed_;
  std::array<std::size_t, kConnectionKinds> counts_{};
  MemoryTrim trim_;
  std::function<void()> on_empty_;
  bool bury_posted_ = false;
  std::vector<Connection*> marked_;
  net::TurnEnd turn_end_;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_CONNECTIONS_H_

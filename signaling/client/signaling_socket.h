// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SignalingSocket: a peer's WebSocket to the relay (RFC 6455, sub-protocol pairwire.v1): dials,
// waits for the relay's welcome, carries envelopes both ways, keeps itself alive and tells the
// relay what it has got. One life: it does not reconnect; another one can go on where it was
// (`resume`).
//
//   kDialing --welcome--> kOpen --Close--> kClosing --flushed, or 2 s--> kOver
//       |                   |
//       +---- refused, lost, deadline, not our protocol: on_closed ----> kOver
#ifndef PAIRWIRE_SIGNALING_CLIENT_SIGNALING_SOCKET_H_
#define PAIRWIRE_SIGNALING_CLIENT_SIGNALING_SOCKET_H_

#include <pairwire/result.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "signaling/client/relay_api.h"
#include "signaling/client/relay_endpoint.h"
#include "signaling/protocol/envelope.h"
#include "signaling/protocol/session_messages.h"

namespace pairwire {

struct SignalingSocketOptions {
  std::string url;  // as the relay gave it
  std::string token;
  std::chrono::milliseconds deadline = kRelayDeadline;  // from dialling to the welcome
  std::chrono::milliseconds close_deadline{2'000};
  // Nothing from the relay for this long, not even a pong: lost. Pings go out after half of it.
  std::chrono::milliseconds idle{30'000};
  // Of the member's socket before this one: goes out first, and what that one missed comes in.
  std::optional<protocol::Resume> resume = {};
};

struct SignalingSocketEvents {
  std::function<void(const protocol::Welcome&)> on_welcome;  // once, first
  std::function<void(const protocol::Envelope&)> on_message;
  // Once; nothing follows. kRelayUnreachable, kRelayProtocol, kUnauthorized, kSessionTerminated
  // (also after the relay closed in order), kRateLimited, kRelayRefused.
  // `retry_after`: where the relay refused the connection and said when the next one may come.
  std::function<void(const RelayFailure&)> on_closed;
};

class SignalingSocket {
 public:
  // Loop thread only. Callbacks run later, on the loop; each may destroy the socket.
  SignalingSocket(RelayEndpoint& endpoint, SignalingSocketOptions options,
                  SignalingSocketEvents events);
  // Drops the connection, except after Close: that finishes by itself.
  ~SignalingSocket();

  SignalingSocket(const SignalingSocket&) = delete;
  SignalingSocket& operator=(const SignalingSocket&) = delete;

  // Queues one message; what is sent before the welcome follows it. kMessageTooLarge, kBufferFull
  // (the queue's bounds are protocol::kMaxSocketQueueBytes and …Messages), kClosed.
  [[nodiscard]] Result<void> Send(const protocol::Envelope& envelope);

  // The number of the last message that came, for a Resume; empty: none came.
  const std::string& last_id() const;

  // Sends what is queued, then closes in order, within close_deadline. No callback follows.
  void Close();

 private:
  struct Core;
  template <typename Stream>
  struct Wire;
  std::shared_ptr<Core> core_;  // shared with its own pending operations
};

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_SIGNALING_SOCKET_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// WsSession: the WebSocket connection of one member of a session, between the stream and
// signaling/core.
//
//   kUpgrading --accepted--> kOpen --core, drain, misuse, slow--> kClosing --> kClosed
//        \--------------------- connection broke ---------------------------------^
//
// Not here: envelopes and routing (core), frames (web_socket_stream.h).
#ifndef PAIRWIRE_SIGNALING_SERVER_WS_SESSION_H_
#define PAIRWIRE_SIGNALING_SERVER_WS_SESSION_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "signaling/server/http_session.h"
#include "signaling/server/web_socket_stream.h"

namespace pairwire::server {

class WsSession final : public Connection, private WebSocketStream::Events {
 public:
  class Owner {
   public:
    virtual void OnSocketOpen(std::uint64_t id) = 0;
    virtual void OnSocketText(std::uint64_t id, std::string_view text) = 0;
    // Once, whoever caused it; possibly from inside Send or Close.
    virtual void OnSocketClosed(std::uint64_t id) = 0;

   protected:
    ~Owner() = default;
  };

  WsSession(ConnectionContext& context, Owner& owner, std::uint64_t id, Handover handover);

  // Answers the upgrade. Call it once, after the session was put into the table.
  void Start(const HttpRequest& request);
  // A client that does not read is closed (kCloseTooSlow) when its queue is full.
  void Send(std::string text);
  // After what was sent. What the client says from now on is thrown away.
  void Close(std::uint16_t code, std::string_view reason);

  void Drain(std::chrono::milliseconds window) override;
  void Abort() override { Finish("aborted"); }

 private:
  enum class State : std::uint8_t { kUpgrading, kOpen, kClosing, kClosed };

  void OnOpen() override;
  void OnText(std::string_view text) override;
  void OnBinary() override;
  void OnTooLarge() override;
  void OnClosed() override;
  void OnDeadline() override;
  void SetState(State state, const char* reason);
  void Finish(const char* reason);

  ConnectionContext& context_;
  Owner& owner_;
  const std::uint64_t id_;
  AdmissionTicket ticket_;
  State state_ = State::kUpgrading;
  WebSocketStream stream_;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_WS_SESSION_H_

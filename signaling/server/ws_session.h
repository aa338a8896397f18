// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// WsSession: the WebSocket connection of one member of a session (RFC 6455): the answer to the
// upgrade, messages in and out, pings, and the two ways to end.
//
//   kOpen --core, drain, misuse, slow--> kClosing (close sent; until the client's) --> kEnding
//     \--client's close (answered), broken frames (answered with a code)--------------^  |
//      \-- connection broke, silent too long ----------------------------> kClosed <-----/
//
// kEnding: nothing more is sent or understood; the client gets a moment to read what was sent,
// because closing with unread input would destroy it.
//
// What is sent gathers in a buffer that is written once at the end of the turn. The bounds count
// what the client did not take, not what one turn brought.
//
// Not here: envelopes and routing (core), frames (signaling/net/ws_frame.h).
#ifndef PAIRWIRE_SIGNALING_SERVER_WS_SESSION_H_
#define PAIRWIRE_SIGNALING_SERVER_WS_SESSION_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "signaling/net/ws_frame.h"
#include "signaling/server/http_session.h"

namespace pairwire::server {

class WsSession final : public Connection, private net::Socket::Events {
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

  // Answers the upgrade `request`, which has been checked. Call it once, after the session was put
  // into the table.
  void Start(const HttpRequest& request);
  // A client that does not read is closed (kCloseTooSlow) when its queue is full.
  void Send(std::string_view text);
  // After what was sent. What the client says from now on is thrown away.
  void Close(std::uint16_t code, std::string_view reason);

  void Drain(std::chrono::milliseconds window) override;
  void Abort() override { Finish("aborted"); }
  std::size_t queued_bytes() const override { return output_.size(); }

 private:
  enum class State : std::uint8_t { kOpen, kClosing, kEnding, kClosed };

  void OnReadable() override;
  void OnWritable() override;
  void OnTurnEnd() override;
  void OnDeadline() override;
  void OnEvent(const net::WsDecoder::Event& event);
  void SetState(State state, const char* reason);
  // Queues one frame if there is room; false: the client is too slow.
  bool Queue(net::WsOpcode opcode, std::string_view payload);
  bool HasRoom(std::size_t bytes) const;
  void CloseSlow();
  // Nothing that comes is looked at any more.
  void EndWith(std::uint16_t code, std::string_view reason, const char* why);
  void BeginEnding(const char* why);
  // Writes what the socket takes.
  void Flush();
  void CheckSilence();
  void TellOwner();
  void Finish(const char* reason);

  ConnectionContext& context_;
  Owner& owner_;
  const std::uint64_t id_;
  net::EventLoop::TimePoint last_heard_;
  net::Socket socket_;
  AdmissionTicket ticket_;
  net::WsDecoder decoder_;
  std::string output_;        // frames that the socket did not take yet
  std::uint32_t queued_ = 0;  // messages in it, at most
  State state_ = State::kOpen;
  bool pinged_ = false;  // since it was heard last
  bool draining_ = false;
  bool owner_told_ = false;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_WS_SESSION_H_

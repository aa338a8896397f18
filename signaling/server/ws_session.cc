// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/ws_session.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "signaling/protocol/envelope.h"
#include "signaling/protocol/events.h"
#include "signaling/protocol/session_messages.h"
#include "signaling/server/jitter.h"
#include "signaling/server/ws_accept.h"

namespace pairwire::server {
namespace {

using net::WsDecoder;
using net::WsOpcode;
using Status = net::Socket::Io::Status;

// One read; on the stack, so that an idle connection holds no buffer.
constexpr std::size_t kReadBytes = 32 * 1024;

// A turn that gathers more than this writes in between, so that its bounds stay those of the
// client's slowness.
constexpr std::size_t kFlushBytes = 64 * 1024;

std::string ErrorText(protocol::ProblemCode code, const char* detail) {
  protocol::Envelope envelope;
  envelope.type = protocol::kError;
  envelope.data = protocol::ToErrorData(protocol::Problem{code, detail, std::nullopt});
  return protocol::ToJson(envelope);
}

}  // namespace

WsSession::WsSession(ConnectionContext& context, Owner& owner, std::uint64_t id, Handover handover)
    : Connection(ConnectionKind::kWebSocket),
      context_(context),
      owner_(owner),
      id_(id),
      last_heard_(context.loop.turn_time()),
      socket_(std::move(handover.socket)),
      ticket_(std::move(handover.ticket)),
      decoder_(context.config.limits.ws_message_bytes) {
  socket_.SetEvents(this);
}

void WsSession::Start(const HttpRequest& request) {
  output_ = WebSocketAcceptance(request.Header("Sec-WebSocket-Key"), protocol::kSubprotocol);
  context_.table.MarkTurnEnd(*this);
  context_.wheel.Set(*this, context_.config.timeouts.ws_idle / 2);
  socket_.WantRead(true);
  owner_.OnSocketOpen(id_);
}

void WsSession::SetState(State state, const char* reason) {
  static constexpr std::array<const char*, 4> kNames = {"open", "closing", "ending", "closed"};
  if (context_.log.Enabled(LogLevel::kDebug)) {
    context_.log.Debug("ws_state", {{"connection", id_},
                                    {"from", kNames[static_cast<std::size_t>(state_)]},
                                    {"to", kNames[static_cast<std::size_t>(state)]},
                                    {"reason", reason}});
  }
  state_ = state;
}

void WsSession::OnReadable() {
  std::array<char, kReadBytes> buffer;
  const net::Socket::Io io = socket_.Read(buffer.data(), buffer.size());
  if (io.status == Status::kWouldBlock) return;
  if (io.status != Status::kOk) {
    Finish(io.status == Status::kEnd ? "client left" : "connection broke");
    return;
  }
  last_heard_ = context_.loop.turn_time();
  pinged_ = false;
  std::span<char> bytes(buffer.data(), io.bytes);
  while (state_ == State::kOpen || state_ == State::kClosing) {
    const WsDecoder::Event event = decoder_.Next(bytes);
    if (event.kind == WsDecoder::Event::Kind::kNeedMore) return;
    OnEvent(event);
  }
}

void WsSession::OnEvent(const WsDecoder::Event& event) {
  using Kind = WsDecoder::Event::Kind;
  const bool open = state_ == State::kOpen;
  switch (event.kind) {
    case Kind::kNeedMore:
    case Kind::kPong:
      return;
    case Kind::kText:
      if (open) owner_.OnSocketText(id_, event.payload);
      return;
    case Kind::kPing:
      if (open && !Queue(WsOpcode::kPong, event.payload)) CloseSlow();
      return;
    case Kind::kBinary:
      if (open) {
        Send(ErrorText(protocol::ProblemCode::kInvalidRequest, "messages are text, not binary"));
      }
      EndWith(net::kWsUnsupportedData, "text only", "binary message");
      return;
    case Kind::kTooLarge:
      if (open) {
        Send(ErrorText(protocol::ProblemCode::kPayloadTooLarge,
                       "the message is larger than 64 KiB"));
      }
      EndWith(net::kWsMessageTooBig, "message too large", "message too large");
      return;
    case Kind::kBroken:
      EndWith(event.code, "", "broken frame");
      return;
    case Kind::kClose:
      // The client is done with us, whatever becomes of the connection.
      TellOwner();
      EndWith(event.code == net::kWsNoStatus ? net::kWsNormalClosure : event.code, "",
              "client closed");
      return;
  }
}

void WsSession::Send(std::string_view text) {
  if (state_ != State::kOpen) return;
  if (!Queue(WsOpcode::kText, text)) CloseSlow();
}

bool WsSession::HasRoom(std::size_t bytes) const {
  const Limits& limits = context_.config.limits;
  return queued_ < limits.queue_messages && output_.size() + bytes <= limits.queue_bytes;
}

bool WsSession::Queue(WsOpcode opcode, std::string_view payload) {
  if (output_.size() >= kFlushBytes || !HasRoom(payload.size())) {
    Flush();
    if (state_ != State::kOpen) return true;  // it broke; nobody will miss it
    if (!HasRoom(payload.size())) return false;
  }
  net::AppendFrame(output_, opcode, payload);
  ++queued_;
  context_.table.MarkTurnEnd(*this);
  return true;
}

void WsSession::CloseSlow() {
  context_.metrics.OnSlowConsumer(kind());
  context_.log.Info("slow_consumer", {{"connection", id_}});
  Close(protocol::kCloseTooSlow, "client does not read");
}

void WsSession::Close(std::uint16_t code, std::string_view reason) {
  if (state_ != State::kOpen) return;
  SetState(State::kClosing, "close sent");
  context_.wheel.Set(*this, context_.config.timeouts.linger);
  net::AppendCloseFrame(output_, code, reason);
  context_.table.MarkTurnEnd(*this);
}

void WsSession::EndWith(std::uint16_t code, std::string_view reason, const char* why) {
  if (state_ == State::kOpen) net::AppendCloseFrame(output_, code, reason);
  if (state_ == State::kOpen || state_ == State::kClosing) BeginEnding(why);
}

void WsSession::BeginEnding(const char* why) {
  SetState(State::kEnding, why);
  context_.wheel.Set(*this, context_.config.timeouts.linger);
  Flush();
}

void WsSession::OnTurnEnd() { Flush(); }

void WsSession::OnWritable() { Flush(); }

void WsSession::Flush() {
  if (state_ == State::kClosed) return;
  while (!output_.empty()) {
    const net::Socket::Io io = socket_.Write(output_);
    if (io.status == Status::kWouldBlock) {
      socket_.WantWrite(true);
      return;
    }
    if (io.status != Status::kOk) {
      Finish("connection broke");
      return;
    }
    if (io.bytes < output_.size()) {
      output_.erase(0, io.bytes);
    } else {
      output_ = std::string();  // an idle socket keeps no buffer
    }
  }
  queued_ = 0;
  socket_.WantWrite(false);
  if (state_ == State::kEnding) socket_.ShutdownSend();
}

void WsSession::Drain(std::chrono::milliseconds window) {
  if (state_ != State::kOpen) return;
  draining_ = true;
  context_.wheel.Set(*this, RandomBelow(window, context_.random));
}

void WsSession::OnDeadline() {
  if (state_ != State::kOpen) {
    Finish("time-out");
  } else if (draining_) {
    Close(protocol::kCloseGoingAway, "the server restarts");
  } else {
    CheckSilence();
  }
}

void WsSession::CheckSilence() {
  const std::chrono::milliseconds limit = context_.config.timeouts.ws_idle;
  const auto silent =
      std::chrono::duration_cast<std::chrono::milliseconds>(context_.loop.Now() - last_heard_);
  if (silent >= limit) {
    Finish("silent");
    return;
  }
  if (silent >= limit / 2) {
    if (!pinged_ && !Queue(WsOpcode::kPing, {})) {
      CloseSlow();
      return;
    }
    if (state_ != State::kOpen) return;
    pinged_ = true;
    context_.wheel.Set(*this, limit - silent);
  } else {
    context_.wheel.Set(*this, limit / 2 - silent);
  }
}

void WsSession::TellOwner() {
  if (!std::exchange(owner_told_, true)) owner_.OnSocketClosed(id_);
}

void WsSession::Finish(const char* reason) {
  if (state_ == State::kClosed) return;
  SetState(State::kClosed, reason);
  context_.wheel.Cancel(*this);
  socket_.Close();
  output_ = std::string();
  ticket_ = AdmissionTicket();
  TellOwner();
  context_.table.Remove(*this);
}

}  // namespace pairwire::server

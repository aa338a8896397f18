// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/ws_session.h"

#include <array>
#include <utility>

#include "signaling/protocol/envelope.h"
#include "signaling/protocol/events.h"
#include "signaling/protocol/session_messages.h"
#include "signaling/server/jitter.h"

namespace pairwire::server {
namespace {

// RFC 6455 7.4.1.
constexpr std::uint16_t kCloseUnsupportedData = 1003;
constexpr std::uint16_t kCloseTooBig = 1009;

std::string ErrorText(protocol::ProblemCode code, const char* detail) {
  protocol::Envelope envelope;
  envelope.type = protocol::kError;
  envelope.data = protocol::ToErrorData(protocol::Problem{code, detail, std::nullopt});
  return protocol::ToJson(envelope);
}

WebSocketOptions OptionsOf(const ServerConfig& config) {
  return {config.limits.ws_message_bytes, config.limits.queue_bytes, config.limits.queue_messages,
          config.timeouts.ws_handshake, config.timeouts.ws_idle};
}

}  // namespace

WsSession::WsSession(ConnectionContext& context, Owner& owner, std::uint64_t id, Handover handover)
    : Connection(ConnectionKind::kWebSocket),
      context_(context),
      owner_(owner),
      id_(id),
      ticket_(std::move(handover.ticket)),
      stream_(*this, std::move(handover.socket), OptionsOf(context.config)) {}

void WsSession::Start(const HttpRequest& request) {
  stream_.Accept(request, protocol::kSubprotocol);
}

void WsSession::SetState(State state, const char* reason) {
  static constexpr std::array<const char*, 4> kNames = {"upgrading", "open", "closing", "closed"};
  if (context_.log.Enabled(LogLevel::kDebug)) {
    context_.log.Debug("ws_state", {{"connection", id_},
                                    {"from", kNames[static_cast<std::size_t>(state_)]},
                                    {"to", kNames[static_cast<std::size_t>(state)]},
                                    {"reason", reason}});
  }
  state_ = state;
}

void WsSession::OnOpen() {
  if (state_ != State::kUpgrading) return;
  SetState(State::kOpen, "accepted");
  owner_.OnSocketOpen(id_);
}

void WsSession::OnText(std::string_view text) {
  if (state_ == State::kOpen) owner_.OnSocketText(id_, text);
}

void WsSession::OnBinary() {
  Send(ErrorText(protocol::ProblemCode::kInvalidRequest, "messages are text, not binary"));
  Close(kCloseUnsupportedData, "text only");
}

void WsSession::OnTooLarge() {
  Send(ErrorText(protocol::ProblemCode::kPayloadTooLarge, "the message is larger than 64 KiB"));
  Close(kCloseTooBig, "message too large");
}

void WsSession::OnClosed() { Finish("connection over"); }

void WsSession::Send(std::string text) {
  if (state_ != State::kOpen) return;
  if (stream_.Send(std::move(text))) return;
  context_.metrics.OnSlowConsumer(kind());
  context_.log.Info("slow_consumer", {{"connection", id_}});
  Close(protocol::kCloseTooSlow, "client does not read");
}

void WsSession::Close(std::uint16_t code, std::string_view reason) {
  if (state_ != State::kOpen) return;
  SetState(State::kClosing, "close sent");
  context_.wheel.Set(*this, context_.config.timeouts.linger);
  stream_.Close(code, reason);
}

void WsSession::Drain(std::chrono::milliseconds window) {
  if (state_ == State::kOpen) context_.wheel.Set(*this, RandomBelow(window));
}

void WsSession::OnDeadline() {
  if (state_ == State::kOpen) {
    Close(protocol::kCloseGoingAway, "the server restarts");
  } else {
    Finish("time-out");
  }
}

void WsSession::Finish(const char* reason) {
  if (state_ == State::kClosed) return;
  SetState(State::kClosed, reason);
  context_.wheel.Cancel(*this);
  ticket_ = AdmissionTicket();
  owner_.OnSocketClosed(id_);
  // The socket itself is closed when the table destroys this session, in the next turn.
  context_.table.Remove(*this);
}

}  // namespace pairwire::server

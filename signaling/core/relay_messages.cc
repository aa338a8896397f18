// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What a socket sends: limits first, then the envelope, then what its type asks for.
#include <utility>

#include "signaling/core/relay_impl.h"
#include "signaling/core/token.h"
#include "signaling/protocol/events.h"

namespace pairwire::relay {

using protocol::ProblemCode;

void Relay::Impl::SocketText(ConnectionId id, std::string_view text) {
  Socket* socket = FindSocket(id);
  if (socket == nullptr) return;
  socket->last_heard = now_;
  const bool in_lobby = socket->state == SocketState::kLobby;
  if (!in_lobby && socket->last_touch + protocol::kHeartbeatInterval <= now_) {
    socket->last_touch = now_;
    presence_.Alive(socket->member.session_id, socket->member.member_id, now_);
  }
  ++counters_.messages_received;
  if (!socket->messages.Take(options_.messages_per_socket, 1, now_)) {
    return Strike(*socket, {}, ProblemCode::kRateLimited, "too many messages");
  }
  if (!socket->bytes.Take(options_.bytes_per_socket, static_cast<double>(text.size()), now_)) {
    return Strike(*socket, {}, ProblemCode::kRateLimited, "too many bytes");
  }
  if (text.size() > protocol::kMaxMessageBytes) {
    return Strike(*socket, {}, ProblemCode::kPayloadTooLarge, "the message is too large");
  }
  protocol::EnvelopeView envelope;
  if (const auto parsed = envelope.Parse(text); !parsed) {
    return Strike(*socket, {}, ProblemCode::kInvalidRequest, parsed.error().detail);
  }
  Handle(*socket, envelope);
}

void Relay::Impl::Handle(Socket& socket, const protocol::EnvelopeView& envelope) {
  const protocol::TypeKind kind = protocol::KindOfType(envelope.type);
  // Whoever starts with anything else has nothing to resume.
  if (kind != protocol::TypeKind::kContinue) {
    if (socket.state == SocketState::kAwaitingResume) GoLive(socket);
    if (socket.state == SocketState::kAwaitingHandover) socket.wants_no_resume = true;
  }
  switch (kind) {
    case protocol::TypeKind::kAlive:
      if (!envelope.data.empty()) ConfirmDeliveries(socket, envelope.data);
      return Ack(socket, envelope.id);
    case protocol::TypeKind::kWebrtc:
      if (options_.signaling == SignalingMode::kRelayed) {
        return SendError(socket, envelope.id, ProblemCode::kNotSupported,
                         "this relay carries messages itself and no " + std::string(envelope.type));
      }
      return RouteMessage(socket, envelope, envelope.type);
    case protocol::TypeKind::kMessage:
      if (options_.signaling == SignalingMode::kPeerToPeer) {
        return SendError(socket, envelope.id, ProblemCode::kNotSupported,
                         "messages go from peer to peer, not through this relay");
      }
      return RouteMessage(socket, envelope, protocol::kMessageReceived);
    case protocol::TypeKind::kContinue: {
      auto resume = protocol::ParseResume({std::string(envelope.data)});
      if (!resume) {
        return Strike(socket, envelope.id, ProblemCode::kInvalidRequest, resume.error().detail);
      }
      if (socket.state == SocketState::kLobby) {
        return ResumeRoom(socket, std::string(envelope.id), *resume);
      }
      return HandleResume(socket, std::string(envelope.id), *resume);
    }
    case protocol::TypeKind::kRoom:
      return HandleRoom(socket, envelope);
    case protocol::TypeKind::kRefresh:
      return RefreshToken(socket, envelope);
    case protocol::TypeKind::kNotSupported:
      return SendError(socket, envelope.id, ProblemCode::kNotSupported,
                       "this relay does not serve " + std::string(envelope.type));
    case protocol::TypeKind::kUnknown:
      return SendError(socket, envelope.id, ProblemCode::kUnknownType, "no message has this type");
  }
}

void Relay::Impl::RouteMessage(Socket& socket, const protocol::EnvelopeView& envelope,
                               std::string_view type) {
  if (socket.state == SocketState::kLobby) {
    return SendError(socket, envelope.id, ProblemCode::kNotAllowed, "join a room first");
  }
  if (envelope.data.empty()) {
    return Strike(socket, envelope.id, ProblemCode::kInvalidRequest, "data is missing");
  }
  if (envelope.data.size() > protocol::kMaxDataBytes) {
    return Strike(socket, envelope.id, ProblemCode::kPayloadTooLarge, "data is too large");
  }
  if (socket.routes_in_flight >= kMaxRoutesInFlight) {
    return Strike(socket, envelope.id, ProblemCode::kQueueFull, "too many messages in flight");
  }
  if (Socket* target = ReadyTarget(socket, envelope.to)) {
    // The usual case: nothing has to wait, so nothing is put together but what is sent.
    const DeliveryId id{target->epoch, ++target->last_delivery};
    std::string text;
    text.reserve(envelope.data.size() + kMaxStampBytes);
    protocol::AppendEnvelope(text, id.ToText().view(), type, socket.member.member_id,
                             envelope.data);
    Deliver(*target, id, std::move(text));
    ++counters_.messages_routed;
    counters_.bytes_routed += envelope.data.size();
    return Ack(socket, envelope.id);
  }
  Outgoing outgoing;
  outgoing.socket = socket.id;
  outgoing.message_id = envelope.id;
  outgoing.data_bytes = envelope.data.size();
  outgoing.deadline = now_ + NodeLinks::kGiveUp;
  protocol::AppendEnvelope(outgoing.text, {}, type, socket.member.member_id, envelope.data);
  ++socket.routes_in_flight;
  std::string space;
  SendSignal(KeyOf(socket.member.session_id, socket.member.member_id, space),
             std::string(envelope.to), std::move(outgoing));
}

void Relay::Impl::ConfirmDeliveries(Socket& socket, std::string_view data) {
  // A heartbeat that says nothing of use is a heartbeat all the same.
  const auto object = protocol::JsonObject::Parse(data, protocol::kMaxDataBytes);
  if (!object) return;
  const auto last_id = object->OptionalString("lastId", protocol::kMaxIdBytes);
  if (last_id && last_id->has_value()) socket.sent.DropUpTo(DeliveryId::Parse(**last_id));
}

void Relay::Impl::HandleResume(Socket& socket, const std::string& message_id,
                               const protocol::Resume& resume) {
  if (socket.state == SocketState::kJoining || socket.state == SocketState::kAwaitingHandover) {
    socket.early_resume =
        std::make_unique<std::pair<std::string, protocol::Resume>>(message_id, resume);
    return;
  }
  const auto parts = SplitToken(resume.resume_token);
  // Single use: one that was good makes all that came before good no more.
  bool good = false;
  for (const TokenHash& expected : socket.resume_hashes) {
    good = good || (parts && SameHash(expected, parts->hash));
  }
  good = good && socket.state == SocketState::kAwaitingResume &&
         parts->session_id == socket.member.session_id;
  if (!good) {
    socket.tail = {};
    if (socket.state == SocketState::kAwaitingResume) GoLive(socket);
    return SendError(socket, message_id, ProblemCode::kResumeFailed,
                     "the resume token is wrong, used or too late");
  }
  ++counters_.sockets_resumed;
  Ack(socket, message_id);
  socket.resume_hashes = {};
  socket.resumed = true;
  socket.resumed_after = DeliveryId::Parse(resume.last_id);
  for (KeptText& kept : std::exchange(socket.tail, {})) {
    if (socket.resumed_after < DeliveryId::Parse(kept.id)) SendAgain(socket, std::move(kept));
  }
  GoLive(socket);
}

void Relay::Impl::Ack(Socket& socket, std::string_view message_id) {
  if (message_id.empty()) return;
  std::string ack = R"({"type":"ack","id":)";
  protocol::AppendQuoted(ack, message_id);
  ack.push_back('}');
  output_.SendText(socket.id, std::move(ack));
}

void Relay::Impl::SendError(Socket& socket, std::string_view message_id, ProblemCode code,
                            std::string detail) {
  protocol::Envelope error;
  error.type = protocol::kError;
  error.id = message_id;
  error.data = protocol::ToErrorData(Problem(code, std::move(detail)).value());
  output_.SendText(socket.id, protocol::ToJson(error));
}

void Relay::Impl::Strike(Socket& socket, std::string_view message_id, ProblemCode code,
                         std::string detail) {
  const bool tolerated = socket.strikes.Take(options_.strikes_per_socket, 1, now_);
  SendError(socket, message_id, code, std::move(detail));
  if (!tolerated) Close(socket.id, protocol::kClosePolicy, "limits breached again and again");
}

}  // namespace pairwire::relay

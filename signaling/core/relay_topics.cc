// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Rooms to listen to (subscribe_room): the status of a display or of a design's displays, one's own
// session, and whatever operators broadcast there. Nothing is kept for who is not there: the next
// report brings it again.
#include <array>
#include <utility>

#include "signaling/core/relay_impl.h"
#include "signaling/protocol/events.h"

namespace pairwire::relay {

using protocol::ProblemCode;

namespace {

bool IsBelow(std::string_view room, std::string_view prefix) {
  return room.size() > prefix.size() && room.substr(0, prefix.size()) == prefix;
}

}  // namespace

bool Relay::Impl::MayListen(const Socket& socket, const std::string& room) const {
  if (room == socket.member.session_id) return true;
  // As GET /api/displays/…/status, which anybody may ask.
  return options_.display_rooms && (IsBelow(room, protocol::kDisplayRoomPrefix) ||
                                    IsBelow(room, protocol::kDesignRoomPrefix));
}

void Relay::Impl::HandleRoom(Socket& socket, const protocol::Envelope& envelope) {
  if (envelope.room.empty()) {
    return Strike(socket, envelope.id, ProblemCode::kInvalidRequest, "room is missing");
  }
  if (envelope.type == protocol::kUnsubscribeRoom) {
    topics_.Remove(socket.id, envelope.room);
    return Ack(socket, envelope.id);
  }
  if (!MayListen(socket, envelope.room)) {
    return SendError(socket, envelope.id, ProblemCode::kNotSupported,
                     "this relay does not serve that room");
  }
  if (!topics_.Add(socket.id, envelope.room)) {
    return SendError(socket, envelope.id, ProblemCode::kQueueFull, "too many rooms");
  }
  Ack(socket, envelope.id);
}

void Relay::Impl::OnTopic(std::string_view topic, std::string_view payload) {
  // It came over the bus, so it may be anybody's: what is no message at all reaches no client.
  if (payload.size() > protocol::kMaxMessageBytes || !protocol::ParseEnvelope(payload)) return;
  for (const ConnectionId id : topics_.SocketsOf(std::string(topic))) {
    const Socket* socket = FindSocket(id);
    // The welcome comes first on every socket.
    if (socket == nullptr || socket->epoch == 0) continue;
    ++counters_.topics_delivered;
    output_.SendText(id, std::string(payload));
  }
}

}  // namespace pairwire::relay

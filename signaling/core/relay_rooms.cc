// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Users and their rooms: who may open a socket by a user's token and for how long, entering and
// leaving a room, listening to one. Once in a room a user is a member like any other: how texts,
// tails and sockets that are lost are handled is the other files'. One thing is special: who is in
// a room changes all the time, so each welcome begins with a whole list, and what an earlier socket
// was told of comings and goings is not told again.
//
// A topic (NodeBus) carries ready-made messages, whose room is the topic's name: joins, leaves and
// ends of the session or room of that name as the store tells them, the status of a display or of a
// design's displays, and what operators publish. Nothing is kept for who is not there.
#include <algorithm>
#include <utility>

#include "signaling/core/relay_impl.h"
#include "signaling/core/token.h"
#include "signaling/protocol/events.h"

namespace pairwire::relay {

using protocol::ProblemCode;

namespace {

bool IsRoomName(std::string_view name) {
  return !name.empty() && name.size() <= protocol::kMaxIdBytes &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) { return c > 31 && c != 127; });
}

bool IsBelow(std::string_view room, std::string_view prefix) {
  return room.size() > prefix.size() && room.substr(0, prefix.size()) == prefix;
}

// Where only the relay and its operators speak, to whoever listens.
bool IsDisplayRoom(std::string_view room) {
  return IsBelow(room, protocol::kDisplayRoomPrefix) || IsBelow(room, protocol::kDesignRoomPrefix);
}

// A room that a user may enter.
bool IsUsersRoom(std::string_view room) {
  return IsRoomName(room) && !IsSessionId(room) && !IsDisplayRoom(room);
}

}  // namespace

const std::string& Relay::Impl::KeyOf(const std::string& session_id, const std::string& member_id,
                                      std::string& space) {
  if (IsSessionId(session_id)) return member_id;
  // No room's name has a line feed.
  space.reserve(member_id.size() + 1 + session_id.size());
  space.append(member_id).append(1, '\n').append(session_id);
  return space;
}

std::string Relay::Impl::KeyOf(const std::string& session_id, const std::string& member_id) {
  std::string space;
  return KeyOf(session_id, member_id, space);
}

// ---- Tokens ----

bool Relay::Impl::IsUserToken(std::string_view token) {
  // Three parts (RFC 7515 7.1); our own tokens have two.
  return std::count(token.begin(), token.end(), '.') == 2;
}

void Relay::Impl::AuthorizeUser(std::string_view token, Reply<Admitted> reply) {
  users_->Check(
      token, Guarded([this, reply = std::move(reply)](protocol::Outcome<User> user) {
        if (!user) {
          const protocol::Problem& problem = user.error();
          return reply(Problem(problem.code, problem.detail, problem.retry_after));
        }
        Admitted admitted;
        admitted.member_id = user->user_id;
        admitted.role = Role::kUser;
        admitted.name = user->name;
        admitted.until = user->expires;
        if (!options_.shared_rates) return reply(std::move(admitted));
        CheckShared(
            "user", admitted.member_id, options_.sockets_per_session,
            "too many sockets of this user", [reply, admitted] { reply(admitted); },
            [reply](protocol::Problem problem) { reply(tl::unexpected(std::move(problem))); });
      }));
}

void Relay::Impl::UserOpened(Socket& socket, TimePoint until) {
  ++users_open_;
  socket.state = SocketState::kLobby;
  socket.user = std::make_unique<UserPart>();
  SetUntil(socket, until);
  protocol::Envelope welcome;
  welcome.type = protocol::kWelcome;
  protocol::Welcome data;
  data.member_id = socket.member.member_id;
  data.heartbeat_interval = protocol::kHeartbeatInterval;
  data.node_id = options_.node_id;
  data.mode = Mode();
  welcome.data = protocol::ToData(data);
  output_.SendText(socket.id, protocol::ToJson(welcome));
}

void Relay::Impl::SetUntil(Socket& socket, TimePoint until) {
  socket.user->until = until;
  deadlines_.Cancel(socket.user->expires);
  if (until == TimePoint::max()) return;
  deadlines_.Schedule(socket.user->expires, until, {Work::Kind::kTokenExpired, socket.id, {}, {}});
}

void Relay::Impl::RefreshToken(Socket& socket, const protocol::EnvelopeView& envelope) {
  if (users_ == nullptr || !socket.user) {
    return SendError(socket, envelope.id, ProblemCode::kNotSupported,
                     "this socket came with a session token, which does not expire");
  }
  auto refresh = protocol::ParseAuthRefresh({std::string(envelope.data)});
  if (!refresh) {
    return Strike(socket, envelope.id, ProblemCode::kInvalidRequest, refresh.error().detail);
  }
  if (socket.user->refreshing) {
    return Strike(socket, envelope.id, ProblemCode::kRateLimited, "one token at a time");
  }
  socket.user->refreshing = true;
  users_->Check(
      refresh->token,
      Guarded([this, id = socket.id, message_id = std::string(envelope.id)](
                  protocol::Outcome<User> user) { OnRefreshed(id, message_id, std::move(user)); }));
}

void Relay::Impl::OnRefreshed(ConnectionId id, const std::string& message_id,
                              protocol::Outcome<User> user) {
  Socket* socket = FindSocket(id);
  if (socket == nullptr) return;
  socket->user->refreshing = false;
  if (user && user->user_id != socket->member.member_id) {
    user = protocol::Refuse(ProblemCode::kUnauthorized, "the token is another user's");
  }
  if (!user) return Strike(*socket, message_id, user.error().code, user.error().detail);
  SetUntil(*socket, user->expires);
  Ack(*socket, message_id);
}

// ---- Rooms ----

void Relay::Impl::HandleRoom(Socket& socket, const protocol::EnvelopeView& envelope) {
  const std::string_view type = envelope.type;
  const bool listening = type == protocol::kSubscribeRoom || type == protocol::kUnsubscribeRoom;
  if (type != protocol::kLeaveRoom && !IsRoomName(envelope.room)) {
    return Strike(socket, envelope.id, ProblemCode::kInvalidRequest,
                  "room must be a name of 1 to 64 bytes without control characters");
  }
  if (!socket.user && !(listening && MayListen(socket, envelope.room))) {
    const bool served = users_ != nullptr;
    return SendError(socket, envelope.id,
                     served ? ProblemCode::kUnauthorized : ProblemCode::kNotSupported,
                     served ? "rooms are for users, who come with a token of their issuer"
                            : "this relay has no users, so it has no rooms");
  }
  if (type == protocol::kLeaveRoom) {
    const bool joining = socket.state == SocketState::kJoining;
    if (socket.state == SocketState::kLobby || (joining && socket.user->leave_message) ||
        (!envelope.room.empty() && envelope.room != socket.member.session_id)) {
      return SendError(socket, envelope.id, ProblemCode::kNotAllowed, "not in this room");
    }
    if (joining) {
      socket.user->leave_message = envelope.id;
      return;
    }
    return LeaveRoom(socket, std::string(envelope.id));
  }
  const std::string room(envelope.room);
  if (type == protocol::kSubscribeRoom) return SubscribeRoom(socket, room, envelope.id);
  if (type == protocol::kUnsubscribeRoom) {
    UnsubscribeRoom(socket.id, room);
    return Ack(socket, envelope.id);
  }
  JoinRoom(socket, room, std::string(envelope.id));
}

void Relay::Impl::JoinRoom(Socket& socket, const std::string& room, std::string message_id) {
  if (socket.state != SocketState::kLobby) {
    return SendError(socket, message_id, ProblemCode::kNotAllowed, "leave the other room first");
  }
  if (!IsUsersRoom(room)) {
    return SendError(socket, message_id, ProblemCode::kNotAllowed,
                     "sessions, displays and designs are no rooms of users");
  }
  if (draining_) {
    return SendError(socket, message_id, ProblemCode::kNotReady, "this node is draining");
  }
  if (!socket.user->room_changes.Take(options_.room_changes_per_socket, 1, now_)) {
    return Strike(socket, message_id, ProblemCode::kRateLimited, "too many rooms too fast");
  }
  socket.user->join_message = std::move(message_id);
  socket.member.session_id = room;
  BeginJoin(socket);
}

void Relay::Impl::ResumeRoom(Socket& socket, const std::string& message_id,
                             const protocol::Resume& resume) {
  const auto parts = SplitToken(resume.resume_token);
  const bool fits = socket.user && parts && IsUsersRoom(parts->session_id) && !draining_;
  if (!fits) {
    return SendError(socket, message_id, ProblemCode::kResumeFailed,
                     "the resume token is wrong, used or too late");
  }
  if (!socket.user->room_changes.Take(options_.room_changes_per_socket, 1, now_)) {
    return Strike(socket, message_id, ProblemCode::kRateLimited, "too many rooms too fast");
  }
  socket.early_resume =
      std::make_unique<std::pair<std::string, protocol::Resume>>(message_id, resume);
  socket.member.session_id = parts->session_id;
  BeginJoin(socket);
}

void Relay::Impl::OnRoomRefused(Socket& socket, StoreError error) {
  std::string message_id = std::exchange(socket.user->join_message, {});
  if (socket.early_resume) message_id = socket.early_resume->first;
  const auto leave = std::exchange(socket.user->leave_message, std::nullopt);
  ToLobby(socket);
  if (error == StoreError::kFull) {
    SendError(socket, message_id, ProblemCode::kRoomFull, "the room is full");
  } else if (error == StoreError::kUnavailable) {
    ++counters_.store_errors;
    SendError(socket, message_id, ProblemCode::kNotReady, "the store does not answer");
  } else {
    SendError(socket, message_id, ProblemCode::kNotAllowed, "no room can have this name");
  }
  if (leave) Ack(socket, *leave);
}

void Relay::Impl::LeaveRoom(Socket& socket, const std::string& message_id) {
  ++counters_.rooms_left;
  const std::string key = KeyOf(socket.member);
  LocalMember& local = members_.at(key);
  Former former;
  former.epoch = socket.epoch;
  former.for_good = true;
  for (Pending& pending : socket.held) {
    if (!pending.origin.nobody()) former.late.push_back(std::move(pending));
  }
  const std::uint64_t epoch = socket.epoch;
  ToLobby(socket);
  AddFormer(key, local, std::move(former));
  // It is repeated until the store has answered.
  Ack(socket, message_id);
  Leave(key, epoch);
}

void Relay::Impl::ToLobby(Socket& socket) {
  const std::string key = KeyOf(socket.member);
  LocalMember* local = FindMember(key);
  if (local != nullptr && local->socket == socket.id) {
    local->socket = 0;
    // What is under way for it is settled by then.
    const auto keep = options_.resume_window + std::chrono::seconds(1);
    deadlines_.Schedule(local->forget, now_ + keep, {Work::Kind::kForgetMember, 0, key, {}});
  }
  deadlines_.Cancel(socket.wait);
  socket.state = SocketState::kLobby;
  socket.member.session_id.clear();
  socket.epoch = 0;
  socket.resume_secret.clear();
  socket.resume_hashes = {};
  socket.early_resume.reset();
  socket.wants_no_resume = false;
  socket.incoming = {};
  socket.given = {};
  socket.tail = {};
  socket.held = {};
  socket.held_bytes = 0;
  socket.sent = {};
  socket.last_delivery = 0;
  socket.resumed_after = {};
  socket.resumed = false;
}

bool Relay::Impl::IsPresence(std::string_view text) {
  constexpr std::string_view kType = "\"type\":\"";
  const std::size_t at = text.find(kType);
  if (at == std::string_view::npos) return false;
  text.remove_prefix(at + kType.size());
  const std::string_view type = text.substr(0, text.find('"'));
  return type == protocol::kUserJoined || type == protocol::kUserLeft;
}

// ---- Topics ----

bool Relay::Impl::MayListen(const Socket& socket, std::string_view room) const {
  if (socket.user || room == socket.member.session_id) return true;
  // As GET /api/displays/…/status, which anybody may ask.
  return options_.display_rooms && IsDisplayRoom(room);
}

void Relay::Impl::SubscribeRoom(Socket& socket, const std::string& room,
                                std::string_view message_id) {
  const auto mine = topics_.find(socket.id);
  if (mine != topics_.end()) {
    const std::vector<std::string>& rooms = mine->second;
    if (std::find(rooms.begin(), rooms.end(), room) != rooms.end()) return Ack(socket, message_id);
    if (rooms.size() >= protocol::kMaxRoomSubscriptions) {
      return SendError(socket, message_id, ProblemCode::kQueueFull, "too many rooms on one socket");
    }
  }
  const auto there = listeners_.find(room);
  if (there == listeners_.end() && listeners_.size() >= kMaxTopics) {
    return SendError(socket, message_id, ProblemCode::kNotReady, "too many rooms on this node");
  }
  if (there == listeners_.end()) bus_.Subscribe(options_.node_id, room);
  listeners_[room].push_back(socket.id);
  topics_[socket.id].push_back(room);
  ++subscriptions_;
  Ack(socket, message_id);
}

void Relay::Impl::UnsubscribeRoom(ConnectionId id, const std::string& room) {
  const auto mine = topics_.find(id);
  if (mine == topics_.end() || std::erase(mine->second, room) == 0) return;
  if (mine->second.empty()) topics_.erase(mine);
  --subscriptions_;
  const auto there = listeners_.find(room);
  std::erase(there->second, id);
  if (!there->second.empty()) return;
  listeners_.erase(there);
  bus_.Unsubscribe(options_.node_id, room);
}

void Relay::Impl::UnsubscribeAll(ConnectionId id) {
  const auto mine = topics_.find(id);
  if (mine == topics_.end()) return;
  for (const std::string& room : std::vector<std::string>(mine->second)) UnsubscribeRoom(id, room);
}

void Relay::Impl::OnTopic(std::string_view topic, std::string_view payload) {
  const auto there = listeners_.find(std::string(topic));
  if (there == listeners_.end() || payload.size() > protocol::kMaxMessageBytes) return;
  // Whoever may publish may send anything.
  auto envelope = protocol::ParseEnvelope(payload);
  if (!envelope) return;
  envelope->id.clear();
  envelope->to.clear();
  envelope->room = topic;
  const std::string text = protocol::ToJson(*envelope);
  const bool presence =
      envelope->type == protocol::kUserJoined || envelope->type == protocol::kUserLeft;
  for (const ConnectionId id : there->second) {
    const Socket* socket = FindSocket(id);
    // The welcome comes first on every socket; that of a user came before it could ask for a room.
    if (!socket->user && socket->epoch == 0) continue;
    // A member has its own notices, with names, in order, and once.
    if (presence && socket->member.session_id == topic) continue;
    ++counters_.topics_delivered;
    output_.SendText(id, text);
  }
}

}  // namespace pairwire::relay

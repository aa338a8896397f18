// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Sockets: joining, welcome, delivery in order, taking over, going. And what other nodes tell this
// one.
#include <utility>

#include "signaling/core/relay_impl.h"
#include "signaling/core/token.h"
#include "signaling/protocol/events.h"
#include "signaling/store/node_frame.h"

namespace pairwire::relay {
namespace {

// What a member is told of another.
std::string PresenceText(std::string_view type, const Member& member) {
  protocol::Envelope envelope;
  envelope.type = type;
  envelope.data = protocol::ToData(
      protocol::UserPresence{member.member_id, std::string(ToString(member.role)), member.name});
  return protocol::ToJson(envelope);
}

}  // namespace

Relay::Impl::Socket* Relay::Impl::FindSocket(ConnectionId id) {
  const auto found = sockets_.find(id);
  return found == sockets_.end() ? nullptr : &found->second;
}

Relay::Impl::LocalMember& Relay::Impl::MemberOf(const Member& member) {
  const auto [found, added] = members_.try_emplace(member.member_id);
  if (added) {
    found->second.session_id = member.session_id;
    SessionOf(member.session_id).members.push_back(member.member_id);
  }
  return found->second;
}

void Relay::Impl::SocketOpened(ConnectionId id, const Member& member) {
  if (draining_) {
    // Let in just before the drain began.
    ++counters_.sockets_closed_by_relay;
    return output_.CloseSocket(id, protocol::kCloseGoingAway, "draining");
  }
  LocalMember& local = MemberOf(member);
  if (local.socket != 0) {
    ++counters_.sockets_taken_over;
    Close(local.socket, protocol::kCloseTakenOver, "taken over");
  }
  ++counters_.sockets_opened;
  local.socket = id;
  deadlines_.Cancel(local.forget);
  Socket& socket = sockets_[id];
  socket.id = id;
  socket.member = member;
  socket.last_heard = now_;
  deadlines_.Schedule(socket.idle, now_ + options_.socket_idle_timeout,
                      {Work::Kind::kSocketIdle, id, {}});
  socket.resume_secret = NewSecret(random_);

  JoinRequest join;
  join.session_id = member.session_id;
  join.member_id = member.member_id;
  join.node_id = options_.node_id;
  join.resume_hash = HashSecret(socket.resume_secret);
  join.joined_notice = PresenceText(protocol::kUserJoined, member);
  join.left_notice = PresenceText(protocol::kUserLeft, member);
  store_.Join(std::move(join), now_, Guarded([this, id, member](StoreResult<Joined> result) {
                OnJoined(id, member, std::move(result));
              }));
}

void Relay::Impl::OnJoined(ConnectionId id, const Member& member, StoreResult<Joined> result) {
  Socket* socket = FindSocket(id);
  if (socket == nullptr) {
    // It closed before it was welcome.
    if (!result) return;
    store_.Leave({member.session_id, member.member_id, result->epoch, options_.resume_window, {}},
                 now_, [](StoreResult<bool>) {});
    return;
  }
  if (!result) {
    const bool gone = result.error() == StoreError::kNotFound;
    const auto problem = Problem(result.error());
    SendError(*socket, {}, problem.value().code, problem.value().detail);
    Close(id, gone ? protocol::kCloseNormal : protocol::kCloseUnavailable,
          gone ? "the session is over" : "try again");
    return;
  }
  if (result->epoch < socket->taken_over_epoch) {
    ++counters_.sockets_taken_over;
    return Close(id, protocol::kCloseTakenOver, "taken over");
  }
  Welcome(*socket, std::move(*result));
}

void Relay::Impl::Welcome(Socket& socket, Joined joined) {
  socket.epoch = joined.epoch;
  socket.previous_resume_hash = joined.previous_resume_hash;
  protocol::Envelope welcome;
  welcome.type = protocol::kWelcome;
  welcome.data = protocol::ToData(protocol::Welcome{
      socket.member.member_id, socket.member.session_id,
      MakeToken(socket.member.session_id, std::exchange(socket.resume_secret, {})),
      protocol::kHeartbeatInterval, options_.node_id});
  output_.SendText(socket.id, protocol::ToJson(welcome));
  for (const auto& [other, place] : joined.present) {
    if (place.node_id.empty()) continue;
    output_.SendText(socket.id, PresenceText(protocol::kUserJoined, other));
  }
  // In the order in which they were sent to the member: what came here when the old socket was just
  // lost, what the store kept since, what came since the new socket joined.
  std::deque<std::string> held = std::exchange(socket.held, {});
  socket.held_bytes = 0;
  std::deque<std::string> all = std::exchange(MemberOf(socket.member).late, {});
  for (KeptText& kept : joined.kept) all.push_back(std::move(kept.text));
  for (std::string& text : held) all.push_back(std::move(text));
  socket.held = std::move(all);
  if (!joined.rejoined) return GoLive(socket);
  socket.state = SocketState::kAwaitingResume;
  deadlines_.Schedule(socket.resume_wait, now_ + options_.resume_wait,
                      {Work::Kind::kResumeWait, socket.id, {}});
  if (socket.early_resume) {
    const auto [message_id, resume] = *std::exchange(socket.early_resume, std::nullopt);
    HandleResume(socket, message_id, resume);
  }
}

void Relay::Impl::GoLive(Socket& socket) {
  deadlines_.Cancel(socket.resume_wait);
  socket.state = SocketState::kLive;
  // A resume that comes later would break the order.
  socket.previous_resume_hash.reset();
  if (socket.early_resume) {
    const auto early = *std::exchange(socket.early_resume, std::nullopt);
    SendError(socket, early.first, protocol::ProblemCode::kResumeFailed, "nothing to resume");
  }
  socket.held_bytes = 0;
  for (const std::string& text : std::exchange(socket.held, {})) SendNow(socket, text);
}

void Relay::Impl::Deliver(Socket& socket, std::string text) {
  if (socket.state == SocketState::kLive) {
    SendNow(socket, text);
  } else {
    Hold(socket, std::move(text));
  }
}

void Relay::Impl::Hold(Socket& socket, std::string text) {
  socket.held_bytes += text.size();
  socket.held.push_back(std::move(text));
  if (socket.held.size() > 2 * protocol::kMaxKeptMessages ||
      socket.held_bytes > protocol::kMaxKeptBytes) {
    Close(socket.id, protocol::kCloseTooSlow, "too much is waiting");
  }
}

void Relay::Impl::SendNow(Socket& socket, const std::string& text) {
  LocalMember& local = MemberOf(socket.member);
  const std::string id = std::to_string(socket.epoch) + "." + std::to_string(++local.last_delivery);
  // All our envelopes begin with "{" and a member.
  std::string numbered = "{\"id\":\"" + id + "\"," + text.substr(1);
  local.sent.Add(id, numbered, now_);
  ++counters_.messages_delivered;
  output_.SendText(socket.id, std::move(numbered));
}

void Relay::Impl::SocketClosed(ConnectionId id) { Forget(id, /*leave=*/true); }

void Relay::Impl::Close(ConnectionId id, std::uint16_t code, std::string_view reason) {
  ++counters_.sockets_closed_by_relay;
  output_.CloseSocket(id, code, reason);
  Forget(id, /*leave=*/code != protocol::kCloseTakenOver);
}

void Relay::Impl::Forget(ConnectionId id, bool leave) {
  Socket* socket = FindSocket(id);
  if (socket == nullptr) return;
  deadlines_.Cancel(socket->idle);
  deadlines_.Cancel(socket->resume_wait);
  const Member member = socket->member;
  const std::uint64_t epoch = socket->epoch;
  LocalMember& local = MemberOf(member);
  // Held texts were never sent; the next socket gets them first.
  for (std::string& text : socket->held) local.late.push_back(std::move(text));
  while (local.late.size() > protocol::kMaxKeptMessages) local.late.pop_front();
  sockets_.erase(id);
  if (local.socket != id) return;
  local.socket = 0;
  const auto keep = options_.resume_window + std::chrono::seconds(1);
  deadlines_.Schedule(local.forget, now_ + keep, {Work::Kind::kForgetMember, 0, member.member_id});
  if (leave && epoch > 0) {
    store_.Leave({member.session_id, member.member_id, epoch, options_.resume_window, {}}, now_,
                 [](StoreResult<bool>) {});
  }
}

void Relay::Impl::ForgetMember(const std::string& member_id) {
  const auto found = members_.find(member_id);
  if (found == members_.end()) return;
  deadlines_.Cancel(found->second.forget);
  const std::string session_id = found->second.session_id;
  members_.erase(found);
  std::erase(SessionOf(session_id).members, member_id);
  DropSessionIfEmpty(session_id);
}

void Relay::Impl::OnIdleDue(Socket& socket) {
  const TimePoint due = socket.last_heard + options_.socket_idle_timeout;
  if (due <= now_) return Close(socket.id, protocol::kCloseHeartbeatMissed, "heartbeat missed");
  deadlines_.Schedule(socket.idle, due, {Work::Kind::kSocketIdle, socket.id, {}});
  // What is older than this was received, or its socket would have been found dead.
  const auto age = options_.socket_idle_timeout + options_.resume_window;
  MemberOf(socket.member).sent.DropOlderThan(now_ - age);
}

void Relay::Impl::OnNodeMessage(const NodeMessage& message) {
  switch (message.kind) {
    case NodeMessage::Kind::kDeliver:
      return OnDeliver(message.member_id, message.text);
    case NodeMessage::Kind::kEvent: {
      OnEvent(message);
      const auto local = members_.find(message.member_id);
      if (local == members_.end() || local->second.socket == 0) return;
      protocol::Envelope envelope;
      envelope.type = message.event.type;
      envelope.data = message.event.data;
      return Deliver(*FindSocket(local->second.socket), protocol::ToJson(envelope));
    }
    case NodeMessage::Kind::kEnded:
      return OnSessionEnded(message);
    case NodeMessage::Kind::kWatchMoved:
      return OnWatchMoved(message);
    case NodeMessage::Kind::kPlaced:
      return;
    case NodeMessage::Kind::kTakenOver: {
      const auto local = members_.find(message.member_id);
      if (local == members_.end() || local->second.socket == 0) return;
      Socket& socket = *FindSocket(local->second.socket);
      socket.taken_over_epoch = std::max(socket.taken_over_epoch, message.epoch);
      if (socket.epoch == 0 || socket.epoch >= message.epoch) return;
      ++counters_.sockets_taken_over;
      return Close(socket.id, protocol::kCloseTakenOver, "taken over");
    }
  }
}

void Relay::Impl::OnFrames(std::string_view bytes) {
  const auto payload = ParseNodePayload(bytes);
  if (!payload) return;
  for (const NodeFrame& frame : payload->frames) {
    if (frame.kind == NodeFrameKind::kSignal) OnDeliver(std::string(frame.to), frame.text);
  }
}

void Relay::Impl::OnDeliver(const std::string& member_id, std::string_view text) {
  const auto local = members_.find(member_id);
  if (local == members_.end()) return;
  if (Socket* socket = FindSocket(local->second.socket)) return Deliver(*socket, std::string(text));
  // The socket was lost while this was on its way.
  auto& late = local->second.late;
  if (late.size() < protocol::kMaxKeptMessages) late.emplace_back(text);
}

void Relay::Impl::OnSessionEnded(const NodeMessage& message) {
  OnEvent(message);
  const auto found = sessions_.find(message.session_id);
  if (found == sessions_.end()) return;
  protocol::Envelope envelope;
  envelope.type = message.event.type;
  envelope.data = message.event.data;
  const std::string text = protocol::ToJson(envelope);
  const std::vector<std::string> members = found->second.members;
  for (const std::string& member_id : members) {
    const ConnectionId id = members_.at(member_id).socket;
    if (Socket* socket = FindSocket(id)) {
      if (socket->state == SocketState::kAwaitingResume) GoLive(*socket);
      output_.SendText(id, text);
      Close(id, protocol::kCloseNormal, "the session ended");
    }
    ForgetMember(member_id);
  }
}

}  // namespace pairwire::relay

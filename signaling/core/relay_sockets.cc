// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Sockets: joining, welcome, delivery in order, going.
#include <utility>

#include "signaling/core/relay_impl.h"
#include "signaling/core/token.h"
#include "signaling/protocol/events.h"

namespace pairwire::relay {

using namespace std::chrono_literals;

namespace {

// What a member is told of another.
std::string PresenceText(std::string_view type, const Member& member) {
  protocol::Envelope envelope;
  envelope.type = type;
  if (member.role == Role::kUser) envelope.room = member.session_id;
  envelope.data = protocol::ToData(
      protocol::UserPresence{member.member_id, std::string(ToString(member.role)), member.name});
  return protocol::ToJson(envelope);
}

}  // namespace

Relay::Impl::Socket* Relay::Impl::FindSocket(ConnectionId id) {
  const auto found = sockets_.find(id);
  return found == sockets_.end() ? nullptr : &found->second;
}

Relay::Impl::LocalMember* Relay::Impl::FindMember(const std::string& member_id) {
  const auto found = members_.find(member_id);
  return found == members_.end() ? nullptr : &found->second;
}

Relay::Impl::LocalMember& Relay::Impl::MemberOf(const Member& member) {
  std::string space;
  const std::string& key = KeyOf(member.session_id, member.member_id, space);
  const auto [found, added] = members_.try_emplace(key);
  if (added) {
    found->second.session_id = member.session_id;
    found->second.role = member.role;
    SessionOf(member.session_id).members.push_back(key);
  }
  return found->second;
}

void Relay::Impl::SocketOpened(ConnectionId id, const Member& member, TimePoint until) {
  ++counters_.sockets_opened;
  Socket& socket = sockets_[id];
  socket.id = id;
  socket.member = member;
  socket.last_heard = now_;
  deadlines_.Schedule(socket.idle, now_ + options_.socket_idle_timeout,
                      {Work::Kind::kSocketIdle, id, {}, {}});
  if (member.role == Role::kUser) return UserOpened(socket, until);
  BeginJoin(socket);
}

void Relay::Impl::BeginJoin(Socket& socket) {
  const ConnectionId id = socket.id;
  const Member& member = socket.member;
  LocalMember& local = MemberOf(member);
  if (local.socket != 0) {
    ++counters_.sockets_taken_over;
    Close(local.socket, protocol::kCloseTakenOver, "taken over");
  }
  local.socket = id;
  ++local.joins_pending;
  deadlines_.Cancel(local.forget);
  socket.state = SocketState::kJoining;
  socket.resume_secret = NewSecret(random_);

  JoinRequest join;
  join.session_id = member.session_id;
  join.member_id = member.member_id;
  join.node_id = options_.node_id;
  join.resume_hash = HashSecret(socket.resume_secret);
  join.joined_notice = PresenceText(protocol::kUserJoined, member);
  join.left_notice = PresenceText(protocol::kUserLeft, member);
  if (member.role == Role::kUser) {
    join.open_room = true;
    join.name = member.name;
    join.max_members = protocol::kMaxRoomMembers;
  }
  const TokenHash joined_as = join.resume_hash;
  store_.Join(std::move(join), now_,
              Guarded([this, id, member, joined_as](StoreResult<Joined> result) {
                const bool unheard = !result && result.error() == StoreError::kUnavailable;
                OnJoined(id, member, std::move(result));
                if (unheard) OnUnheard(KeyOf(member), joined_as);
              }));
}

void Relay::Impl::OnJoined(ConnectionId id, const Member& member, StoreResult<Joined> result) {
  const std::string key = KeyOf(member);
  Socket* socket = FindSocket(id);
  // None when the session ended meanwhile: then nothing of it is left anywhere.
  LocalMember* local = FindMember(key);
  if (local == nullptr) return;
  --local->joins_pending;
  if (!result) {
    if (socket != nullptr && socket->user) {
      OnRoomRefused(*socket, result.error());
    } else if (socket != nullptr) {
      const bool gone = result.error() == StoreError::kNotFound;
      const auto problem = Problem(result.error());
      SendError(*socket, {}, problem.value().code, problem.value().detail);
      Close(id, gone ? protocol::kCloseNormal : protocol::kCloseUnavailable,
            gone ? "the session is over" : "try again");
    }
    // A socket here that made room for this one has nobody to take its place now.
    if (local->joins_pending == 0 && local->socket == 0) {
      std::vector<std::uint64_t> epochs;
      for (const Former& former : local->formers) {
        if (!former.leaving && !former.awaiting) epochs.push_back(former.epoch);
      }
      for (const std::uint64_t epoch : epochs) Leave(key, epoch);
    }
    return ReceiveEarly(key);
  }
  const std::uint64_t epoch = result->epoch;
  std::vector<KeptText> tail = std::move(result->kept);
  std::vector<TokenHash> hashes;
  if (result->previous_resume_hash) hashes.push_back(*result->previous_resume_hash);
  AddHashes(hashes, result->unused_resume_hashes);
  bool complete = true;
  if (result->previous.node_id == options_.node_id) {
    complete = TakeFormer(key, result->previous.epoch, epoch, *result, tail, hashes);
  } else if (!result->previous.node_id.empty()) {
    complete = false;
  }
  Place taken;
  for (const auto& [early, by] : local->taken_early) {
    if (early == epoch) taken = by;
  }
  std::erase_if(local->taken_early, [epoch](const auto& early) { return early.first <= epoch; });
  if (socket == nullptr || !taken.node_id.empty()) {
    // It closed before it was welcome, or a newer one was faster.
    Former former;
    former.epoch = epoch;
    former.tail = std::move(tail);
    former.resume_hashes = std::move(hashes);
    former.awaiting = !complete;
    former.given = std::move(result->given);
    former.taken_by = taken;
    AddFormer(key, *local, std::move(former));
    if (socket != nullptr) {
      ++counters_.sockets_taken_over;
      Close(id, protocol::kCloseTakenOver, "taken over");
    }
    ReceiveEarly(key);
    if (!complete) return ReceiveEarlyHandover(key, epoch);
    // A newer one may still be on its way to the store, from here: then this does nothing.
    if (taken.node_id.empty()) return Leave(key, epoch);
    return HandOver(key, epoch, taken);
  }
  socket->epoch = epoch;
  socket->resume_hashes = std::move(hashes);
  if (!result->rejoined) {
    // The room may be another one of that name, and count its joins anew.
    for (auto& [to, route] : local->routes) route->refused = {};
  }
  for (const Present& present : result->present) {
    // A room's users are many, and few of them talk to each other: their routes come with the first
    // text.
    if (socket->user) break;
    Route& route = RouteOf(*local, present.member.member_id);
    route.allowed = true;
    const bool idle = route.unsettled == 0 && route.queue.empty() && !route.asking;
    if (idle && !present.place.node_id.empty() && present.place.epoch >= route.place.epoch)
      route.place = present.place;
  }
  local->sole = result->present.size() == 1 ? result->present[0].member.member_id : std::string();
  Welcome(*socket, *result);
  socket->incoming = std::move(tail);
  if (!complete) {
    socket->state = SocketState::kAwaitingHandover;
    socket->given = std::move(result->given);
    // The other node may still be on its way back as well.
    const bool just_back = now_ - store_up_at_ < NodeLinks::kBackLater;
    const auto wait = options_.handover_wait + (just_back ? NodeLinks::kBackLater : 0s);
    deadlines_.Schedule(socket->wait, now_ + wait, {Work::Kind::kSocketWait, id, {}, {}});
    ReceiveEarlyHandover(key, epoch);
  } else if (result->rejoined) {
    FinishHandover(key, epoch);
  } else {
    for (KeptText& kept : std::exchange(socket->incoming, {})) {
      socket->held.push_back({std::move(kept.text), epoch, {}});
    }
    GoLive(*socket);
  }
  ReceiveEarly(key);
  socket = FindSocket(id);
  if (socket != nullptr && socket->user && socket->user->leave_message) {
    LeaveRoom(*socket, *std::exchange(socket->user->leave_message, std::nullopt));
  }
}

void Relay::Impl::Welcome(Socket& socket, const Joined& joined) {
  protocol::Envelope welcome;
  welcome.type = protocol::kWelcome;
  if (socket.user) welcome.room = socket.member.session_id;
  welcome.data = protocol::ToData(protocol::Welcome{
      socket.member.member_id, socket.user ? std::string() : socket.member.session_id,
      MakeToken(socket.member.session_id, std::exchange(socket.resume_secret, {})),
      protocol::kHeartbeatInterval, options_.node_id, Mode()});
  output_.SendText(socket.id, protocol::ToJson(welcome));
  if (socket.user) {
    ++counters_.rooms_entered;
    Ack(socket, std::exchange(socket.user->join_message, {}));
  }
  for (const auto& [other, place] : joined.present) {
    // A user whose socket is lost is still in the room: it comes back without a word, or user_left
    // says that it does not.
    if (place.node_id.empty() && !socket.user) continue;
    output_.SendText(socket.id, PresenceText(protocol::kUserJoined, other));
  }
  // Let in just before the drain began: a member hears nothing before its welcome, and where to go
  // after it.
  if (draining_ && !socket.user) output_.SendText(socket.id, draining_text_);
}

void Relay::Impl::AwaitResume(Socket& socket) {
  socket.state = SocketState::kAwaitingResume;
  deadlines_.Schedule(socket.wait, now_ + options_.resume_wait,
                      {Work::Kind::kSocketWait, socket.id, {}, {}});
  if (socket.early_resume) {
    const auto early = std::move(socket.early_resume);
    HandleResume(socket, early->first, early->second);
  } else if (socket.wants_no_resume) {
    GoLive(socket);
  }
}

void Relay::Impl::GoLive(Socket& socket) {
  deadlines_.Cancel(socket.wait);
  socket.state = SocketState::kLive;
  // A resume that comes later would break the order, so from here on it fails. Without one, what
  // would have been good stays so for the next socket: perhaps the client never read the welcome.
  // Of a client that did not say what it has: perhaps all. The numbers tell it.
  for (KeptText& kept : std::exchange(socket.tail, {})) SendAgain(socket, std::move(kept));
  if (socket.early_resume) {
    const auto early = std::move(socket.early_resume);
    SendError(socket, early->first, protocol::ProblemCode::kResumeFailed, "nothing to resume");
  }
  socket.held_bytes = 0;
  const std::vector<Pending> held = std::exchange(socket.held, {});
  for (const Pending& pending : held) SendNow(socket, pending.text);
  // Whoever hears this may send more, which comes after all of them.
  for (const Pending& pending : held) Answer(pending.origin, /*delivered=*/true, {});
}

bool Relay::Impl::Hold(Socket& socket, Pending pending) {
  socket.held_bytes += pending.text.size();
  socket.held.push_back(std::move(pending));
  if (socket.held.size() <= kMaxHeld && socket.held_bytes <= protocol::kMaxKeptBytes) return true;
  Close(socket.id, protocol::kCloseTooSlow, "too much is waiting");
  return false;
}

void Relay::Impl::SendNow(Socket& socket, const std::string& text) {
  const DeliveryId id{socket.epoch, ++socket.last_delivery};
  // All our envelopes begin with "{" and a member.
  Deliver(socket, id, NumberPrefix(id.ToString()).append(text, 1));
}

void Relay::Impl::Deliver(Socket& socket, DeliveryId id, std::string text) {
  ++counters_.messages_delivered;
  socket.sent.Add(id, text, now_);
  output_.SendText(socket.id, std::move(text));
}

void Relay::Impl::SendAgain(Socket& socket, KeptText kept) {
  Deliver(socket, DeliveryId::Parse(kept.id), std::move(kept.text));
}

void Relay::Impl::SocketClosed(ConnectionId id) { Forget(id, /*leave=*/true); }

void Relay::Impl::Close(ConnectionId id, std::uint16_t code, std::string_view reason) {
  ++counters_.sockets_closed_by_relay;
  output_.CloseSocket(id, code, reason);
  Forget(id, /*leave=*/code != protocol::kCloseTakenOver);
}

void Relay::Impl::Forget(ConnectionId id, bool leave) {
  Socket* found = FindSocket(id);
  if (found == nullptr) return;
  deadlines_.Cancel(found->idle);
  deadlines_.Cancel(found->wait);
  Socket socket = std::move(*found);
  sockets_.erase(id);
  UnsubscribeAll(id);
  if (socket.user) {
    deadlines_.Cancel(socket.user->expires);
    --users_open_;
    if (socket.state == SocketState::kLobby) return;
  }
  const std::string member_id = KeyOf(socket.member);
  LocalMember& local = MemberOf(socket.member);
  if (local.socket == id) {
    local.socket = 0;
    const auto keep = options_.resume_window + std::chrono::seconds(1);
    deadlines_.Schedule(local.forget, now_ + keep, {Work::Kind::kForgetMember, 0, member_id, {}});
  }
  // Before the join is answered there is nothing to leave; OnJoined sees to it.
  if (socket.epoch == 0) return;
  Former former;
  former.epoch = socket.epoch;
  former.tail = socket.sent.TakeAll();
  for (KeptText& kept : socket.tail) former.tail.push_back(std::move(kept));
  former.resume_hashes = std::move(socket.resume_hashes);
  former.awaiting = socket.state == SocketState::kAwaitingHandover;
  former.incoming = std::move(socket.incoming);
  former.given = std::move(socket.given);
  for (Pending& pending : socket.held) {
    if (pending.origin.nobody()) {
      former.tail.push_back({{}, std::move(pending.text)});
    } else {
      former.late.push_back(std::move(pending));
    }
  }
  AddFormer(member_id, local, std::move(former));
  if (leave && socket.state != SocketState::kAwaitingHandover) Leave(member_id, socket.epoch);
}

void Relay::Impl::OnForgetDue(const std::string& member_id) {
  LocalMember& local = members_.at(member_id);
  const bool unsafe =
      local.joins_pending > 0 || !local.unheard.empty() ||
      std::any_of(local.formers.begin(), local.formers.end(),
                  [](const Former& former) { return former.leaving || former.awaiting; });
  if (!unsafe) return ForgetMember(member_id);
  deadlines_.Schedule(local.forget, now_ + std::chrono::seconds(1),
                      {Work::Kind::kForgetMember, 0, member_id, {}});
}

void Relay::Impl::ForgetMember(const std::string& member_id) {
  const auto found = members_.find(member_id);
  if (found == members_.end()) return;
  LocalMember local = std::move(found->second);
  members_.erase(found);
  deadlines_.Cancel(local.forget);
  deadlines_.Cancel(local.unheard_due);
  std::erase(SessionOf(local.session_id).members, member_id);
  DropSessionIfEmpty(local.session_id);
  for (auto& [to, route] : local.routes) deadlines_.Cancel(route->wait);
  for (Former& former : local.formers) {
    deadlines_.Cancel(former.due);
    RefuseAll(std::move(former.late));
  }
  RefuseAll(std::move(local.early));
}

void Relay::Impl::OnIdleDue(Socket& socket) {
  const TimePoint due = socket.last_heard + options_.socket_idle_timeout;
  if (due <= now_) return Close(socket.id, protocol::kCloseHeartbeatMissed, "heartbeat missed");
  deadlines_.Schedule(socket.idle, due, {Work::Kind::kSocketIdle, socket.id, {}, {}});
  // What is older than this was received, or its socket would have been found dead.
  socket.sent.DropOlderThan(now_ - options_.socket_idle_timeout - options_.resume_window);
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
    const LocalMember* local = FindMember(member_id);
    if (local == nullptr) continue;
    const ConnectionId id = local->socket;
    if (Socket* socket = FindSocket(id)) {
      if (socket->state == SocketState::kAwaitingHandover) FinishHandover(member_id, socket->epoch);
      if (socket->state == SocketState::kAwaitingResume) GoLive(*socket);
      output_.SendText(id, text);
      Close(id, protocol::kCloseNormal, "the session ended");
    }
    ForgetMember(member_id);
  }
}

}  // namespace pairwire::relay

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Members: joining, leaving, where a text for them goes.
#include <iterator>
#include <utility>

#include "signaling/protocol/envelope.h"
#include "signaling/protocol/events.h"
#include "signaling/protocol/limits.h"
#include "signaling/protocol/session_messages.h"
#include "signaling/store/memory_store_impl.h"

namespace pairwire::relay {

void MemoryStore::Impl::AnnounceTo(const MemorySession& session, std::string_view type,
                                   protocol::RawJson data) {
  if (!announce_) return;
  protocol::Envelope envelope;
  envelope.type = type;
  envelope.data = std::move(data);
  announce_(session.session_id, protocol::ToJson(envelope));
}

void MemoryStore::Impl::AnnounceMember(const MemorySession& session, const MemoryMember& member,
                                       std::string_view type) {
  AnnounceTo(session, type,
             protocol::ToData(
                 protocol::UserPresence{member.member_id, std::string(ToString(member.role)), {}}));
}

MemoryMember* MemoryStore::Impl::OpenRoom(JoinRequest& request, TimePoint now, StoreError& error) {
  MemorySession* session = Find(request.session_id);
  if (session == nullptr) {
    if (sessions_.size() >= options_.max_sessions || sessions_.contains(request.session_id)) {
      error = StoreError::kFull;
      return nullptr;
    }
    session = &sessions_[request.session_id];
    session->session_id = request.session_id;
    session->room = true;
    session->paired = true;
    Note(kLoggedRoomOpened, now, session, nullptr);
  }
  if (!session->room) {
    error = StoreError::kNotFound;
    return nullptr;
  }
  if (MemoryMember* there = session->FindById(request.member_id)) return there;
  if (session->members.size() >= request.max_members) {
    error = StoreError::kFull;
    return nullptr;
  }
  MemoryMember& added = session->members.emplace_back();
  added.member_id = request.member_id;
  added.role = Role::kUser;
  added.name = std::move(request.name);
  return &added;
}

StoreResult<Joined> MemoryStore::Impl::Join(JoinRequest request, TimePoint now) {
  StoreError error = StoreError::kNotFound;
  MemoryMember* member = request.open_room ? OpenRoom(request, now, error)
                                           : FindMember(request.session_id, request.member_id);
  if (member == nullptr) return tl::unexpected(error);
  MemorySession* session = Find(request.session_id);
  Cancel(member->due);
  Joined joined;
  // A room forgets who leaves it; who comes back must not have the epoch of a place that is gone.
  joined.epoch = session->room ? ++session->joins : member->place.epoch + 1;
  joined.rejoined = member->place.epoch > 0;
  joined.previous_resume_hash = std::exchange(member->resume_hash, request.resume_hash);
  joined.unused_resume_hashes = std::exchange(member->unused_resume_hashes, {});
  joined.previous = member->place.node_id.empty() ? Place{} : member->place;
  const Place place{std::move(request.node_id), joined.epoch};
  if (!joined.previous.node_id.empty() && joined.previous.node_id != place.node_id) {
    Publish(joined.previous.node_id, {NodeMessage::Kind::kTakenOver,
                                      session->session_id,
                                      member->member_id,
                                      {},
                                      {},
                                      place,
                                      joined.previous.epoch});
  }
  LeftPlace(*session, *member);
  SetPlace(*session, *member, place);
  member->left_notice = std::move(request.left_notice);
  for (MemoryMember& other : session->members) {
    if (!session->Counterparts(*member, other)) continue;
    joined.present.push_back({session->Describe(other), other.place});
    if (!member->announced && !other.place.node_id.empty()) {
      Notify(*session, other, request.joined_notice);
    }
  }
  if (!member->announced) AnnounceMember(*session, *member, protocol::kUserJoined);
  member->announced = true;
  if (!joined.previous.node_id.empty() && now < member->given_until) joined.given = member->given;
  joined.kept = std::exchange(member->kept, {});
  // What was given twice without a sign of life is remembered on.
  member->given = joined.kept.empty() ? joined.given : joined.kept;
  member->given_until = now + kGivenFor;
  member->kept_bytes = 0;
  Note(kLoggedMemberJoined, now, session, member, place.node_id);
  return joined;
}

void MemoryStore::Impl::SetPlace(MemorySession& session, MemoryMember& member, Place place) {
  member.place = std::move(place);
  if (!member.place.node_id.empty()) {
    members_at_[member.place.node_id].emplace(session.session_id, member.member_id);
  }
  std::set<std::string> nodes;
  for (const MemoryMember& other : session.members) {
    if (session.Counterparts(member, other) && !other.place.node_id.empty()) {
      nodes.insert(other.place.node_id);
    }
  }
  for (const std::string& node : nodes) {
    Publish(node, {NodeMessage::Kind::kPlaced,
                   session.session_id,
                   member.member_id,
                   {},
                   {},
                   member.place,
                   member.place.epoch});
  }
}

void MemoryStore::Impl::LeftPlace(MemorySession& session, MemoryMember& member) {
  const auto at = members_at_.find(member.place.node_id);
  if (at == members_at_.end()) return;
  at->second.erase({session.session_id, member.member_id});
  if (at->second.empty()) members_at_.erase(at);
}

bool MemoryStore::Impl::Leave(LeaveRequest request, TimePoint now) {
  MemorySession* session = Find(request.session_id);
  MemoryMember* member = session == nullptr ? nullptr : session->FindById(request.member_id);
  if (member == nullptr || member->place.epoch != request.epoch) return false;
  DueReport report;
  return LeaveNow(*session, *member, request, now, report);
}

bool MemoryStore::Impl::LeaveNow(MemorySession& session, MemoryMember& member,
                                 LeaveRequest& request, TimePoint now, DueReport& report) {
  if (member.place.node_id.empty()) return true;
  Note(kLoggedMemberDisconnecting, now, &session, &member, member.place.node_id);
  LeftPlace(session, member);
  SetPlace(session, member, {{}, member.place.epoch});
  member.given = {};
  member.unused_resume_hashes = std::move(request.unused_resume_hashes);
  if (member.unused_resume_hashes.size() > kMaxResumeHashes) {
    member.unused_resume_hashes.resize(kMaxResumeHashes);
  }
  // The newest of the tail are those that the client is most likely to lack.
  std::size_t bytes = 0;
  auto first = request.tail.end();
  while (first != request.tail.begin() &&
         static_cast<std::size_t>(request.tail.end() - first) < protocol::kMaxKeptMessages) {
    bytes += std::prev(first)->text.size();
    if (bytes > protocol::kMaxKeptBytes) break;
    --first;
  }
  for (; first != request.tail.end(); ++first) Keep(member, std::move(*first));
  if (!session.paired) {
    member.announced = false;
  } else if (request.window.count() == 0) {
    Depart(session, member, now, report);
  } else {
    Schedule(member.due, now + request.window, {&session, member.member_id});
  }
  return true;
}

std::size_t MemoryStore::Impl::Heartbeat(const std::vector<Touch>& members, TimePoint now) {
  // Nothing ends here for want of a heartbeat: a socket has its own deadline, and this store's end
  // is that of its only process.
  std::size_t known = 0;
  for (std::size_t i = 0; i < members.size() && i < kMaxTouches; ++i) {
    MemoryMember* member = FindMember(members[i].session_id, members[i].member_id);
    if (member == nullptr) continue;
    ++known;
    if (member->given_until <= now) member->given = {};
  }
  return known;
}

StoreResult<Routed> MemoryStore::Impl::Route(RouteRequest request) {
  MemorySession* session = Find(request.session_id);
  const bool by_relay = request.from.empty();
  MemoryMember* from = session == nullptr || by_relay ? nullptr : session->FindById(request.from);
  if (session == nullptr || (from == nullptr && !by_relay)) {
    return tl::unexpected(StoreError::kNotFound);
  }
  MemoryMember* target = Target(*session, from, request.to);
  if (target == nullptr) return tl::unexpected(StoreError::kNoTarget);
  if (from != nullptr && !session->Counterparts(*from, *target)) {
    return tl::unexpected(StoreError::kNotAllowed);
  }
  Routed routed;
  routed.to = target->member_id;
  if (!target->place.node_id.empty()) {
    routed.place = target->place;
    return routed;
  }
  if (!Keep(*target, {{}, std::move(request.text)})) return tl::unexpected(StoreError::kFull);
  routed.kept = true;
  return routed;
}

bool MemoryStore::Impl::Notify(MemorySession& session, MemoryMember& target,
                               const std::string& text) {
  if (target.place.node_id.empty()) return Keep(target, {{}, text});
  Publish(target.place.node_id, {NodeMessage::Kind::kDeliver,
                                 session.session_id,
                                 target.member_id,
                                 text,
                                 {},
                                 target.place,
                                 target.place.epoch});
  return true;
}

bool MemoryStore::Impl::Keep(MemoryMember& target, KeptText kept) {
  if (target.kept.size() >= protocol::kMaxKeptMessages ||
      target.kept_bytes + kept.text.size() > protocol::kMaxKeptBytes) {
    return false;
  }
  target.kept_bytes += kept.text.size();
  target.kept.push_back(std::move(kept));
  return true;
}

MemoryMember* MemoryStore::Impl::Target(MemorySession& session, const MemoryMember* from,
                                        const std::string& to) {
  if (!to.empty()) return session.FindById(to);
  if (from == nullptr) return nullptr;
  MemoryMember* only = nullptr;
  for (MemoryMember& other : session.members) {
    if (!session.Counterparts(*from, other)) continue;
    if (only != nullptr) return nullptr;
    only = &other;
  }
  return only;
}

void MemoryStore::Impl::Depart(MemorySession& session, MemoryMember& member, TimePoint now,
                               DueReport& report) {
  Cancel(member.due);
  ++report.departed_members;
  Note(kLoggedMemberLeft, now, &session, &member);
  if (member.announced) AnnounceMember(session, member, protocol::kUserLeft);
  const bool never_came = member.place.epoch == 0;
  const bool display_left = member.role == Role::kDisplay;
  const std::string member_id = member.member_id;
  for (MemoryMember& other : session.members) {
    if (!session.Counterparts(member, other) || member.left_notice.empty()) continue;
    // A user who is away is told who is there when it comes back.
    if (session.room && other.place.node_id.empty()) continue;
    Notify(session, other, member.left_notice);
  }
  if (!display_left) {
    LeftPlace(session, member);
    std::erase_if(session.members, [&](const MemoryMember& m) { return m.member_id == member_id; });
    if (session.members.size() > 1 || session.places_left > 0) return;
    if (session.room) {
      if (!session.members.empty()) return;
      Note(kLoggedRoomClosed, now, &session, nullptr);
      sessions_.erase(session.session_id);
      return;
    }
  }
  ++(never_came ? report.expired_sessions : report.ended_sessions);
  End(session, never_came ? protocol::kReasonExpired : protocol::kReasonUserLeft, now);
}

}  // namespace pairwire::relay

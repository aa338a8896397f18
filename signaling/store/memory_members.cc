// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Members: joining, leaving, where a text for them goes.
#include <algorithm>
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
  announce_(session.session_id(), protocol::ToJson(envelope));
}

void MemoryStore::Impl::AnnounceMember(const MemorySession& session, const MemoryMember& member,
                                       std::string_view type) {
  AnnounceTo(session, type,
             protocol::ToData(protocol::UserPresence{
                 std::string(member.member_id()), std::string(ToString(member.role)), {}}));
}

MemoryMember* MemoryStore::Impl::OpenRoom(JoinRequest& request, TimePoint now, StoreError& error) {
  MemorySession* session = Find(request.session_id);
  if (session == nullptr) {
    if (sessions_.size() >= options_.max_sessions ||
        sessions_.Find(request.session_id) != nullptr) {
      error = StoreError::kFull;
      return nullptr;
    }
    session = &sessions_.Add(std::make_unique<MemorySession>(request.session_id, std::string_view(),
                                                             std::string_view()));
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
  return &session->members.Add(*session, Role::kUser, request.member_id, request.name);
}

// What is given twice without a sign of life is remembered on.
Given MemoryStore::Impl::GivenTo(const Joined& joined) {
  Given given;
  given.texts = joined.kept.empty() ? joined.given.texts : joined.kept;
  std::vector<TokenHash>& hashes = given.resume_hashes;
  if (joined.previous_resume_hash) hashes.push_back(*joined.previous_resume_hash);
  for (const auto* more : {&joined.unused_resume_hashes, &joined.given.resume_hashes}) {
    hashes.insert(hashes.end(), more->begin(), more->end());
  }
  if (hashes.size() > kMaxResumeHashes) hashes.resize(kMaxResumeHashes);
  return given;
}

StoreResult<Joined> MemoryStore::Impl::Join(JoinRequest request, TimePoint now) {
  StoreError error = StoreError::kNotFound;
  MemoryMember* member = request.open_room ? OpenRoom(request, now, error)
                                           : FindMember(request.session_id, request.member_id);
  if (member == nullptr) return tl::unexpected(error);
  MemorySession* session = Find(request.session_id);
  due_.Cancel(*member);
  MemberExtra& extra = member->extra();
  Joined joined;
  if (member->node != 0) joined.previous = PlaceOf(*member);
  joined.rejoined = member->epoch > 0;
  // A room forgets who leaves it; who comes back must not have the epoch of a place that is gone.
  member->epoch = session->room ? ++session->joins : member->epoch + 1;
  joined.epoch = member->epoch;
  joined.previous_resume_hash = std::exchange(extra.resume_hash, request.resume_hash);
  joined.unused_resume_hashes = std::exchange(extra.unused_resume_hashes, {});
  joined.kept = std::exchange(extra.kept, {});
  extra.kept_bytes = 0;
  const bool lives = !joined.previous.node_id.empty();
  if (lives && now < extra.given_until) joined.given = extra.given;
  extra.given = GivenTo(joined);
  extra.given_until = now + kGivenFor;
  const Place place{std::move(request.node_id), joined.epoch};
  if (lives && joined.previous.node_id != place.node_id) {
    Publish(joined.previous.node_id, {NodeMessage::Kind::kTakenOver,
                                      session->session_id(),
                                      std::string(member->member_id()),
                                      {},
                                      {},
                                      place,
                                      joined.previous.epoch});
  }
  LeftPlace(*member);
  SetPlace(*session, *member, names_.NumberOf(place.node_id));
  extra.left_notice = std::move(request.left_notice);
  for (MemoryMember& other : session->members) {
    if (!session->Counterparts(*member, other)) continue;
    joined.present.push_back({session->Describe(other), PlaceOf(other)});
    if (!member->announced && other.node != 0) Notify(*session, other, request.joined_notice);
  }
  if (!member->announced) AnnounceMember(*session, *member, protocol::kUserJoined);
  member->announced = true;
  Note(kLoggedMemberJoined, now, session, member, place.node_id);
  return joined;
}

void MemoryStore::Impl::SetPlace(MemorySession& session, MemoryMember& member, NodeNumber node) {
  member.node = node;
  if (node != 0) {
    std::vector<MemoryMember*>& at = MembersAt(node);
    member.place_at_node = static_cast<std::uint32_t>(at.size());
    at.push_back(&member);
  }
  std::vector<NodeNumber> told;
  for (const MemoryMember& other : session.members) {
    if (!session.Counterparts(member, other) || other.node == 0) continue;
    if (std::find(told.begin(), told.end(), other.node) != told.end()) continue;
    told.push_back(other.node);
    Publish(names_.NameOf(other.node), {NodeMessage::Kind::kPlaced,
                                        session.session_id(),
                                        std::string(member.member_id()),
                                        {},
                                        {},
                                        PlaceOf(member),
                                        member.epoch});
  }
}

std::vector<MemoryMember*>& MemoryStore::Impl::MembersAt(NodeNumber node) {
  if (members_at_.size() <= node) members_at_.resize(node + 1);
  return members_at_[node];
}

void MemoryStore::Impl::LeftPlace(MemoryMember& member) {
  if (member.node == 0) return;
  std::vector<MemoryMember*>& at = members_at_[std::exchange(member.node, 0)];
  at[member.place_at_node] = at.back();
  at.back()->place_at_node = member.place_at_node;
  at.pop_back();
  if (at.size() < at.capacity() / 8) at.shrink_to_fit();
}

bool MemoryStore::Impl::Leave(LeaveRequest request, TimePoint now) {
  MemorySession* session = Find(request.session_id);
  MemoryMember* member = session == nullptr ? nullptr : session->FindById(request.member_id);
  if (member == nullptr) return false;
  if (request.unheard) {
    if (member->node == 0 || member->extra().resume_hash != request.unheard) return false;
    KeepGiven(*member, request, now);
  } else if (member->epoch != request.epoch) {
    return false;
  }
  DueReport report;
  return LeaveNow(*session, *member, request, now, report);
}

void MemoryStore::Impl::KeepGiven(MemoryMember& member, LeaveRequest& leave, TimePoint now) {
  if (now >= member.extra().given_until) return;
  leave.tail = std::move(member.extra().given.texts);
  leave.unused_resume_hashes = std::move(member.extra().given.resume_hashes);
}

bool MemoryStore::Impl::LeaveNow(MemorySession& session, MemoryMember& member,
                                 LeaveRequest& request, TimePoint now, DueReport& report) {
  if (member.node == 0) return true;
  Note(kLoggedMemberDisconnecting, now, &session, &member, names_.NameOf(member.node));
  LeftPlace(member);
  SetPlace(session, member, 0);
  MemberExtra& extra = member.extra();
  extra.given = {};
  extra.unused_resume_hashes = std::move(request.unused_resume_hashes);
  if (extra.unused_resume_hashes.size() > kMaxResumeHashes) {
    extra.unused_resume_hashes.resize(kMaxResumeHashes);
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
    due_.Set(member, now + request.window);
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
    if (member->rare && member->rare->given_until <= now) member->rare->given = {};
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
  routed.to = target->member_id();
  if (target->node != 0) {
    routed.place = PlaceOf(*target);
    return routed;
  }
  if (!Keep(*target, {{}, std::move(request.text)})) return tl::unexpected(StoreError::kFull);
  routed.kept = true;
  return routed;
}

bool MemoryStore::Impl::Notify(MemorySession& session, MemoryMember& target,
                               std::string_view text) {
  if (target.node == 0) return Keep(target, {{}, std::string(text)});
  Publish(names_.NameOf(target.node), {NodeMessage::Kind::kDeliver,
                                       session.session_id(),
                                       std::string(target.member_id()),
                                       std::string(text),
                                       {},
                                       PlaceOf(target),
                                       target.epoch});
  return true;
}

bool MemoryStore::Impl::Keep(MemoryMember& target, KeptText kept) {
  MemberExtra& extra = target.extra();
  if (extra.kept.size() >= protocol::kMaxKeptMessages ||
      extra.kept_bytes + kept.text.size() > protocol::kMaxKeptBytes) {
    return false;
  }
  extra.kept_bytes += kept.text.size();
  extra.kept.push_back(std::move(kept));
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
  due_.Cancel(member);
  ++report.departed_members;
  Note(kLoggedMemberLeft, now, &session, &member);
  if (member.announced) AnnounceMember(session, member, protocol::kUserLeft);
  const bool never_came = member.epoch == 0;
  const bool display_left = member.role == Role::kDisplay;
  for (MemoryMember& other : session.members) {
    if (!session.Counterparts(member, other) || member.left_notice().empty()) continue;
    // A user who is away is told who is there when it comes back.
    if (session.room && other.node == 0) continue;
    Notify(session, other, member.left_notice());
  }
  if (!display_left) {
    LeftPlace(member);
    session.members.Remove(member);
    if (session.members.size() > 1 || session.places_left > 0) return;
    if (session.room) {
      if (!session.members.empty()) return;
      Note(kLoggedRoomClosed, now, &session, nullptr);
      sessions_.Erase(session);
      return;
    }
  }
  ++(never_came ? report.expired_sessions : report.ended_sessions);
  End(session, never_came ? protocol::kReasonExpired : protocol::kReasonUserLeft, now);
}

}  // namespace pairwire::relay

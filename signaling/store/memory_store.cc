// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/store/memory_store.h"

#include <algorithm>
#include <utility>

#include "signaling/protocol/events.h"
#include "signaling/protocol/limits.h"
#include "signaling/protocol/session_messages.h"
#include "signaling/store/memory_store_impl.h"

namespace pairwire::relay {

StoreResult<Registered> MemoryStore::Impl::RegisterSession(NewSession asked, TimePoint now) {
  if (sessions_.size() >= options_.max_sessions || sessions_.Find(asked.session_id) != nullptr ||
      !meets_.HasRoom(asked.meets.size())) {
    return tl::unexpected(StoreError::kFull);
  }
  auto made = std::make_unique<MemorySession>(asked.session_id, asked.display_id, asked.design_id);
  std::optional<std::string> code = std::string();
  if (!asked.codeless) code = codes_.Take(*made, asked.plain, asked.draws, now);
  if (!code) return tl::unexpected(StoreError::kFull);
  const std::size_t replaced = Replace(asked.meets, now);
  MemorySession& session = sessions_.Add(std::move(made));
  meets_.Add(session, std::move(asked.meets));
  session.code = CodeBook::NumberOf(*code);
  session.code_expires = now + asked.waiting_ttl;
  session.places_left = asked.max_controllers;
  MemoryMember& display = session.members.Add(session, Role::kDisplay, asked.member_id, asked.name);
  display.token_hash = asked.token_hash;
  due_.Set(session, session.code_expires);
  ++waiting_;
  Note(kLoggedSessionRegistered, now, &session, &display);
  return Registered{std::move(*code), session.code_expires, replaced};
}

std::size_t MemoryStore::Impl::Replace(const std::vector<TokenHash>& meets, TimePoint now) {
  std::size_t replaced = 0;
  for (const TokenHash& meet : meets) {
    const auto holder = meets_.Find(meet);
    if (!holder) continue;
    End(*holder->session, protocol::kReasonReplaced, now);
    ++replaced;
  }
  return replaced;
}

StoreResult<Claimed> MemoryStore::Impl::ClaimCode(Claim claim, TimePoint now) {
  const auto met = claim.meet ? meets_.Find(*claim.meet) : std::nullopt;
  MemorySession* session = met ? met->session : (claim.meet ? nullptr : codes_.Find(claim.code));
  // What is due but not claimed yet is over already.
  if (session == nullptr || session->code_expires <= now) {
    return tl::unexpected(StoreError::kNotFound);
  }
  if (!session->paired) {
    session->paired = true;
    --waiting_;
  }
  if (--session->places_left == 0) {
    ReleaseCode(*session, now);
    due_.Cancel(*session);
  }
  MemoryMember& controller =
      session->members.Add(*session, Role::kController, claim.member_id, claim.name);
  controller.token_hash = claim.token_hash;
  controller.extra().left_notice = std::move(claim.left_notice);
  due_.Set(controller, now + claim.join_within);
  Note(kLoggedCodeClaimed, now, session, &controller, {}, met ? kLoggedByMeet : std::string_view());
  if (met) protocol::AddMeet(claim.ready_data, met->index);
  MemoryMember& display = session->display();
  if (display.node == 0 && !display.is_due_set()) due_.Set(display, now + claim.join_within);
  const SessionEvent& event = Log(*session, protocol::kPairingReady, std::move(claim.ready_data));
  for (const std::string& node : NodesOf(*session, /*display_only=*/true)) {
    Publish(node, {NodeMessage::Kind::kEvent,
                   session->session_id(),
                   std::string(display.member_id()),
                   {},
                   event,
                   {},
                   0});
  }
  return Claimed{session->session_id(), session->display_id(), display.name()};
}

StoreResult<Member> MemoryStore::Impl::FindMember(const std::string& session_id,
                                                  const TokenHash& hash) {
  MemorySession* session = Find(session_id);
  const bool has_tokens = session != nullptr && !session->room;
  MemoryMember* member = has_tokens ? session->FindByHash(hash) : nullptr;
  if (member == nullptr) return tl::unexpected(StoreError::kNotFound);
  return session->Describe(*member);
}

StoreResult<OpenedEvents> MemoryStore::Impl::OpenEvents(const std::string& session_id,
                                                        const TokenHash& hash,
                                                        const std::string& node_id,
                                                        std::uint64_t after) {
  MemorySession* session = Find(session_id, /*also_ended=*/true);
  if (session == nullptr || session->room || !SameHash(session->display().token_hash, hash)) {
    return tl::unexpected(StoreError::kNotFound);
  }
  OpenedEvents opened;
  opened.ended = session->ended;
  const std::uint64_t first = session->last_event_id - session->logged() + 1;
  for (std::size_t i = 0; i < session->logged(); ++i) {
    if (first + i > after) opened.events.push_back((*session->log)[i]);
  }
  if (session->ended && opened.events.empty()) return tl::unexpected(StoreError::kNotFound);
  opened.epoch = ++session->watch_epoch;
  const NodeNumber node = names_.NumberOf(node_id);
  if (!session->ended && session->watch_node != 0 && session->watch_node != node) {
    Publish(names_.NameOf(session->watch_node),
            {NodeMessage::Kind::kWatchMoved, session_id, {}, {}, {}, {}, opened.epoch});
  }
  session->watch_node = node;
  return opened;
}

StoreResult<Member> MemoryStore::Impl::Terminate(const std::string& session_id,
                                                 const TokenHash& hash, std::string_view reason,
                                                 TimePoint now) {
  StoreResult<Member> by = FindMember(session_id, hash);
  if (by) End(*Find(session_id), reason, now);
  return by;
}

DueReport MemoryStore::Impl::ClaimDue(TimePoint now, std::size_t limit) {
  codes_.Purge(now);
  DueReport report;
  for (; limit > 0 && !due_.empty() && due_.next() <= now; --limit) {
    auto& work = static_cast<DueWork&>(due_.first());
    switch (work.kind) {
      case DueKind::kSession:
        ExpireSession(static_cast<MemorySession&>(work), now, report);
        break;
      case DueKind::kMember: {
        auto& member = static_cast<MemoryMember&>(work);
        Depart(member.session, member, now, report);
        break;
      }
      case DueKind::kNode:
        NodeDied(static_cast<MemoryNode&>(work), now, report);
        break;
    }
  }
  report.more = !due_.empty() && due_.next() <= now;
  return report;
}

const SessionEvent& MemoryStore::Impl::Log(MemorySession& session, std::string_view type,
                                           std::string data) {
  if (!session.log) session.log = std::make_unique<std::vector<SessionEvent>>();
  std::vector<SessionEvent>& log = *session.log;
  if (log.size() >= protocol::kMaxLoggedEvents) log.erase(log.begin());
  log.push_back({std::to_string(++session.last_event_id), std::string(type), {std::move(data)}});
  return log.back();
}

std::vector<std::string> MemoryStore::Impl::NodesOf(const MemorySession& session,
                                                    bool display_only) const {
  std::vector<std::string> nodes;
  const auto add = [&](NodeNumber number) {
    const std::string& node = names_.NameOf(number);
    if (!node.empty() && std::find(nodes.begin(), nodes.end(), node) == nodes.end()) {
      nodes.push_back(node);
    }
  };
  add(session.watch_node);
  for (const MemoryMember& member : session.members) {
    if (!display_only || member.role == Role::kDisplay) add(member.node);
  }
  return nodes;
}

void MemoryStore::Impl::ReleaseCode(MemorySession& session, TimePoint now) {
  codes_.Release(session.code, now);
  session.code = 0;
  meets_.Release(session);
}

void MemoryStore::Impl::End(MemorySession& session, std::string_view reason, TimePoint now) {
  ReleaseCode(session, now);
  if (!session.paired) --waiting_;
  const std::string data = protocol::ToData(protocol::SessionTerminated{std::string(reason)}).text;
  const SessionEvent& event = Log(session, protocol::kSessionTerminated, data);
  for (const std::string& node : NodesOf(session, /*display_only=*/false)) {
    Publish(node, {NodeMessage::Kind::kEnded, session.session_id(), {}, {}, event, {}, 0});
  }
  Note(kLoggedSessionEnded, now, &session, nullptr, {}, reason);
  AnnounceTo(session, protocol::kSessionTerminated, {data});
  for (MemoryMember& member : session.members) {
    due_.Cancel(member);
    LeftPlace(member);
  }
  // Only what a poll after the end needs stays: the hash and the log.
  const TokenHash hash = session.display().token_hash;
  session.members.Clear();
  session.members.Add(session, Role::kDisplay, {}, {}).token_hash = hash;
  session.ended = true;
  ++ended_;
  due_.Set(session, now + options_.ended_linger);
}

void MemoryStore::Impl::ExpireSession(MemorySession& session, TimePoint now, DueReport& report) {
  due_.Cancel(session);
  if (session.ended) {
    --ended_;
    sessions_.Erase(session);
    return;
  }
  // With controllers in it only the code ends; the rest lives on.
  session.places_left = 0;
  ReleaseCode(session, now);
  if (session.members.size() > 1) return Note(kLoggedCodeExpired, now, &session, nullptr);
  ++report.expired_sessions;
  End(session, protocol::kReasonExpired, now);
}

MemoryStore::MemoryStore(Executor& executor, MemoryStoreOptions options)
    : MemoryStore(executor, {}, options) {}

MemoryStore::MemoryStore(Executor& executor, NowFunction now, MemoryStoreOptions options)
    : impl_(std::make_unique<Impl>(executor, std::move(now), options)) {}
MemoryStore::~MemoryStore() = default;

void MemoryStore::Subscribe(const std::string& node_id, NodeHandler& handler) {
  impl_->Subscribe(node_id, handler);
}
void MemoryStore::Unsubscribe(const std::string& node_id) { impl_->Unsubscribe(node_id); }

void MemoryStore::RegisterSession(NewSession session, TimePoint now, StoreReply<Registered> reply) {
  impl_->Answer(std::move(reply), impl_->RegisterSession(std::move(session), now));
}
void MemoryStore::ClaimCode(Claim claim, TimePoint now, StoreReply<Claimed> reply) {
  impl_->Answer(std::move(reply), impl_->ClaimCode(std::move(claim), now));
}
void MemoryStore::FindMember(const std::string& session_id, const TokenHash& token_hash,
                             TimePoint /*now*/, StoreReply<Member> reply) {
  impl_->Answer(std::move(reply), impl_->FindMember(session_id, token_hash));
}
void MemoryStore::OpenEvents(const std::string& session_id, const TokenHash& token_hash,
                             const std::string& node_id, std::uint64_t after, TimePoint /*now*/,
                             StoreReply<OpenedEvents> reply) {
  impl_->Answer(std::move(reply), impl_->OpenEvents(session_id, token_hash, node_id, after));
}
void MemoryStore::Join(JoinRequest request, TimePoint now, StoreReply<Joined> reply) {
  impl_->Answer(std::move(reply), impl_->Join(std::move(request), now));
}
void MemoryStore::Leave(LeaveRequest request, TimePoint now, StoreReply<bool> reply) {
  impl_->Answer(std::move(reply), StoreResult<bool>(impl_->Leave(std::move(request), now)));
}
void MemoryStore::Heartbeat(std::vector<Touch> members, TimePoint now,
                            StoreReply<std::size_t> reply) {
  impl_->Answer(std::move(reply), StoreResult<std::size_t>(impl_->Heartbeat(members, now)));
}
void MemoryStore::Route(RouteRequest request, TimePoint /*now*/, StoreReply<Routed> reply) {
  impl_->Answer(std::move(reply), impl_->Route(std::move(request)));
}
void MemoryStore::Terminate(const std::string& session_id, const TokenHash& token_hash,
                            std::string_view reason, TimePoint now, StoreReply<Member> reply) {
  impl_->Answer(std::move(reply), impl_->Terminate(session_id, token_hash, reason, now));
}
void MemoryStore::ClaimDue(TimePoint now, std::size_t limit, StoreReply<DueReport> reply) {
  impl_->Answer(std::move(reply), StoreResult<DueReport>(impl_->ClaimDue(now, limit)));
}
TimePoint MemoryStore::NextDue() const { return impl_->NextDue(); }
StoreSizes MemoryStore::Sizes() const { return impl_->Sizes(); }
void MemoryStore::OnAnnouncement(Announce announce) { impl_->OnAnnouncement(std::move(announce)); }
Registry& MemoryStore::registry() { return *impl_; }
EventLog& MemoryStore::events() { return *impl_; }

}  // namespace pairwire::relay

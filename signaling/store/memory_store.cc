// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/store/memory_store.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <utility>

#include "signaling/protocol/events.h"
#include "signaling/protocol/limits.h"
#include "signaling/protocol/session_messages.h"
#include "signaling/store/code_book.h"
#include "signaling/store/memory_session.h"

namespace pairwire::relay {

class MemoryStore::Impl {
 public:
  Impl(Executor& executor, MemoryStoreOptions options)
      : executor_(executor), options_(options), codes_(options.max_codes, options.code_rest) {}

  void Subscribe(const std::string& node_id, NodeHandler& handler) { nodes_[node_id] = &handler; }
  void Unsubscribe(const std::string& node_id) { nodes_.erase(node_id); }

  template <typename T>
  void Answer(StoreReply<T> reply, StoreResult<T> result) {
    executor_.Post([alive = std::weak_ptr<char>(alive_), reply = std::move(reply),
                    result = std::move(result)]() mutable {
      if (!alive.expired()) reply(std::move(result));
    });
  }

  StoreResult<Registered> RegisterSession(NewSession asked, TimePoint now);
  StoreResult<Claimed> ClaimCode(Claim claim, TimePoint now);
  StoreResult<Member> FindMember(const std::string& session_id, const TokenHash& hash);
  StoreResult<OpenedEvents> OpenEvents(const std::string& session_id, const TokenHash& hash,
                                       const std::string& node_id, std::uint64_t after);
  StoreResult<Joined> Join(JoinRequest request);
  void Leave(const std::string& session_id, const std::string& member_id, std::uint64_t epoch,
             std::chrono::milliseconds window, TimePoint now);
  StoreResult<Routed> Route(RouteRequest request);
  StoreResult<Member> Terminate(const std::string& session_id, const TokenHash& hash,
                                std::string_view reason, TimePoint now);
  DueReport ClaimDue(TimePoint now, std::size_t limit);
  TimePoint NextDue() const { return due_.empty() ? TimePoint::max() : due_.begin()->first; }
  StoreSizes Sizes() const {
    return {sessions_.size() - ended_, waiting_, ended_, codes_.resting(), due_.size()};
  }

 private:
  MemorySession* Find(const std::string& session_id, bool also_ended = false) {
    const auto found = sessions_.find(session_id);
    if (found == sessions_.end() || (found->second.ended && !also_ended)) return nullptr;
    return &found->second;
  }

  void Schedule(DueHandle& handle, TimePoint when, DueWork work) {
    Cancel(handle);
    handle = due_.emplace(when, std::move(work));
  }
  void Cancel(DueHandle& handle) {
    if (handle) due_.erase(*handle);
    handle.reset();
  }

  void Publish(const std::string& node_id, NodeMessage message) {
    executor_.Post(
        [this, alive = std::weak_ptr<char>(alive_), node_id, message = std::move(message)] {
          if (alive.expired()) return;
          const auto node = nodes_.find(node_id);
          if (node != nodes_.end()) node->second->OnNodeMessage(message);
        });
  }

  const SessionEvent& Log(MemorySession& session, std::string_view type, std::string data);
  std::vector<std::string> NodesOf(const MemorySession& session, bool display_only) const;
  StoreResult<Routed> DeliverOrKeep(MemorySession& session, MemoryMember& target, std::string text);
  MemoryMember* Target(MemorySession& session, const MemoryMember& from, const std::string& to);
  void ReleaseCode(MemorySession& session, TimePoint now);
  void End(MemorySession& session, std::string_view reason, TimePoint now);
  void Depart(MemorySession& session, MemoryMember& member, TimePoint now, DueReport& report);
  void ExpireSession(MemorySession& session, TimePoint now, DueReport& report);

  Executor& executor_;
  const MemoryStoreOptions options_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  std::unordered_map<std::string, NodeHandler*> nodes_;
  // Nodes of the map do not move, so due work may point at them.
  std::unordered_map<std::string, MemorySession> sessions_;
  CodeBook codes_;
  DueQueue due_;
  std::size_t waiting_ = 0;
  std::size_t ended_ = 0;
};

StoreResult<Registered> MemoryStore::Impl::RegisterSession(NewSession asked, TimePoint now) {
  if (sessions_.size() >= options_.max_sessions || sessions_.contains(asked.session_id)) {
    return tl::unexpected(StoreError::kFull);
  }
  auto code = codes_.Take(asked.session_id, asked.plain, asked.draws, now);
  if (!code) return tl::unexpected(StoreError::kFull);
  MemorySession& session = sessions_[asked.session_id];
  session.session_id = asked.session_id;
  session.display_id = std::move(asked.display_id);
  session.design_id = std::move(asked.design_id);
  session.code = *code;
  session.code_expires = now + asked.waiting_ttl;
  session.places_left = asked.max_controllers;
  MemoryMember& display = session.members.emplace_back();
  display.member_id = std::move(asked.member_id);
  display.name = std::move(asked.name);
  display.token_hash = asked.token_hash;
  Schedule(session.due, session.code_expires, {&session, {}});
  ++waiting_;
  return Registered{std::move(*code), session.code_expires};
}

StoreResult<Claimed> MemoryStore::Impl::ClaimCode(Claim claim, TimePoint now) {
  const std::string* session_id = codes_.Find(claim.code);
  MemorySession* session = session_id == nullptr ? nullptr : Find(*session_id);
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
    Cancel(session->due);
  }
  MemoryMember& controller = session->members.emplace_back();
  controller.member_id = std::move(claim.member_id);
  controller.role = Role::kController;
  controller.name = std::move(claim.name);
  controller.token_hash = claim.token_hash;
  controller.left_notice = std::move(claim.left_notice);
  Schedule(controller.due, now + claim.join_within, {session, controller.member_id});
  MemoryMember& display = session->display();
  if (display.node_id.empty() && !display.due) {
    Schedule(display.due, now + claim.join_within, {session, display.member_id});
  }
  const SessionEvent& event = Log(*session, protocol::kPairingReady, std::move(claim.ready_data));
  for (const std::string& node : NodesOf(*session, /*display_only=*/true)) {
    Publish(node,
            {NodeMessage::Kind::kEvent, session->session_id, display.member_id, {}, event, 0});
  }
  return Claimed{session->session_id, session->display_id, display.name};
}

StoreResult<Member> MemoryStore::Impl::FindMember(const std::string& session_id,
                                                  const TokenHash& hash) {
  MemorySession* session = Find(session_id);
  MemoryMember* member = session == nullptr ? nullptr : session->FindByHash(hash);
  if (member == nullptr) return tl::unexpected(StoreError::kNotFound);
  return session->Describe(*member);
}

StoreResult<OpenedEvents> MemoryStore::Impl::OpenEvents(const std::string& session_id,
                                                        const TokenHash& hash,
                                                        const std::string& node_id,
                                                        std::uint64_t after) {
  MemorySession* session = Find(session_id, /*also_ended=*/true);
  if (session == nullptr || !SameHash(session->display().token_hash, hash)) {
    return tl::unexpected(StoreError::kNotFound);
  }
  OpenedEvents opened;
  opened.ended = session->ended;
  const std::uint64_t first = session->last_event_id - session->log.size() + 1;
  for (std::size_t i = 0; i < session->log.size(); ++i) {
    if (first + i > after) opened.events.push_back(session->log[i]);
  }
  if (session->ended && opened.events.empty()) return tl::unexpected(StoreError::kNotFound);
  opened.epoch = ++session->watch_epoch;
  if (!session->ended && !session->watch_node.empty() && session->watch_node != node_id) {
    Publish(session->watch_node,
            {NodeMessage::Kind::kWatchMoved, session_id, {}, {}, {}, opened.epoch});
  }
  session->watch_node = node_id;
  return opened;
}

StoreResult<Joined> MemoryStore::Impl::Join(JoinRequest request) {
  MemorySession* session = Find(request.session_id);
  MemoryMember* member = session == nullptr ? nullptr : session->FindById(request.member_id);
  if (member == nullptr) return tl::unexpected(StoreError::kNotFound);
  Cancel(member->due);
  Joined joined;
  joined.epoch = member->epoch + 1;
  joined.rejoined = member->epoch > 0;
  joined.previous_resume_hash = std::exchange(member->resume_hash, request.resume_hash);
  if (!member->node_id.empty() && member->node_id != request.node_id) {
    Publish(member->node_id, {NodeMessage::Kind::kTakenOver,
                              session->session_id,
                              member->member_id,
                              {},
                              {},
                              joined.epoch});
  }
  member->epoch = joined.epoch;
  member->node_id = std::move(request.node_id);
  member->left_notice = std::move(request.left_notice);
  for (MemoryMember& other : session->members) {
    if (other.role == member->role || other.node_id.empty()) continue;
    joined.present.push_back(session->Describe(other));
    if (!member->announced) DeliverOrKeep(*session, other, request.joined_notice);
  }
  member->announced = true;
  joined.kept.assign(std::make_move_iterator(member->kept.begin()),
                     std::make_move_iterator(member->kept.end()));
  member->kept.clear();
  member->kept_bytes = 0;
  return joined;
}

void MemoryStore::Impl::Leave(const std::string& session_id, const std::string& member_id,
                              std::uint64_t epoch, std::chrono::milliseconds window,
                              TimePoint now) {
  MemorySession* session = Find(session_id);
  MemoryMember* member = session == nullptr ? nullptr : session->FindById(member_id);
  if (member == nullptr || member->epoch != epoch || member->node_id.empty()) return;
  member->node_id.clear();
  if (session->paired) {
    Schedule(member->due, now + window, {session, member_id});
  } else {
    member->announced = false;
  }
}

StoreResult<Routed> MemoryStore::Impl::Route(RouteRequest request) {
  MemorySession* session = Find(request.session_id);
  MemoryMember* from = session == nullptr ? nullptr : session->FindById(request.from);
  if (from == nullptr) return tl::unexpected(StoreError::kNotFound);
  MemoryMember* target = Target(*session, *from, request.to);
  if (target == nullptr) return tl::unexpected(StoreError::kNoTarget);
  if (target->role == from->role) return tl::unexpected(StoreError::kNotAllowed);
  return DeliverOrKeep(*session, *target, std::move(request.text));
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
  for (; limit > 0 && !due_.empty() && due_.begin()->first <= now; --limit) {
    const DueWork work = due_.begin()->second;
    if (!work.member_id.empty()) {
      Depart(*work.session, *work.session->FindById(work.member_id), now, report);
    } else {
      ExpireSession(*work.session, now, report);
    }
  }
  report.more = !due_.empty() && due_.begin()->first <= now;
  return report;
}

const SessionEvent& MemoryStore::Impl::Log(MemorySession& session, std::string_view type,
                                           std::string data) {
  if (session.log.size() >= protocol::kMaxLoggedEvents) session.log.pop_front();
  session.log.push_back(
      {std::to_string(++session.last_event_id), std::string(type), {std::move(data)}});
  return session.log.back();
}

std::vector<std::string> MemoryStore::Impl::NodesOf(const MemorySession& session,
                                                    bool display_only) const {
  std::vector<std::string> nodes;
  const auto add = [&nodes](const std::string& node) {
    if (!node.empty() && std::find(nodes.begin(), nodes.end(), node) == nodes.end()) {
      nodes.push_back(node);
    }
  };
  add(session.watch_node);
  for (const MemoryMember& member : session.members) {
    if (!display_only || member.role == Role::kDisplay) add(member.node_id);
  }
  return nodes;
}

StoreResult<Routed> MemoryStore::Impl::DeliverOrKeep(MemorySession& session, MemoryMember& target,
                                                     std::string text) {
  if (!target.node_id.empty()) {
    Publish(target.node_id, {NodeMessage::Kind::kDeliver,
                             session.session_id,
                             target.member_id,
                             std::move(text),
                             {},
                             target.epoch});
    return Routed{false};
  }
  if (target.kept.size() >= protocol::kMaxKeptMessages ||
      target.kept_bytes + text.size() > protocol::kMaxKeptBytes) {
    return tl::unexpected(StoreError::kFull);
  }
  target.kept_bytes += text.size();
  target.kept.push_back(std::move(text));
  return Routed{true};
}

MemoryMember* MemoryStore::Impl::Target(MemorySession& session, const MemoryMember& from,
                                        const std::string& to) {
  if (!to.empty()) return session.FindById(to);
  if (from.role == Role::kController) return &session.display();
  return session.members.size() == 2 ? &session.members.back() : nullptr;
}

void MemoryStore::Impl::ReleaseCode(MemorySession& session, TimePoint now) {
  if (!session.code.empty()) codes_.Release(session.code, now);
  session.code.clear();
}

void MemoryStore::Impl::End(MemorySession& session, std::string_view reason, TimePoint now) {
  ReleaseCode(session, now);
  if (!session.paired) --waiting_;
  const std::string data = protocol::ToData(protocol::SessionTerminated{std::string(reason)}).text;
  const SessionEvent& event = Log(session, protocol::kSessionTerminated, data);
  for (const std::string& node : NodesOf(session, /*display_only=*/false)) {
    Publish(node, {NodeMessage::Kind::kEnded, session.session_id, {}, {}, event, 0});
  }
  for (MemoryMember& member : session.members) Cancel(member.due);
  // Only what a poll after the end needs stays: the hash and the log.
  MemoryMember display;
  display.token_hash = session.display().token_hash;
  session.members.clear();
  session.members.push_back(std::move(display));
  session.ended = true;
  ++ended_;
  Schedule(session.due, now + options_.ended_linger, {&session, {}});
}

void MemoryStore::Impl::Depart(MemorySession& session, MemoryMember& member, TimePoint now,
                               DueReport& report) {
  Cancel(member.due);
  ++report.departed_members;
  const bool never_came = member.epoch == 0;
  const bool display_left = member.role == Role::kDisplay;
  const std::string member_id = member.member_id;
  for (MemoryMember& other : session.members) {
    if (other.role == member.role || member.left_notice.empty()) continue;
    DeliverOrKeep(session, other, member.left_notice);
  }
  if (!display_left) {
    std::erase_if(session.members, [&](const MemoryMember& m) { return m.member_id == member_id; });
    if (session.members.size() > 1 || session.places_left > 0) return;
  }
  ++(never_came ? report.expired_sessions : report.ended_sessions);
  End(session, never_came ? protocol::kReasonExpired : protocol::kReasonUserLeft, now);
}

void MemoryStore::Impl::ExpireSession(MemorySession& session, TimePoint now, DueReport& report) {
  Cancel(session.due);
  if (session.ended) {
    --ended_;
    sessions_.erase(session.session_id);
    return;
  }
  // With controllers in it only the code ends; the rest lives on.
  session.places_left = 0;
  ReleaseCode(session, now);
  if (session.members.size() > 1) return;
  ++report.expired_sessions;
  End(session, protocol::kReasonExpired, now);
}

MemoryStore::MemoryStore(Executor& executor, MemoryStoreOptions options)
    : impl_(std::make_unique<Impl>(executor, options)) {}
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
void MemoryStore::Join(JoinRequest request, TimePoint /*now*/, StoreReply<Joined> reply) {
  impl_->Answer(std::move(reply), impl_->Join(std::move(request)));
}
void MemoryStore::Leave(const std::string& session_id, const std::string& member_id,
                        std::uint64_t epoch, std::chrono::milliseconds window, TimePoint now) {
  impl_->Leave(session_id, member_id, epoch, window, now);
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

}  // namespace pairwire::relay

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What goes from a member's socket to its next one, here or on another node: tails, handovers, and
// texts that come while neither is there.
#include <algorithm>
#include <utility>

#include "signaling/core/relay_impl.h"
#include "signaling/protocol/events.h"

namespace pairwire::relay {

Relay::Impl::Former* Relay::Impl::FindFormer(LocalMember& local, std::uint64_t epoch) {
  for (Former& former : local.formers) {
    if (former.epoch == epoch) return &former;
  }
  return nullptr;
}

void Relay::Impl::EraseFormer(LocalMember& local, std::uint64_t epoch) {
  Former* found = FindFormer(local, epoch);
  if (found == nullptr) return;
  deadlines_.Cancel(found->due);
  std::vector<Pending> late = std::move(found->late);
  std::erase_if(local.formers, [epoch](const Former& former) { return former.epoch == epoch; });
  RefuseAll(std::move(late));
}

void Relay::Impl::AddFormer(const std::string& member_id, LocalMember& local, Former former) {
  const std::uint64_t epoch = former.epoch;
  if (local.formers.size() >= kMaxFormers) EraseFormer(local, local.formers.front().epoch);
  if (former.awaiting) {
    deadlines_.Schedule(former.due, now_ + kGhostHandoverWait,
                        {Work::Kind::kFormer, epoch, member_id, {}});
  }
  local.formers.push_back(std::move(former));
}

void Relay::Impl::Leave(const std::string& member_id, std::uint64_t epoch) {
  LocalMember* local = FindMember(member_id);
  Former* former = local == nullptr ? nullptr : FindFormer(*local, epoch);
  if (former == nullptr) return;
  former->leaving = true;
  const auto window = former->for_good ? std::chrono::milliseconds(0) : options_.resume_window;
  store_.Leave(
      {local->session_id, IdOf(member_id), epoch, window, former->tail, former->resume_hashes},
      now_, Guarded([this, member_id, epoch](StoreResult<bool> left) {
        OnLeft(member_id, epoch, left);
      }));
}

void Relay::Impl::OnLeft(const std::string& member_id, std::uint64_t epoch,
                         StoreResult<bool> left) {
  LocalMember* local = FindMember(member_id);
  Former* former = local == nullptr ? nullptr : FindFormer(*local, epoch);
  if (former == nullptr) return;
  if (!left) {
    ++counters_.store_errors;
    deadlines_.Schedule(former->due, now_ + kStepRetry,
                        {Work::Kind::kFormer, epoch, member_id, {}});
    return GiveUpLate(member_id, epoch);
  }
  if (*left) return EraseFormer(*local, epoch);
  // A newer join is there, and whoever it is will ask for the tail; or the session is over.
  former->leaving = false;
  RefuseAll(std::exchange(former->late, {}));
}

void Relay::Impl::GiveUpLate(const std::string& member_id, std::uint64_t epoch) {
  Former* former = FindFormer(members_.at(member_id), epoch);
  // Those from other nodes are given up there.
  std::vector<std::uint64_t> overdue;
  std::erase_if(former->late, [&](const Pending& pending) {
    const auto found = in_flight_.find(pending.origin.local_tag);
    if (found == in_flight_.end() || found->second.outgoing.deadline > now_) return false;
    overdue.push_back(found->first);
    return true;
  });
  for (const std::uint64_t tag : overdue) OnSettled(tag, Settled::kUnreachable, {});
}

void Relay::Impl::OnFormerDue(const std::string& member_id, std::uint64_t epoch) {
  LocalMember& local = members_.at(member_id);
  Former* former = FindFormer(local, epoch);
  deadlines_.Cancel(former->due);
  if (former->awaiting) return FinishHandover(member_id, epoch, /*nobody_knew=*/true);
  if (former->leaving) Leave(member_id, epoch);
}

void Relay::Impl::OnUnheard(const std::string& member_id, const TokenHash& joined_as) {
  LocalMember* local = FindMember(member_id);
  if (local == nullptr) return;
  if (local->unheard.size() >= kMaxResumeHashes) local->unheard.erase(local->unheard.begin());
  local->unheard.push_back(joined_as);
  LeaveUnheard(member_id, joined_as);
  if (local->joins_pending > 0) return;
  for (const auto& [epoch, by] : std::exchange(local->taken_early, {})) {
    links_.Handover(by.node_id, local->session_id, IdOf(member_id), by.epoch, {}, std::nullopt,
                    now_ + NodeLinks::kGiveUp);
  }
}

void Relay::Impl::LeaveUnheard(const std::string& member_id, const TokenHash& joined_as) {
  LeaveRequest leave;
  leave.session_id = members_.at(member_id).session_id;
  leave.member_id = IdOf(member_id);
  leave.window = options_.resume_window;
  leave.unheard = joined_as;
  store_.Leave(std::move(leave), now_,
               Guarded([this, member_id, joined_as](StoreResult<bool> left) {
                 LocalMember* local = FindMember(member_id);
                 if (local == nullptr) return;
                 if (left) return void(std::erase(local->unheard, joined_as));
                 deadlines_.Schedule(local->unheard_due, now_ + kStepRetry,
                                     {Work::Kind::kUnheard, 0, member_id, {}});
               }));
}

void Relay::Impl::OnUnheardDue(const std::string& member_id) {
  LocalMember& local = members_.at(member_id);
  deadlines_.Cancel(local.unheard_due);
  const std::vector<TokenHash> unheard = local.unheard;
  for (const TokenHash& joined_as : unheard) LeaveUnheard(member_id, joined_as);
}

void Relay::Impl::OnTakenOver(const std::string& session_id, const std::string& member_id,
                              std::uint64_t epoch, const Place& by) {
  const std::string key = KeyOf(session_id, member_id);
  LocalMember* local = FindMember(key);
  if (local != nullptr) {
    Socket* socket = FindSocket(local->socket);
    if (socket != nullptr && socket->epoch == epoch) {
      ++counters_.sockets_taken_over;
      Close(socket->id, protocol::kCloseTakenOver, "taken over");
    }
    if (Former* former = FindFormer(*local, epoch)) {
      former->taken_by = by;
      if (!former->awaiting) HandOver(key, epoch, by);
      return;
    }
    if (local->joins_pending > 0) {
      if (local->taken_early.size() < kMaxFormers) local->taken_early.emplace_back(epoch, by);
      return;
    }
  }
  // Nothing is left here, or never was; the other need not wait.
  links_.Handover(by.node_id, session_id, member_id, by.epoch, {}, std::nullopt,
                  now_ + NodeLinks::kGiveUp);
}

void Relay::Impl::HandOver(const std::string& member_id, std::uint64_t epoch, const Place& by) {
  LocalMember& local = members_.at(member_id);
  Former* former = FindFormer(local, epoch);
  std::vector<KeptText> tail = std::move(former->tail);
  std::vector<TokenHash> hashes = std::move(former->resume_hashes);
  const std::string session_id = local.session_id;
  EraseFormer(local, epoch);
  if (by.node_id != options_.node_id) {
    ++counters_.handovers;
    return links_.Handover(by.node_id, session_id, IdOf(member_id), by.epoch, std::move(tail),
                           hashes, now_ + NodeLinks::kGiveUp);
  }
  const std::string id = IdOf(member_id);
  for (KeptText& kept : tail) OnHandover(session_id, id, by.epoch, std::move(kept));
  OnHandoverDone(session_id, id, by.epoch, std::move(hashes));
}

bool Relay::Impl::TakeFormer(const std::string& member_id, std::uint64_t former_epoch,
                             std::uint64_t epoch, Joined& joined, std::vector<KeptText>& tail,
                             std::vector<TokenHash>& resume_hashes) {
  LocalMember& local = members_.at(member_id);
  Former* former = FindFormer(local, former_epoch);
  if (former == nullptr) {
    // It was that of an earlier run of this node, or of a join that it never heard of.
    if (tail.empty()) tail = std::move(joined.given.texts);
    AddHashes(resume_hashes, joined.given.resume_hashes);
    return true;
  }
  if (former->awaiting) {
    former->taken_by = {options_.node_id, epoch};
    return false;
  }
  tail.insert(tail.begin(), std::make_move_iterator(former->tail.begin()),
              std::make_move_iterator(former->tail.end()));
  AddHashes(resume_hashes, former->resume_hashes);
  EraseFormer(local, former_epoch);
  return true;
}

void Relay::Impl::AddHashes(std::vector<TokenHash>& to, const std::vector<TokenHash>& more) {
  for (const TokenHash& hash : more) {
    if (to.size() < kMaxResumeHashes) to.push_back(hash);
  }
}

void Relay::Impl::OnHandover(const std::string& session_id, const std::string& member_id,
                             std::uint64_t epoch, KeptText text) {
  const std::string key = KeyOf(session_id, member_id);
  LocalMember* local = FindMember(key);
  if (local == nullptr || local->session_id != session_id) return;
  if (local->role == Role::kUser && IsPresence(text.text)) return;
  if (Former* former = FindFormer(*local, epoch)) {
    if (former->awaiting && former->incoming.size() < 2 * protocol::kMaxKeptMessages) {
      former->incoming.push_back(std::move(text));
    }
    return;
  }
  Socket* socket = FindSocket(local->socket);
  if (socket == nullptr || socket->epoch != epoch) {
    EarlyHandover* early = EarlyOf(*local, epoch);
    if (early != nullptr && early->texts.size() < 2 * protocol::kMaxKeptMessages) {
      early->texts.push_back(std::move(text));
    }
    return;
  }
  if (socket->state == SocketState::kAwaitingHandover) {
    if (socket->incoming.size() < 2 * protocol::kMaxKeptMessages) {
      socket->incoming.push_back(std::move(text));
    }
    return;
  }
  if (socket->state == SocketState::kAwaitingResume && !text.id.empty()) {
    socket->tail.push_back(std::move(text));
    return;
  }
  // It came too late for its place. Out of order is better than lost; under its old number the
  // client would take it for one that it has.
  if (!text.id.empty()) {
    if (socket->resumed && DeliveryId::Parse(text.id) <= socket->resumed_after) return;
    text.text = "{" + text.text.substr(NumberPrefix(text.id).size());
  }
  Receive(key, {std::move(text.text), epoch, {}});
}

void Relay::Impl::OnHandoverDone(const std::string& session_id, const std::string& member_id,
                                 std::uint64_t epoch,
                                 std::optional<std::vector<TokenHash>> resume_hashes) {
  const std::string key = KeyOf(session_id, member_id);
  LocalMember* local = FindMember(key);
  if (local == nullptr || local->session_id != session_id) return;
  Former* former = FindFormer(*local, epoch);
  Socket* socket = FindSocket(local->socket);
  if (former == nullptr && (socket == nullptr || socket->epoch != epoch)) {
    if (EarlyHandover* early = EarlyOf(*local, epoch)) {
      early->resume_hashes = std::move(resume_hashes);
      early->done = true;
    }
    return;
  }
  if (!resume_hashes) return FinishHandover(key, epoch, /*nobody_knew=*/true);
  if (former != nullptr) {
    AddHashes(former->resume_hashes, *resume_hashes);
  } else if (socket != nullptr && socket->epoch == epoch &&
             socket->state == SocketState::kAwaitingHandover) {
    AddHashes(socket->resume_hashes, *resume_hashes);
  }
  FinishHandover(key, epoch);
}

Relay::Impl::EarlyHandover* Relay::Impl::EarlyOf(LocalMember& local, std::uint64_t epoch) {
  if (local.joins_pending == 0) return nullptr;
  for (EarlyHandover& early : local.early_handovers) {
    if (early.epoch == epoch) return &early;
  }
  if (local.early_handovers.size() >= kMaxFormers) return nullptr;
  local.early_handovers.push_back({epoch, {}, std::nullopt, false});
  return &local.early_handovers.back();
}

void Relay::Impl::ReceiveEarlyHandover(const std::string& member_id, std::uint64_t epoch) {
  LocalMember& local = members_.at(member_id);
  const std::string session_id = local.session_id;
  const std::string id = IdOf(member_id);
  for (EarlyHandover& early : std::exchange(local.early_handovers, {})) {
    if (early.epoch > epoch && local.joins_pending > 0) {
      local.early_handovers.push_back(std::move(early));
    } else if (early.epoch == epoch) {
      for (KeptText& text : early.texts) {
        OnHandover(session_id, id, epoch, std::move(text));
      }
      if (early.done) OnHandoverDone(session_id, id, epoch, std::move(early.resume_hashes));
    }
  }
}

void Relay::Impl::FinishHandover(const std::string& member_id, std::uint64_t epoch,
                                 bool nobody_knew) {
  LocalMember& local = members_.at(member_id);
  if (Former* former = FindFormer(local, epoch)) {
    if (!former->awaiting) return;
    former->awaiting = false;
    if (nobody_knew) {
      if (former->incoming.empty()) former->incoming = std::move(former->given.texts);
      AddHashes(former->resume_hashes, former->given.resume_hashes);
    }
    deadlines_.Cancel(former->due);
    former->tail.insert(former->tail.begin(), std::make_move_iterator(former->incoming.begin()),
                        std::make_move_iterator(former->incoming.end()));
    former->incoming = {};
    const Place by = former->taken_by;
    return by.node_id.empty() ? Leave(member_id, epoch) : HandOver(member_id, epoch, by);
  }
  Socket* socket = FindSocket(local.socket);
  if (socket == nullptr || socket->epoch != epoch) return;
  const bool waited = socket->state == SocketState::kAwaitingHandover;
  if (!waited && socket->state != SocketState::kJoining) return;
  if (nobody_knew) {
    if (socket->incoming.empty()) socket->incoming = std::move(socket->given.texts);
    AddHashes(socket->resume_hashes, socket->given.resume_hashes);
  }
  socket->given = {};
  if (socket->user) {
    std::erase_if(socket->incoming, [](const KeptText& kept) { return IsPresence(kept.text); });
  }
  std::vector<Pending> held;
  for (KeptText& kept : std::exchange(socket->incoming, {})) {
    if (kept.id.empty()) {
      held.push_back({std::move(kept.text), epoch, {}});
    } else {
      socket->tail.push_back(std::move(kept));
    }
  }
  socket->held.insert(socket->held.begin(), std::make_move_iterator(held.begin()),
                      std::make_move_iterator(held.end()));
  AwaitResume(*socket);
}

void Relay::Impl::Receive(const std::string& member_id, Pending pending) {
  LocalMember* local = FindMember(member_id);
  const bool notice = pending.origin.nobody();
  if (local == nullptr) return Answer(pending.origin, false, std::move(pending.text));
  Socket* socket = FindSocket(local->socket);
  const std::uint64_t epoch = socket == nullptr ? 0 : socket->epoch;
  if (notice && local->role == Role::kUser && epoch != pending.epoch) {
    // Its next welcome knows it, unless that is on its way already.
    const bool newer = pending.epoch > epoch && local->joins_pending > 0;
    if (newer && local->early.size() < kMaxHeld) local->early.push_back(std::move(pending));
    return;
  }
  if (epoch != 0 && (notice || epoch == pending.epoch)) {
    if (socket->state != SocketState::kLive) {
      Hold(*socket, std::move(pending));
      return;
    }
    SendNow(*socket, pending.text);
    return Answer(pending.origin, true, {});
  }
  if (notice) {
    if (local->joins_pending == 0 || local->early.size() >= kMaxHeld) {
      return RouteNotice(local->session_id, member_id, std::move(pending.text));
    }
    local->early.push_back(std::move(pending));
    return;
  }
  if (Former* former = FindFormer(*local, pending.epoch)) {
    // The store still says that it is here.
    const bool undecided = former->leaving || former->awaiting || local->joins_pending > 0;
    if (undecided && former->taken_by.node_id.empty() && former->late.size() < kMaxHeld) {
      former->late.push_back(std::move(pending));
      return;
    }
  } else if (local->joins_pending > 0 && pending.epoch > epoch && local->early.size() < kMaxHeld) {
    local->early.push_back(std::move(pending));
    return;
  }
  Answer(pending.origin, false, std::move(pending.text));
}

void Relay::Impl::ReceiveEarly(const std::string& member_id) {
  LocalMember* local = FindMember(member_id);
  if (local == nullptr) return;
  for (Pending& pending : std::exchange(local->early, {})) {
    Receive(member_id, std::move(pending));
  }
}

void Relay::Impl::RouteNotice(const std::string& session_id, const std::string& member_id,
                              std::string text) {
  std::string copy = text;
  store_.Route(
      {session_id, {}, IdOf(member_id), std::move(copy)}, now_,
      Guarded([this, session_id, member_id, text = std::move(text)](StoreResult<Routed> routed) {
        if (!routed || !routed->place) return;
        if (routed->place->node_id == options_.node_id) {
          const LocalMember* local = FindMember(member_id);
          if (local == nullptr || local->socket == 0) return;
          return Receive(member_id, {text, routed->place->epoch, {}});
        }
        Signal signal;
        signal.session_id = session_id;
        signal.to = IdOf(member_id);
        signal.epoch = routed->place->epoch;
        signal.text = text;
        signal.deadline = now_ + NodeLinks::kGiveUp;
        (void)links_.Send(routed->place->node_id, std::move(signal), 0);
      }));
}

void Relay::Impl::Answer(const Origin& origin, bool delivered, std::string text) {
  if (origin.local_tag != 0) {
    Signal signal;
    signal.text = std::move(text);
    OnSettled(origin.local_tag, delivered ? Settled::kDelivered : Settled::kReroute,
              std::move(signal));
  } else if (origin.remote.seq != 0) {
    links_.Settle(origin.remote,
                  delivered ? NodeFrameResult::kDelivered : NodeFrameResult::kNotHere);
  }
}

void Relay::Impl::RefuseAll(std::vector<Pending> pending) {
  for (Pending& one : pending) Answer(one.origin, false, std::move(one.text));
}

}  // namespace pairwire::relay

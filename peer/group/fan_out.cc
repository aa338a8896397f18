// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/group/fan_out.h"

#include <algorithm>
#include <string>
#include <utility>

#include "peer/base/check.h"

namespace pairwire::group {

FanOut::FanOut(Loop& loop, FanOutLimits limits, Events events)
    : loop_(loop), limits_(limits), events_(std::move(events)) {}

Result<MemberId> FanOut::Add(MemberSink& sink) {
  if (members_.size() >= limits_.members) {
    return Fail(Errc::kLimitExceeded,
                "a group has at most " + std::to_string(limits_.members) + " members");
  }
  const MemberId id = ++last_member_;
  Member member;
  member.sink = &sink;
  members_.emplace(id, std::move(member));
  return id;
}

void FanOut::Remove(MemberId id) {
  const auto found = members_.find(id);
  if (found == members_.end()) return;
  Member& member = found->second;
  StopWaitingFor(id, member);
  if (member.missed.first != 0) TellMissed(id, member.missed);
  members_.erase(found);
  TellLater();
}

MessageId FanOut::Send(MessageKind kind, ByteSpan payload) {
  BoundOutstanding();
  const MessageId ours = ++last_sent_;
  outstanding_.emplace_back();
  for (auto& [id, member] : members_) SendTo(id, member, kind, payload);
  if (outstanding_.back().waits_for == 0) TellLater();
  return ours;
}

bool FanOut::HasRoom(const Member& member, std::size_t bytes) const {
  if (member.waiting.empty()) return true;  // one message of any size
  return member.waiting.size() < limits_.outbox_messages &&
         member.bytes + bytes <= limits_.outbox_bytes;
}

void FanOut::SendTo(MemberId id, Member& member, MessageKind kind, ByteSpan payload) {
  if (member.lagging || member.gone) return Miss(id, member);
  if (!HasRoom(member, payload.size())) {
    StartLagging(id, member);
    return Miss(id, member);
  }
  const Result<MessageId> theirs = member.sink->Send(kind, payload);
  if (theirs) {
    member.waiting.push_back({*theirs, last_sent_, payload.size(), true});
    member.bytes += payload.size();
    ++outstanding_.back().waits_for;
    return;
  }
  if (theirs.error().code == Errc::kMessageTooLarge) {
    outstanding_.back().missing.push_back(id);
    TellMissed(id, {last_sent_, last_sent_});
    return;
  }
  if (theirs.error().code == Errc::kBufferFull) {
    member.session_full = true;
    StartLagging(id, member);
  } else {
    StopWaitingFor(id, member);
    member.gone = true;
  }
  Miss(id, member);
}

// The newest message passes this member over.
void FanOut::Miss(MemberId id, Member& member) {
  outstanding_.back().missing.push_back(id);
  if (member.missed.first == 0) member.missed.first = last_sent_;
  member.missed.last = last_sent_;
}

void FanOut::StartLagging(MemberId id, Member& member) {
  member.lagging = true;
  StopWaitingFor(id, member);
  lagging_.emplace_back(id, true);
  TellLater();
}

// Half of the room, so that it does not go to and fro with each message.
void FanOut::MaybeStopLagging(MemberId id, Member& member) {
  if (!member.lagging || member.session_full || member.gone) return;
  if (member.bytes > limits_.outbox_bytes / 2 ||
      member.waiting.size() > limits_.outbox_messages / 2) {
    return;
  }
  member.lagging = false;
  if (member.missed.first != 0) TellMissed(id, std::exchange(member.missed, {}));
  lagging_.emplace_back(id, false);
  TellLater();
}

void FanOut::StopWaitingFor(MemberId id, Member& member) {
  for (Waiting& waiting : member.waiting) {
    if (!std::exchange(waiting.counts, false)) continue;
    Outstanding& outstanding = OutstandingOf(waiting.ours);
    --outstanding.waits_for;
    outstanding.missing.push_back(id);
    if (outstanding.waits_for == 0) TellLater();
  }
}

// Whoever has not acknowledged the oldest message by now is lagging, however little it was: too
// large ones and those of others do not count against its own room.
void FanOut::BoundOutstanding() {
  if (outstanding_.size() < limits_.outstanding) return;
  const MessageId oldest = last_sent_ - outstanding_.size() + 1;
  for (auto& [id, member] : members_) {
    if (member.lagging || member.gone || member.waiting.empty()) continue;
    const auto first = std::find_if(member.waiting.begin(), member.waiting.end(),
                                    [](const Waiting& waiting) { return waiting.counts; });
    if (first != member.waiting.end() && first->ours == oldest) StartLagging(id, member);
  }
}

void FanOut::OnAcked(MemberId id, MessageId theirs) {
  const auto found = members_.find(id);
  if (found == members_.end()) return;
  Member& member = found->second;
  while (!member.waiting.empty() && member.waiting.front().theirs <= theirs) {
    const Waiting waiting = member.waiting.front();
    member.waiting.pop_front();
    member.bytes -= waiting.bytes;
    member.acked = waiting.ours;
    if (waiting.counts) --OutstandingOf(waiting.ours).waits_for;
    TellLater();
  }
  MaybeStopLagging(id, member);
}

void FanOut::OnRoom(MemberId id) {
  const auto found = members_.find(id);
  if (found == members_.end()) return;
  found->second.session_full = false;
  MaybeStopLagging(id, found->second);
}

std::vector<MemberState> FanOut::Members() const {
  std::vector<MemberState> states;
  states.reserve(members_.size());
  for (const auto& [id, member] : members_) {
    states.push_back({id, member.lagging, member.gone, member.acked, member.missed,
                      member.waiting.size(), member.bytes});
  }
  return states;
}

void FanOut::TellMissed(MemberId id, MessageRange range) {
  // One range of what follows one another.
  if (!missed_.empty() && missed_.back().first == id &&
      missed_.back().second.last + 1 == range.first) {
    missed_.back().second.last = range.last;
  } else {
    missed_.emplace_back(id, range);
  }
  TellLater();
}

FanOut::Outstanding& FanOut::OutstandingOf(MessageId id) {
  const MessageId oldest = last_sent_ - outstanding_.size() + 1;
  PAIRWIRE_CHECK(id >= oldest && id <= last_sent_);
  return outstanding_[static_cast<std::size_t>(id - oldest)];
}

void FanOut::TellLater() {
  if (std::exchange(telling_, true)) return;
  loop_.PostAtTurnEnd(safety_.Wrap([this] { Tell(); }));
}

// Everything is taken out before the first call: what an event causes is told in the next turn.
void FanOut::Tell() {
  telling_ = false;
  const auto alive = safety_.Watch();
  std::vector<std::pair<MemberId, MessageId>> acked;
  for (auto& [id, member] : members_) {
    if (member.acked_told == member.acked) continue;
    member.acked_told = member.acked;
    acked.emplace_back(id, member.acked);
  }
  std::vector<std::pair<MessageId, std::vector<MemberId>>> by_all;
  while (!outstanding_.empty() && outstanding_.front().waits_for == 0) {
    by_all.emplace_back(last_sent_ - outstanding_.size() + 1,
                        std::move(outstanding_.front().missing));
    outstanding_.pop_front();
  }
  const auto missed = std::exchange(missed_, {});
  const auto lagging = std::exchange(lagging_, {});

  for (const auto& [id, message] : acked) {
    if (events_.on_acked) events_.on_acked(message, id);
    if (!*alive) return;
  }
  for (const auto& [message, missing] : by_all) {
    if (events_.on_acked_by_all) events_.on_acked_by_all(message, missing);
    if (!*alive) return;
  }
  for (const auto& [id, range] : missed) {
    if (events_.on_missed) events_.on_missed(id, range);
    if (!*alive) return;
  }
  for (const auto& [id, is_lagging] : lagging) {
    if (events_.on_lagging) events_.on_lagging(id, is_lagging);
    if (!*alive) return;
  }
}

}  // namespace pairwire::group

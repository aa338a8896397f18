// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/group_core.h"

#include <algorithm>

#include "peer/delivery/frame.h"
#include "peer/delivery/state_table.h"
#include "peer/group/presentation_lead.h"
#include "peer/session/session_clock.h"

namespace pairwire {
namespace {

group::FanOutLimits Limits(const GroupOptions& options) {
  group::FanOutLimits limits;
  limits.members = GroupOptions::kMaxMembers;
  limits.outbox_bytes = options.outbox_bytes;
  return limits;
}

MessageRange RangeOf(const group::MessageRange& range) { return {range.first, range.last}; }

bool IsOver(SessionState state) {
  return state == SessionState::kClosing || state == SessionState::kClosed;
}

}  // namespace

std::shared_ptr<GroupCore> GroupCore::Make(Loop& loop, GroupOptions options, GroupEvents events) {
  auto core = std::make_shared<GroupCore>(loop, options, std::move(events));
  core->self_ = core;
  return core;
}

GroupCore::GroupCore(Loop& loop, GroupOptions options, GroupEvents events)
    : loop_(loop),
      events_(std::make_shared<const GroupEvents>(std::move(events))),
      fan_out_(loop, Limits(options), FanOutEvents()) {}

group::FanOut::Events GroupCore::FanOutEvents() {
  group::FanOut::Events on;
  on.on_acked = [this](MessageId id, MemberId member) { Tell(&GroupEvents::on_acked, id, member); };
  on.on_acked_by_all = [this](MessageId id, const std::vector<MemberId>& missing) {
    Tell(&GroupEvents::on_acked_by_all, id, missing);
  };
  on.on_missed = [this](MemberId member, group::MessageRange range) {
    Tell(&GroupEvents::on_missed, member, RangeOf(range));
  };
  on.on_lagging = [this](MemberId member, bool lagging) {
    Tell(&GroupEvents::on_lagging, member, lagging);
  };
  return on;
}

void GroupCore::Stop() {
  stopped_ = true;
  for (const auto& [id, member] : members_) fan_out_.Remove(id);
  // Closing one may call nobody back: the handles are gone.
  members_.clear();
}

// --- Members -------------------------------------------------------------------------------------

Result<group::MessageId> GroupCore::Member::Send(group::MessageKind kind, ByteSpan payload) {
  Result<MessageId> sent = kind == group::MessageKind::kEvent
                               ? impl->SendEncoded({EventClass::kCommand, {}, payload, false})
                               : impl->Send(payload, kind == group::MessageKind::kText);
  if (!sent && sent.error().code == Errc::kBufferFull) {
    impl->WhenWritable(payload.size(), [when_room = when_room](const Result<void>& room) {
      if (room) when_room();
    });
  }
  return sent;
}

Result<MemberId> GroupCore::Add(Session session) {
  if (!session.peer().session_layer) {
    return Fail(Errc::kUnsupported, "a group needs sessions with the session layer");
  }
  if (IsOver(session.state())) return Fail(Errc::kClosed, "the session is closed or closing");
  auto member = std::make_unique<Member>();
  member->impl = SessionFactory::ImplOf(session);
  member->session = std::move(session);
  const Result<group::MemberId> added = fan_out_.Add(*member);
  if (!added) return tl::unexpected(added.error());
  const MemberId id = *added;
  member->when_room = safety_.Wrap([this, id] { fan_out_.OnRoom(id); });
  for (const auto& [key, state] : states_) (void)Give(*member, key, state);
  members_.emplace(id, std::move(member));
  // Its handlers are not called before the caller knows the member.
  loop_.Post(safety_.Wrap([this, id] { Subscribe(id); }));
  return id;
}

void GroupCore::Subscribe(MemberId id) {
  const auto found = members_.find(id);
  if (found == members_.end()) return;
  SessionEvents on;
  on.on_message = [weak = self_, id](const Command& command) {
    if (const auto core = weak.lock()) core->Tell(&GroupEvents::on_message, id, command);
  };
  on.on_event = [weak = self_, id](const Event& event) {
    if (const auto core = weak.lock()) core->Tell(&GroupEvents::on_event, id, event);
  };
  on.on_state_value = [weak = self_, id](std::string_view key,
                                         const std::optional<Message>& value) {
    if (const auto core = weak.lock()) core->Tell(&GroupEvents::on_state_value, id, key, value);
  };
  on.on_acked = [weak = self_, id](MessageId acked) {
    if (const auto core = weak.lock()) core->fan_out_.OnAcked(id, acked);
  };
  on.on_state = [weak = self_, id](SessionState state, std::string_view why) {
    // How it ended is told by on_member_closed.
    const auto core = weak.lock();
    if (core && !IsOver(state)) core->Tell(&GroupEvents::on_member_state, id, state, why);
  };
  on.on_closed = [weak = self_, id](const ClosedReport& report) {
    if (const auto core = weak.lock()) core->OnClosed(id, report);
  };
  // A copy: a handler that is called here may remove the member.
  const auto impl = found->second->impl;
  impl->Subscribe(std::move(on));
}

void GroupCore::OnClosed(MemberId id, const ClosedReport& report) {
  const auto found = members_.find(id);
  if (found == members_.end()) return;
  const std::shared_ptr<Member> member = std::move(found->second);
  members_.erase(found);
  fan_out_.Remove(id);
  // Behind what the fan-out has to say of it; and the session, which calls this, goes then.
  loop_.PostAtTurnEnd(safety_.Wrap(
      [this, id, member, report] { Tell(&GroupEvents::on_member_closed, id, report); }));
}

Session GroupCore::Remove(MemberId id) {
  const auto found = members_.find(id);
  if (found == members_.end()) return Session();
  fan_out_.Remove(id);
  const auto member = std::move(found->second);
  members_.erase(found);
  member->impl->Unsubscribe();
  return std::move(member->session);
}

std::vector<GroupMember> GroupCore::Members() const {
  std::vector<GroupMember> members;
  for (const group::MemberState& state : fan_out_.Members()) {
    const Session& session = members_.at(state.id)->session;
    GroupMember member;
    member.id = state.id;
    member.name = session.peer().name;
    member.state = session.state();
    member.lagging = state.lagging;
    member.acked = state.acked;
    member.missed = RangeOf(state.missed);
    member.messages = state.messages;
    member.bytes = state.bytes;
    member.path = session.path();
    member.clock = session.clock();
    member.round_trip = session.stats().round_trip;
    members.push_back(std::move(member));
  }
  return members;
}

// --- Messages ------------------------------------------------------------------------------------

Result<MessageId> GroupCore::Send(group::MessageKind kind, ByteSpan message) {
  if (message.size() > delivery::kMaxCommandBytes) {
    return Fail(Errc::kMessageTooLarge, "a command has at most 256 KiB");
  }
  return fan_out_.Send(kind, message);
}

Result<MessageId> GroupCore::Send(const Event& event) {
  const Result<std::string> json = EventToJson(event);
  if (!json) return tl::unexpected(json.error());
  const EncodedEvent encoded = EncodedEvent::Of(event, *json);
  switch (encoded.event_class) {
    case EventClass::kCommand:
      return Send(group::MessageKind::kEvent, encoded.json);
    case EventClass::kState: {
      State state;
      state.is_event = true;
      state.value.assign(encoded.json.begin(), encoded.json.end());
      return KeepAndGive(encoded.name, std::move(state)).map([] { return MessageId{0}; });
    }
    case EventClass::kStream:
      SendToAll(encoded);
      return 0;
  }
  return 0;
}

// Whom it does not reach loses it, as streams do.
void GroupCore::SendToAll(const EncodedEvent& event) {
  for (const auto& [id, member] : members_) (void)member->impl->SendEncoded(event);
}

Result<void> GroupCore::SendStream(ByteSpan frame) {
  if (frame.size() > delivery::kMaxStreamBytes) {
    return Fail(Errc::kMessageTooLarge, "a frame has at most 60 KiB");
  }
  for (const auto& [id, member] : members_) (void)member->impl->SendStream(frame);
  return {};
}

// --- States --------------------------------------------------------------------------------------

Result<void> GroupCore::SetState(std::string_view key, bool is_text, ByteSpan value) {
  State state;
  state.is_text = is_text;
  state.value.assign(value.begin(), value.end());
  return KeepAndGive(key, std::move(state));
}

Result<void> GroupCore::KeepAndGive(std::string_view key, State state) {
  if (key.empty() || key.size() > delivery::kMaxStateKeyBytes) {
    return Fail(Errc::kInvalidArgument, "the key of a state has 1 to 64 bytes");
  }
  if (state.value.size() > delivery::kMaxStateValueBytes) {
    return Fail(Errc::kMessageTooLarge, "the value of a state has at most 16 KiB");
  }
  const auto found = states_.find(key);
  const std::size_t before = found != states_.end() ? key.size() + found->second.value.size() : 0;
  if (found == states_.end() && states_.size() == delivery::kMaxStateKeys) {
    return Fail(Errc::kLimitExceeded, "a group has at most 1024 keys of states");
  }
  const std::size_t after = state_bytes_ - before + key.size() + state.value.size();
  if (after > delivery::kMaxStateBytes) {
    return Fail(Errc::kLimitExceeded, "the states of a group have at most 1 MiB");
  }
  state_bytes_ = after;
  const State& kept = states_.insert_or_assign(std::string(key), std::move(state)).first->second;
  Result<void> result;
  for (const auto& [id, member] : members_) {
    const Result<void> given = Give(*member, key, kept);
    if (!given && given.error().code == Errc::kLimitExceeded) result = given;
  }
  return result;
}

Result<void> GroupCore::Give(const Member& member, std::string_view key, const State& state) {
  if (!state.is_event) return member.impl->SetState(key, state.value, state.is_text);
  return member.impl->SendEncoded({EventClass::kState, key, state.value, false}).map([](MessageId) {
  });
}

Result<void> GroupCore::ClearState(std::string_view key) {
  if (key.empty() || key.size() > delivery::kMaxStateKeyBytes) {
    return Fail(Errc::kInvalidArgument, "the key of a state has 1 to 64 bytes");
  }
  if (const auto found = states_.find(key); found != states_.end()) {
    state_bytes_ -= key.size() + found->second.value.size();
    states_.erase(found);
  }
  for (const auto& [id, member] : members_) (void)member->impl->ClearState(key);
  return {};
}

// --- Frames --------------------------------------------------------------------------------------

Result<std::uint64_t> GroupCore::Present(events::AnimationFrame frame) {
  const std::int64_t now = SessionClock::Microseconds(loop_.Now());
  const auto moment = static_cast<std::uint64_t>(now + LeadUs(now));
  frame.present_at = moment;
  const Event event = std::move(frame);
  const Result<std::string> json = EventToJson(event);
  if (!json) return tl::unexpected(json.error());
  SendToAll(EncodedEvent::Of(event, *json));
  return moment;
}

std::int64_t GroupCore::LeadUs(std::int64_t now_us) {
  std::vector<group::MemberPath> paths;
  for (const auto& [id, member] : members_) {
    // One that is away shows its frames late anyway.
    if (member->impl->state() != SessionState::kConnected) continue;
    // The relay carries no frames.
    if (member->impl->path().carrier == Carrier::kRelay) continue;
    group::MemberPath path;
    if (const auto clock = member->impl->clock()) path.clock_error_us = clock->error_us;
    const auto usual = member->impl->stats().round_trip;
    const auto fastest = member->impl->fastest_round_trip();
    path.round_trip_us =
        fastest ? std::min<std::chrono::microseconds>(usual, *fastest + kMaxJitter).count()
                : usual.count();
    paths.push_back(path);
  }
  const std::int64_t wanted = group::PresentationLeadUs(paths);
  lead_us_ = std::max(wanted, lead_us_ - (now_us - lead_at_us_) / kLeadFalls);
  lead_at_us_ = now_us;
  return lead_us_;
}

}  // namespace pairwire

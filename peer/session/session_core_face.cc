// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SessionCore's application side: the calls of the Session handle, and what it is told.
#include <algorithm>
#include <utility>

#include "peer/base/log.h"
#include "peer/session/session_core.h"

namespace pairwire {

using delivery::FrameType;
using delivery::ValueKind;

// --- Calls ---------------------------------------------------------------------------------------

void SessionCore::Subscribe(SessionEvents handlers) {
  if (detached_) return;
  const auto keep = self_.lock();
  events_ = std::make_shared<const SessionEvents>(std::move(handlers));
  subscribed_ = true;
  TellRemembered();
  Run([this] { DeliverHeld(); });
  TellClosed();
}

void SessionCore::Unsubscribe() {
  events_ = std::make_shared<const SessionEvents>();
  subscribed_ = false;
}

Result<MessageId> SessionCore::Send(ByteSpan data, bool is_text) {
  return SendCommand(is_text ? FrameType::kDataText : FrameType::kDataBinary, data);
}

Result<MessageId> SessionCore::Send(const Event& event) {
  const Result<std::string> json = EventToJson(event);
  if (!json) return tl::unexpected(json.error());
  return SendEncoded(EncodedEvent::Of(event, *json));
}

Result<MessageId> SessionCore::SendEncoded(const EncodedEvent& event) {
  const ByteSpan bytes = event.json;
  if (event.event_class == EventClass::kCommand) return SendCommand(FrameType::kDataEvent, bytes);
  const Result<void> sent = event.event_class == EventClass::kState
                                ? Taken(state_gate_.Set(event.name, ValueKind::kEvent, bytes))
                                : Taken(state_gate_.SendStream(FrameType::kStreamEvent, bytes));
  if (sent && event.presents) {
    to_loop->Post([weak = self_](NetworkCore&) {
      if (const auto core = weak.lock()) core->OnPresenting();
    });
  }
  if (!sent) return tl::unexpected(sent.error());
  return 0;
}

Result<void> SessionCore::SetState(std::string_view key, ByteSpan value, bool is_text) {
  return Taken(state_gate_.Set(key, is_text ? ValueKind::kText : ValueKind::kBinary, value));
}

Result<void> SessionCore::ClearState(std::string_view key) { return Taken(state_gate_.Clear(key)); }

Result<void> SessionCore::SendStream(ByteSpan frame) {
  return Taken(state_gate_.SendStream(FrameType::kStreamBinary, frame));
}

// What the gate took the session takes; the caller does not wait for that.
Result<void> SessionCore::Taken(const Result<bool>& tell) {
  if (!tell) return tl::unexpected(tell.error());
  if (to_loop->IsCurrent()) {
    DrainStates();
  } else if (*tell) {
    const bool posted = to_loop->Post([weak = self_](NetworkCore&) {
      if (const auto core = weak.lock()) core->DrainStates();
    });
    if (!posted) return Fail(Errc::kClosed, "the network is closing");
  }
  return {};
}

void SessionCore::DrainStates() {
  const StateGate::Waiting waiting = state_gate_.Drain();
  if (waiting.changes.empty() && waiting.frames.empty()) return;
  Run([&] {
    const auto now = loop_.Now();
    for (const StateGate::StateChange& change : waiting.changes) {
      if (change.cleared) {
        (void)end_->ClearState(now, change.key);
      } else {
        (void)end_->SetState(now, change.key, change.kind, change.value);
      }
    }
    for (const StateGate::Frame& frame : waiting.frames) {
      (void)end_->SendStream(now, frame.type, frame.bytes);
    }
  });
}

void SessionCore::Acknowledge(MessageId id) {
  if (!manual_ack_) return;
  Run([&] { end_->Acknowledge(loop_.Now(), id); });
}

void SessionCore::SetBufferedAmountLowThreshold(std::size_t bytes) {
  to_loop->Post([weak = self_, bytes](NetworkCore&) {
    if (const auto core = weak.lock()) core->gate_.SetLowThreshold(bytes);
  });
}

void SessionCore::WhenWritable(std::size_t bytes, std::function<void(Result<void>)> done) {
  const auto shared = std::make_shared<std::function<void(Result<void>)>>(std::move(done));
  const bool posted = to_loop->Post([weak = self_, bytes, shared](NetworkCore&) {
    const auto core = weak.lock();
    if (!core) {
      (*shared)(Fail(Errc::kCancelled, "the session's handle is gone"));
      return;
    }
    core->Drain();
    const Result<void> room = core->gate_.HasRoomFor(bytes);
    if (room || room.error().code != Errc::kBufferFull) {
      (*shared)(room);
    } else if (core->waiters_.size() >= kMaxWaiters) {
      (*shared)(Fail(Errc::kLimitExceeded, "too many calls wait for room"));
    } else {
      core->waiters_.push_back({bytes, std::move(*shared)});
    }
  });
  if (!posted) (*shared)(Fail(Errc::kClosed, "the network is closing"));
}

DataChannel SessionCore::CreateDataChannel(std::string_view label, DataChannelInit init) {
  const std::lock_guard lock(opener_mutex_);
  if (opener_ == nullptr) return {};
  return opener_->CreateDataChannel(label, std::move(init));
}

SessionState SessionCore::state() const {
  const std::lock_guard lock(snapshot_mutex_);
  return snapshot_.state;
}

SessionPath SessionCore::path() const {
  const std::lock_guard lock(snapshot_mutex_);
  return snapshot_.path;
}

PeerInfo SessionCore::peer() const {
  PeerInfo peer = peer_;
  const std::lock_guard lock(snapshot_mutex_);
  peer.pairing_id = snapshot_.pairing_id;
  return peer;
}

SessionStats SessionCore::stats() const {
  SessionStats stats;
  {
    const std::lock_guard lock(snapshot_mutex_);
    stats = snapshot_.stats;
  }
  stats.sent = gate_.last_id();
  stats.outbox_bytes = gate_.bytes();
  stats.streams_dropped += state_gate_.dropped();
  return stats;
}

// --- What arrives --------------------------------------------------------------------------------

void SessionCore::OnMessage(std::uint64_t seq, FrameType type, ByteSpan message) {
  // Nobody is there: not delivered, so not acknowledged.
  if (detached_) return;
  if (subscribed_ && held_.empty()) {
    DeliverCommand(frame_at_, seq, type, message);
    return;
  }
  held_bytes_ += message.size();
  if (held_bytes_ > kMaxHeldBytes || held_.size() >= 2 * delivery::Outbox::Limits{}.messages) {
    // More than its outbox may hold unacknowledged.
    GiveLater(delivery::Violation{end_->link()});
    return;
  }
  held_.push_back({seq, type, Bytes(message.begin(), message.end())});
}

void SessionCore::DeliverCommand(Loop::TimePoint now, std::uint64_t seq, FrameType type,
                                 ByteSpan message) {
  ++next_.stats.received;
  const auto events = events_;
  if (type == FrameType::kDataEvent) {
    DeliverEvent(message);
  } else if (events->on_message) {
    Command command;
    command.data = message;
    command.is_text = type == FrameType::kDataText;
    command.id = seq;
    events->on_message(command);
  }
  if (!manual_ack_ && !detached_) end_->Acknowledge(now, seq, message.size());
}

// A malformed one is dropped: the other end's library would not have sent it, and what follows it
// may well be good.
void SessionCore::DeliverEvent(ByteSpan json) {
  const Result<Event> event = ParseEvent(AsText(json));
  if (!event) {
    if (LogWanted(LogLevel::kWarning)) {
      Log(LogLevel::kWarning, "session: a malformed event is dropped: " + event.error().detail);
    }
    return;
  }
  const auto* const frame = std::get_if<events::AnimationFrame>(&*event);
  if (frame != nullptr && TakeFrame(*frame)) return;
  const auto events = events_;
  if (events->on_event) events->on_event(*event);
}

void SessionCore::OnStateValue(const delivery::StateValue& state) {
  if (detached_) return;
  HeldState held{false, state.kind, {}};
  if (subscribed_) {
    DeliverState(state.key, held, state.value);
    return;
  }
  held.value.assign(state.value.begin(), state.value.end());
  HoldState(state.key, std::move(held));
}

void SessionCore::OnStateCleared(std::string_view key) {
  if (detached_) return;
  HeldState held{true, ValueKind::kBinary, {}};
  if (subscribed_) {
    DeliverState(key, held, {});
  } else {
    HoldState(key, std::move(held));
  }
}

void SessionCore::HoldState(std::string_view key, HeldState state) {
  HeldState& held = held_states_.try_emplace(std::string(key)).first->second;
  held_state_bytes_ = held_state_bytes_ - held.value.size() + state.value.size();
  held = std::move(state);
  // More than the other end may have of them.
  if (held_state_bytes_ > kMaxHeldBytes) GiveLater(delivery::Violation{end_->link()});
}

void SessionCore::DeliverState(std::string_view key, const HeldState& state, ByteSpan value) {
  if (!state.cleared && state.kind == ValueKind::kEvent) {
    DeliverEvent(value);
    return;
  }
  const auto events = events_;
  if (!events->on_state_value) return;
  std::optional<Message> message;
  if (!state.cleared) message = Message{value, state.kind == ValueKind::kText};
  events->on_state_value(key, message);
}

void SessionCore::OnStream(FrameType type, ByteSpan frame) {
  if (detached_ || !subscribed_) return;
  if (type == FrameType::kStreamEvent) {
    DeliverEvent(frame);
    return;
  }
  const auto events = events_;
  if (events->on_stream) events->on_stream({frame, type == FrameType::kStreamText});
}

void SessionCore::StartRemembering(Remembering::Options options) {
  RememberingEvents on;
  on.send = [this](const delivery::Remember& frame) {
    Run([&] { (void)end_->SendControl(FrameType::kRemember, delivery::RememberPayload(frame)); });
  };
  on.on_remembered = [this](const std::string& pairing_id) {
    {
      const std::lock_guard lock(snapshot_mutex_);
      snapshot_.pairing_id = pairing_id;
    }
    tell_remembered_ = true;
    TellRemembered();
  };
  on.on_revoked = [this] { GiveLater(delivery::RevokeAsked{}); };
  remembering_ = std::make_unique<Remembering>(loop_, random_, std::move(options), std::move(on));
}

void SessionCore::TellRemembered() {
  if (!tell_remembered_ || !subscribed_ || detached_) return;
  tell_remembered_ = false;
  const auto events = events_;
  if (events->on_remembered) events->on_remembered(peer().pairing_id);
}

void SessionCore::DeliverHeld() {
  for (DataChannel& channel : std::exchange(held_channels_, {})) {
    const auto events = events_;
    if (events->on_data_channel && !detached_) events->on_data_channel(std::move(channel));
  }
  const auto states = std::exchange(held_states_, {});
  held_state_bytes_ = 0;
  for (const auto& [key, state] : states) {
    if (detached_) return;
    DeliverState(key, state, state.value);
  }
  while (!held_.empty() && !detached_) {
    const Held command = std::move(held_.front());
    held_bytes_ -= command.message.size();
    // What arrives meanwhile, from inside the callback, goes behind.
    DeliverCommand(loop_.Now(), command.seq, command.type, command.message);
    if (!held_.empty()) held_.pop_front();
  }
}

void SessionCore::OnAcked(std::uint64_t up_to) {
  gate_.SetOutbox(end_->outbox().bytes(), end_->outbox().messages());
  const auto events = events_;
  if (events->on_acked && !detached_) events->on_acked(up_to);
  TellRoom();
  ServeWaiters();
}

void SessionCore::TellRoom() {
  if (!gate_.TakeLow()) return;
  const auto events = events_;
  if (events->on_buffered_amount_low && !detached_) events->on_buffered_amount_low();
}

// As DataChannel::WhenWritable: to spare wake-ups, not before half of it is free.
void SessionCore::ServeWaiters() {
  while (!waiters_.empty() && !detached_) {
    const Waiter& first = waiters_.front();
    const std::size_t half = delivery::Outbox::Limits{}.bytes / 2;
    if (gate_.bytes() > half || !gate_.HasRoomFor(first.bytes)) return;
    const auto done = std::move(waiters_.front().done);
    waiters_.pop_front();
    done({});
  }
}

void SessionCore::FailWaiters(const Error& error) {
  const auto waiters = std::exchange(waiters_, {});
  for (const Waiter& waiter : waiters) waiter.done(tl::unexpected(error));
}

}  // namespace pairwire

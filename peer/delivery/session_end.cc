// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/delivery/session_end.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

namespace pairwire::delivery {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

std::uint64_t Microseconds(Loop::TimePoint time) {
  return static_cast<std::uint64_t>(duration_cast<microseconds>(time.time_since_epoch()).count());
}

}  // namespace

SessionEnd::SessionEnd(auth::PairingRole role, HelloKeeper keeper, SessionEndOptions options,
                       RandomSource& random, SessionOwner& owner)
    : owner_(owner),
      manual_ack_(options.manual_ack),
      keeper_(std::move(keeper)),
      machine_(role, keeper_.plain(), options.times, random, options.parks),
      outbox_(options.outbox, options.first_seq),
      inbox_(options.first_seq) {}

// --- The machine ---------------------------------------------------------------------------------

void SessionEnd::Give(TimePoint now, const SessionMachine::Input& input) {
  Run(now, input);
  DrainedIfSo(now);
}

void SessionEnd::DrainedIfSo(TimePoint now) {
  if (state() == SessionState::kClosing && outbox_.messages() == 0) Run(now, Drained{});
}

void SessionEnd::Run(TimePoint now, const SessionMachine::Input& input) {
  for (const auto& action : machine_.Handle(now, input)) Execute(now, action);
}

void SessionEnd::Execute(TimePoint now, const SessionMachine::Action& action) {
  if (const auto* const bind = std::get_if<SendBind>(&action)) {
    if (const auto tag = owner_.OwnBindTag(bind->link)) SendOn(bind->link, FrameType::kBind, *tag);
  } else if (const auto* const hello = std::get_if<SendHello>(&action)) {
    SendHelloOn(now, hello->link);
  } else if (const auto* const reset = std::get_if<SendReset>(&action)) {
    SendOn(reset->link, FrameType::kReset, ResetPayload(reset->reason));
  } else if (const auto* const close = std::get_if<SendClose>(&action)) {
    SendOn(close->link, FrameType::kClose, ClosePayload(close->reason));
  } else if (const auto* const ping = std::get_if<SendPing>(&action)) {
    SendPingOn(now, ping->link);
  } else if (const auto* const ended = std::get_if<EndLink>(&action)) {
    keeper_.Forget(ended->link);
    owner_.Do(action);
  } else if (std::holds_alternative<RewindOutbox>(action)) {
    Rewind(now);
  } else if (std::holds_alternative<WipeKeys>(action)) {
    keeper_.Wipe();
    owner_.Do(action);
  } else if (const auto* const closed = std::get_if<TellClosed>(&action)) {
    owner_.OnClosed({closed->reason, outbox_.unacked(), inbox_.last_delivered()});
  } else {
    owner_.Do(action);
  }
}

void SessionEnd::SendHelloOn(TimePoint, LinkId link) {
  const auto hello = keeper_.Make(link, owner_.FingerprintsOf(link), inbox_.last_delivered());
  if (hello) SendOn(link, FrameType::kHello, *hello);
}

void SessionEnd::Rewind(TimePoint now) {
  const auto newly = outbox_.Rewind(peer_last_);
  SetStateRoundTrip();
  states_.MarkAllDirty();
  streams_.DropAll();
  pings_.clear();
  if (newly && *newly > 0) owner_.OnAcked(outbox_.acked());
  Pump(now);
}

// --- From the application ------------------------------------------------------------------------

bool SessionEnd::open() const {
  return state() != SessionState::kClosing && state() != SessionState::kClosed;
}

Result<void> SessionEnd::CheckOpen() const {
  if (!open()) return Fail(Errc::kClosed, "the session is closed or closing");
  return {};
}

Result<std::uint64_t> SessionEnd::SendFramed(TimePoint now, FrameType type, Bytes framed) {
  if (auto state = CheckOpen(); !state) return tl::unexpected(state.error());
  // Beside a message that leaves at once an acknowledgement costs nothing; one that waits would
  // hold it back.
  const bool at_once =
      link() != 0 && outbox_.Next() == nullptr && owner_.Room(link(), Lane::kControl) > 0;
  auto seq = outbox_.Push(type, std::move(framed),
                          at_once ? inbox_.last_delivered() : inbox_.last_acked());
  if (seq && at_once) (void)inbox_.AckToSend(now, true);
  if (seq) Pump(now);
  return seq;
}

Result<void> SessionEnd::SetState(TimePoint now, std::string_view key, ValueKind kind,
                                  ByteSpan value) {
  if (auto state = CheckOpen(); !state) return state;
  auto set = states_.Set(key, kind, value);
  if (set) Pump(now);
  return set;
}

Result<void> SessionEnd::ClearState(TimePoint now, std::string_view key) {
  if (auto state = CheckOpen(); !state) return state;
  auto cleared = states_.Clear(key);
  if (cleared) Pump(now);
  return cleared;
}

Result<void> SessionEnd::SendStream(TimePoint now, FrameType type, ByteSpan frame) {
  if (auto state = CheckOpen(); !state) return state;
  if (machine_.over_relay()) return Fail(Errc::kUnsupported, "the relay carries no streams");
  auto pushed = streams_.Push(type, BehindHeader(frame));
  if (pushed) Pump(now);
  return pushed;
}

void SessionEnd::Acknowledge(TimePoint now, std::uint64_t seq, std::size_t bytes) {
  inbox_.Delivered(seq, bytes, now);
  SendAcks(now);
}

Result<void> SessionEnd::SendControl(FrameType type, ByteSpan payload) {
  if (link() == 0) return Fail(Errc::kInvalidState, "the session has no link");
  SendOn(link(), type, payload);
  return {};
}

bool SessionEnd::SendClockPing(TimePoint now) {
  if (link() == 0) return false;
  SendPingOn(now, link());
  return true;
}

// --- From the link -------------------------------------------------------------------------------

void SessionEnd::OnFrame(TimePoint now, LinkId link, Lane lane, ByteSpan bytes) {
  // These lanes may overtake the HELLO on the control lane. A state is sent again.
  if (lane != Lane::kControl && link != this->link()) return;
  const auto frame = ParseFrame(lane, bytes);
  if (!frame) {
    Run(now, Violation{link});
    return;
  }
  switch (frame->header.type) {
    case FrameType::kBind:
    case FrameType::kHello:
    case FrameType::kReset:
    case FrameType::kClose:
      OnOpening(now, link, *frame);
      return;
    default:
      break;
  }
  // What follows a HELLO is sent only by who has verified ours. The other lanes may bring what was
  // sent before, on a link that was taken back.
  if (link == this->link() && lane == Lane::kControl) keeper_.Settle(link);
  Run(now, FrameSeen{link});
  // The one place where it is decided which link delivers.
  if (link != this->link()) return;
  OnCounted(now, *frame);
  DrainedIfSo(now);
}

// Frames that may come on a link that is not in use.
void SessionEnd::OnOpening(TimePoint now, LinkId link, const Frame& frame) {
  switch (frame.header.type) {
    case FrameType::kBind:
      Run(now, BindSeen{link, owner_.CheckBindTag(link, frame.payload)});
      return;
    case FrameType::kHello:
      OnHello(now, link, frame.payload);
      return;
    case FrameType::kReset:
      if (const auto reason = ParseReset(frame.payload)) {
        Run(now, ResetSeen{link, *reason});
      } else {
        Run(now, Violation{link});
      }
      return;
    default:
      if (const auto reason = ParseClose(frame.payload)) {
        Run(now, CloseSeen{link, *reason});
      } else {
        Run(now, Violation{link});
      }
      return;
  }
}

void SessionEnd::OnHello(TimePoint now, LinkId link, ByteSpan payload) {
  // The other end takes it back: so does this one.
  if (link == machine_.parked()) Run(now, PathBack{link});
  if (!machine_.IsWaiting(link)) {
    // A link in use, or one that has ended: the keys do not move for it.
    Run(now, HelloSeen{link, HelloVerdict::kRefuse});
    return;
  }
  if (!machine_.IsBound(link)) {
    // Nor for one that is not the link which the two have agreed on.
    Run(now, HelloSeen{link, HelloVerdict::kWrongTag});
    return;
  }
  const auto judgement = keeper_.See(owner_.FingerprintsOf(link), payload, outbox_.sent());
  peer_last_ = judgement.peer_last;
  Run(now, HelloSeen{link, judgement.verdict});
}

void SessionEnd::OnCounted(TimePoint now, const Frame& frame) {
  switch (frame.header.type) {
    case FrameType::kPing:
      OnPing(now, frame);
      return;
    case FrameType::kPong:
      OnPong(now, frame);
      return;
    case FrameType::kAck:
      OnAckNumber(now, frame.header.ack);
      return;
    case FrameType::kNegotiate:
      if (!TakesNegotiation(now)) {
        Break(now);
        return;
      }
      if (const auto negotiation = ParseNegotiation(frame.payload)) {
        owner_.OnControl(frame);
        Run(now, RemoteNegotiation{negotiation->kind});
      } else {
        Break(now);
      }
      return;
    case FrameType::kRemember:
      owner_.OnControl(frame);
      return;
    case FrameType::kStateAck: {
      const auto versions = ParseStateAck(frame.payload);
      if (!versions) {
        Break(now);
        return;
      }
      for (const std::uint64_t version : *versions) states_.OnAcked(version);
      return;
    }
    case FrameType::kStateSet:
    case FrameType::kStateDelete:
      OnState(now, frame);
      return;
    default:
      break;
  }
  if (IsData(frame.header.type)) {
    OnData(now, frame);
  } else if (remote_streams_.Accept(frame.header.seq)) {
    owner_.OnStream(frame.header.type, frame.payload);
  }
}

// Each costs descriptions, offers also sockets.
bool SessionEnd::TakesNegotiation(TimePoint now) {
  negotiated_until_ = std::max(negotiated_until_, now) + kNegotiationCost;
  return negotiated_until_ - now <= kMaxNegotiations * kNegotiationCost;
}

void SessionEnd::OnData(TimePoint now, const Frame& frame) {
  OnAckNumber(now, frame.header.ack);
  if (link() == 0) return;
  const std::uint64_t seq = frame.header.seq;
  switch (inbox_.OnFrame(seq)) {
    case Inbox::Verdict::kViolation:
      Break(now);
      return;
    case Inbox::Verdict::kDuplicate:
      return;
    case Inbox::Verdict::kDeliver:
      break;
  }
  owner_.OnMessage(seq, frame.header.type, frame.payload);
  if (!manual_ack_) inbox_.Delivered(seq, frame.payload.size(), now);
  SendAcks(now);
}

void SessionEnd::OnState(TimePoint now, const Frame& frame) {
  const bool set = frame.header.type == FrameType::kStateSet;
  std::optional<StateValue> value;
  if (set) {
    value = ParseStateValue(frame.payload);
  } else if (const auto key = ParseStateKey(frame.payload)) {
    value = StateValue{*key, ValueKind::kBinary, {}};
  }
  const auto verdict = value ? remote_states_.OnVersion(value->key, frame.header.seq)
                             : StateReceiver::Verdict::kViolation;
  if (verdict == StateReceiver::Verdict::kViolation) {
    Break(now);
    return;
  }
  if (verdict == StateReceiver::Verdict::kDeliver) {
    if (set) {
      owner_.OnStateValue(*value);
    } else {
      owner_.OnStateCleared(value->key);
    }
  }
  SendAcks(now);
}

void SessionEnd::OnPing(TimePoint now, const Frame& frame) {
  const auto ping = ParsePing(frame.payload);
  if (!ping) {
    Break(now);
    return;
  }
  const std::uint64_t at = Microseconds(now);
  SendOn(link(), FrameType::kPong, PongPayload({ping->id, ping->t0, at, at}));
}

void SessionEnd::OnPong(TimePoint now, const Frame& frame) {
  const auto pong = ParsePong(frame.payload);
  if (!pong) return;
  // Only what answers a question of ours, once: its time is what we remember.
  const auto asked = std::find(pings_.begin(), pings_.end(), Ping{pong->id, pong->t0});
  if (asked == pings_.end()) return;
  // The lane keeps the order: what was asked before is not answered any more.
  pings_.erase(pings_.begin(), std::next(asked));
  const microseconds sample(Microseconds(now) - pong->t0);
  round_trip_ = round_trip_.count() == 0 ? sample : (round_trip_ * 7 + sample) / 8;
  SetStateRoundTrip();
  owner_.OnControl(frame);
}

// The relay loses nothing while its link lives, but it is paced: what was sent may still wait here.
void SessionEnd::SetStateRoundTrip() {
  states_.SetRoundTrip(over_relay() ? std::max(round_trip_, kRelayRoundTrip) : round_trip_);
}

void SessionEnd::OnAckNumber(TimePoint now, std::uint64_t up_to) {
  const auto newly = outbox_.OnAck(up_to);
  if (!newly) {
    Break(now);
    return;
  }
  if (*newly == 0) return;
  owner_.OnAcked(outbox_.acked());
  Pump(now);
}

void SessionEnd::Break(TimePoint now) { Run(now, Violation{link()}); }

// --- To the link ---------------------------------------------------------------------------------

void SessionEnd::SendOn(LinkId link, FrameType type, ByteSpan payload) {
  owner_.SendFrame(link, Lane::kControl,
                   std::make_shared<const Bytes>(MakeFrame({type, kNoChannel, 0, 0}, payload)));
}

void SessionEnd::SendPingOn(TimePoint now, LinkId link) {
  if (pings_.size() >= kMaxPings) pings_.pop_front();
  pings_.push_back({++last_ping_, Microseconds(now)});
  SendOn(link, FrameType::kPing, PingPayload(pings_.back()));
}

void SessionEnd::SendAcks(TimePoint now) {
  if (link() == 0) return;
  if (const auto ack = inbox_.AckToSend(now, false)) {
    owner_.SendFrame(
        link(), Lane::kControl,
        std::make_shared<const Bytes>(MakeFrame({FrameType::kAck, kCommandChannel, 0, *ack}, {})));
  }
  while (remote_states_.has_acks()) {
    owner_.SendFrame(
        link(), Lane::kControl,
        std::make_shared<const Bytes>(MakeFrame({FrameType::kStateAck, kStateChannel, 0, 0},
                                                StateAckPayload(remote_states_.TakeAcks()))));
  }
}

void SessionEnd::Pump(TimePoint now) {
  if (link() == 0) return;
  while (const Outbox::Item* const item = outbox_.Next()) {
    if (owner_.Room(link(), Lane::kControl) == 0) break;
    const SharedBytes framed = item->framed;
    outbox_.HandedOver();
    owner_.SendFrame(link(), Lane::kControl, framed);
  }
  while (!states_.idle() && owner_.Room(link(), Lane::kState) > 0) {
    auto frame = states_.NextToSend(now);
    if (!frame) break;
    owner_.SendFrame(link(), Lane::kState, std::make_shared<const Bytes>(std::move(*frame)));
  }
  if (machine_.over_relay()) return;
  while (streams_.frames() > 0) {
    const std::size_t room = owner_.Room(link(), Lane::kStream);
    if (room == 0) break;
    auto frame = streams_.Next(room);
    if (!frame) break;
    owner_.SendFrame(link(), Lane::kStream, std::make_shared<const Bytes>(std::move(*frame)));
  }
}

// --- Time ----------------------------------------------------------------------------------------

std::optional<SessionEnd::TimePoint> SessionEnd::deadline() const {
  auto first = machine_.deadline();
  const auto consider = [&](std::optional<TimePoint> time) {
    if (time && (!first || *time < *first)) first = time;
  };
  if (link() != 0) {
    consider(inbox_.ack_due());
    const auto again = states_.deadline();
    if (again && owner_.Room(link(), Lane::kState) > 0) consider(again);
  }
  return first;
}

void SessionEnd::OnTimer(TimePoint now) {
  Give(now, TimerFired{});
  SendAcks(now);
  Pump(now);
}

}  // namespace pairwire::delivery

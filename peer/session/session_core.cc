// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/session_core.h"

#include <algorithm>
#include <utility>

#include "peer/base/log.h"
#include "peer/session/paired_end.h"

namespace pairwire {

using delivery::EndReason;
using delivery::FrameType;
using delivery::LinkId;

namespace {

delivery::SessionEndOptions EndOptions(const SessionStart& start) {
  delivery::SessionEndOptions options;
  options.times = start.times;
  // The core says what is delivered: what waits for Subscribe is not.
  options.manual_ack = true;
  options.parks = std::ranges::find(start.features, kParkFeature) != start.features.end();
  return options;
}

std::optional<Error> ErrorOf(EndReason reason, bool is_unknown) {
  switch (reason) {
    case EndReason::kAsked:
      if (!is_unknown) return std::nullopt;
      return Error{Errc::kTimedOut, "not everything that was sent was acknowledged in time"};
    case EndReason::kPeerLeft:
      return std::nullopt;
    case EndReason::kSessionLost:
      return Error{Errc::kSessionLost, "the other end did not come back"};
    case EndReason::kPeerRestarted:
      return Error{Errc::kPeerRestarted, "the other end came back without its memory"};
    case EndReason::kReplaced:
      return Error{Errc::kReplaced, "another controller took the place"};
    case EndReason::kRevoked:
      return Error{Errc::kRevoked, "the pairing was revoked"};
    case EndReason::kAuthFailed:
      return Error{Errc::kAuthFailed, "the other end did not prove who it is"};
    case EndReason::kCorrupt:
      return Error{Errc::kSessionLost, "the two ends' numbers contradict each other"};
    case EndReason::kProtocol:
      return Error{Errc::kParseError, "the other end does not keep the session's protocol"};
    case EndReason::kLinkFailed:
      return Error{Errc::kPeerLeft, "the connection ended before the session began"};
  }
  return std::nullopt;
}

}  // namespace

Result<std::shared_ptr<SessionCore>> SessionCore::Make(std::shared_ptr<LoopLink> to_loop,
                                                       Loop& loop, SessionStart start,
                                                       SessionHooks hooks) {
  SystemRandom random;
  std::optional<delivery::HelloKeeper> keeper;
  if (start.proof) {
    Result<auth::ResumeKey> key = start.proof->TakeResumeKey();
    if (!key) return tl::unexpected(std::move(key.error()));
    keeper.emplace(start.role, std::move(*key), start.features, random);
  } else {
    keeper.emplace(start.role, start.features, random);
  }
  auto core = std::make_shared<SessionCore>(std::move(to_loop), loop, std::move(start),
                                            std::move(*keeper), std::move(hooks));
  core->self_ = core;
  core->ending_ = core->to_loop->AtEnd(
      [weak = core->self_] {
        if (const auto ending = weak.lock()) ending->SayGoodbye();
      },
      [weak = core->self_] {
        if (const auto ended = weak.lock()) ended->LetGo();
      });
  loop.Post(core->safety_.Wrap([core = core.get()] { core->Begin(); }));
  return core;
}

SessionCore::SessionCore(std::shared_ptr<LoopLink> link_to_loop, Loop& loop, SessionStart start,
                         delivery::HelloKeeper keeper, SessionHooks hooks)
    : Impl(std::move(link_to_loop)),
      role_(start.role),
      manual_ack_(start.options.manual_ack),
      peer_(std::move(start.peer)),
      loop_(loop),
      hooks_(std::move(hooks)),
      pairing_(std::move(start.proof)),
      first_link_(std::move(start.link)),
      rejoin_(std::move(start.rejoin)),
      new_link_(std::move(start.new_link)),
      relay_timer_(loop, [this] { OnOfferTimer(); }),
      gate_(delivery::Outbox::Limits{}),
      clock_timer_(loop, [this] { OnClockTimer(); }),
      presenter_(
          loop, [this] { return ReferenceOffset(); },
          [this](const events::AnimationFrame& frame, std::chrono::microseconds late) {
            ShowFrame(frame, late);
          }),
      timer_(loop, [this] { OnTimer(); }) {
  snapshot_.pairing_id = peer_.pairing_id;
  if (start.remember) StartRemembering(std::move(*start.remember));
  delivery::SessionOwner& owner = *this;
  end_.emplace(role_, std::move(keeper), EndOptions(start), random_, owner);
}

SessionCore::~SessionCore() { to_loop->ForgetEnding(ending_); }

void SessionCore::Give(const delivery::SessionMachine::Input& input) {
  Run([&] { end_->Give(loop_.Now(), input); });
}

void SessionCore::GiveLater(delivery::SessionMachine::Input input) {
  loop_.Post(safety_.Wrap([this, input = std::move(input)] { Give(input); }));
}

void SessionCore::OnTimer() {
  timer_at_.reset();
  Run([this] { end_->OnTimer(loop_.Now()); });
}

void SessionCore::SettleLater() {
  if (let_go_ || std::exchange(settling_, true)) return;
  loop_.PostAtTurnEnd(safety_.Wrap([this] { Settle(); }));
}

void SessionCore::Settle() {
  settling_ = false;
  if (let_go_) return;
  const auto deadline = end_->deadline();
  if (!deadline) {
    timer_.Stop();
    timer_at_.reset();
  } else if (!timer_at_ || *deadline < *timer_at_) {
    // One that fires too early does no harm; moving it each time would cost more.
    timer_at_ = *deadline;
    timer_.StartAt(*deadline);
  }
  ShowOverRelay();
  OfferRelay();
  gate_.SetOutbox(end_->outbox().bytes(), end_->outbox().messages());
  next_.stats.outbox_bytes = end_->outbox().bytes();
  next_.stats.streams_dropped = end_->streams_dropped();
  next_.stats.round_trip = end_->round_trip();
  next_.stats.acked = end_->outbox().acked();
  next_.stats.frames_late = presenter_.stats().late;
  next_.stats.frames_dropped = presenter_.stats().dropped;
  const std::lock_guard lock(snapshot_mutex_);
  snapshot_.stats = next_.stats;
}

void SessionCore::ShowOverRelay() {
  if (over_relay_ == end_->over_relay()) return;
  over_relay_ = end_->over_relay();
  state_gate_.SetOverRelay(over_relay_);
}

// What other threads have queued goes into the outbox.
void SessionCore::Drain() {
  std::vector<SendGate::Waiting> waiting;
  gate_.Drain(waiting);
  if (waiting.empty()) return;
  Run([&] { PutIntoOutbox(std::move(waiting)); });
}

void SessionCore::PutIntoOutbox(std::vector<SendGate::Waiting> messages) {
  if (messages.empty()) return;
  const auto now = loop_.Now();
  for (SendGate::Waiting& message : messages) {
    (void)end_->SendFramed(now, message.type, std::move(message.framed));
  }
}

Result<MessageId> SessionCore::SendNow(FrameType type, ByteSpan message) {
  std::vector<SendGate::Waiting> before;
  const auto id = gate_.Pass(message.size(), before);
  if (!id) return id;
  Result<MessageId> sent = *id;
  Run([&] {
    PutIntoOutbox(std::move(before));
    sent = end_->Send(loop_.Now(), type, message);
    if (!sent) gate_.SetOutbox(end_->outbox().bytes(), end_->outbox().messages());
  });
  return sent;
}

Result<MessageId> SessionCore::SendCommand(FrameType type, ByteSpan message) {
  Result<MessageId> id = 0;
  if (to_loop->IsCurrent()) {
    id = SendNow(type, message);
  } else {
    const auto queued = gate_.Queue(type, message);
    if (!queued) return tl::unexpected(queued.error());
    id = queued->id;
    if (queued->first) {
      to_loop->Post([weak = self_](NetworkCore&) {
        if (const auto core = weak.lock()) core->Drain();
      });
    }
  }
  return id;
}

// --- The machine's actions -----------------------------------------------------------------------

void SessionCore::Do(const delivery::SessionMachine::Action& action) {
  if (const auto* const told = std::get_if<delivery::TellState>(&action)) {
    SetSessionState(told->state, told->why);
  } else if (const auto* const ended = std::get_if<delivery::EndLink>(&action)) {
    DropLink(ended->link);
  } else if (const auto* const used = std::get_if<delivery::UseLink>(&action)) {
    if (connected_told_) ++next_.stats.resumes;
    if (watch_) watch_->OnUsed(used->link);
    connecting_.reset();
    SetOpener(Carrier(used->link));
    ShowOverRelay();
    if (const SessionLink* const link = Carrier(used->link)) {
      if (!end_->over_relay()) last_remote_ = link->remote_description();
      SetPath(link->path());
      TellWatchers();
    }
    loop_.Post(safety_.Wrap([this, id = used->link] { GiveChannels(id); }));
    SetClockRunning(true);
    loop_.Post(safety_.Wrap([this] {
      if (remembering_) remembering_->OnLink();
    }));
  } else if (std::holds_alternative<delivery::StartRejoin>(action)) {
    const auto& secrets = end_->keeper().secrets();
    leave_when_closed_ = relay_ready_ = false;
    const bool has_connection = Connection() != nullptr;
    if (rejoin_ && secrets) rejoin_->Start(*secrets, has_connection);
  } else if (std::holds_alternative<delivery::StopRejoin>(action) ||
             std::holds_alternative<delivery::LeaveRelay>(action)) {
    StopMeeting();
  } else if (const auto* const restart = std::get_if<delivery::RestartIce>(&action)) {
    if (SessionLink* const link = Connection()) {
      if (restart->in_band) {
        link->RestartIce();
      } else {
        link->Renegotiate(true);
      }
    }
  } else if (std::holds_alternative<delivery::NewConnection>(action)) {
    StartConnecting(nullptr);
  } else if (std::holds_alternative<delivery::Renegotiate>(action)) {
    if (SessionLink* const link = InUse()) link->Renegotiate(false);
  } else if (std::holds_alternative<delivery::RollBack>(action)) {
    if (SessionLink* const link = InUse()) link->RollBack();
  } else if (std::holds_alternative<delivery::ApplyRemote>(action)) {
    SessionLink* const link = InUse();
    const auto negotiation = std::exchange(negotiation_, std::nullopt);
    if (link != nullptr && negotiation) link->ApplyRemote(*negotiation);
  } else if (std::holds_alternative<delivery::ShowCode>(action)) {
    TellWaiting(true);
  } else if (std::holds_alternative<delivery::HideCode>(action)) {
    TellWaiting(false);
  } else if (std::holds_alternative<delivery::WipeKeys>(action)) {
    connecting_.reset();
    pairing_.reset();
  }
}

// From the loop's own frame: a display may end this session for it.
void SessionCore::TellWaiting(bool waits) {
  loop_.Post(safety_.Wrap([this, waits] {
    const auto on_waiting = hooks_.on_waiting;
    if (on_waiting && !report_) on_waiting(waits);
  }));
}

void SessionCore::SetSessionState(delivery::SessionState state, std::string_view why) {
  switch (state) {
    case delivery::SessionState::kSignalling:
      return;
    case delivery::SessionState::kConnected:
      next_.state = SessionState::kConnected;
      break;
    case delivery::SessionState::kRecovering:
      next_.state = SessionState::kRecovering;
      break;
    case delivery::SessionState::kReconnecting:
      next_.state = SessionState::kReconnecting;
      break;
    case delivery::SessionState::kClosing:
      next_.state = SessionState::kClosing;
      break;
    case delivery::SessionState::kClosed:
      next_.state = SessionState::kClosed;
      break;
  }
  if (state == delivery::SessionState::kClosing || state == delivery::SessionState::kClosed) {
    gate_.Close();
    state_gate_.Close();
  }
  if (end_->link() == 0) SetClockRunning(false);
  {
    const std::lock_guard lock(snapshot_mutex_);
    snapshot_.state = next_.state;
  }
  TellWatchers();
  if (next_.state == SessionState::kConnected && !std::exchange(connected_told_, true)) {
    loop_.Post(safety_.Wrap([this] {
      const auto keep = self_.lock();
      const auto on_connected = std::exchange(hooks_.on_connected, nullptr);
      if (on_connected && !detached_) on_connected();
    }));
    return;
  }
  if (!connected_told_) return;
  const auto events = events_;
  if (events->on_state && !detached_) events->on_state(next_.state, why);
}

// --- The end -------------------------------------------------------------------------------------

void SessionCore::OnClosed(const delivery::ClosedReport& report) {
  ClosedReport told;
  told.last_delivered = report.last_delivered;
  // What other threads queued and the outbox never saw is lost with it.
  const MessageId acked = end_->outbox().acked();
  const MessageId last = gate_.last_id();
  if (last > acked) told.unacknowledged = {acked + 1, last};
  told.error = ErrorOf(report.reason, last > acked);
  report_ = told;
  if (remembering_) {
    if (report.reason == EndReason::kRevoked) remembering_->OnRevokedByOther();
    remembering_->Stop();
  }
  tell_remembered_ = false;
  StopMeeting();
  held_.clear();
  held_states_.clear();
  held_channels_.clear();
  presenter_.Clear();
  SetClockRunning(false);
  FailWaiters({Errc::kClosed, "the session is closed"});
  const auto over = std::exchange(hooks_, {}).on_over;
  TellClosed();
  if (over) over(told.error);
}

void SessionCore::TellClosed() {
  if (!report_ || !subscribed_ || detached_ || std::exchange(closed_told_, true)) return;
  const auto events = std::exchange(events_, std::make_shared<const SessionEvents>());
  const ClosedReport report = *report_;
  if (events->on_closed) events->on_closed(report);
}

void SessionCore::StartClose() {
  Drain();
  DrainStates();
  Run([this] { end_->Close(loop_.Now()); });
}

void SessionCore::Detach() {
  const auto keep = self_.lock();
  detached_ = true;
  if (!connected_told_) hooks_ = {};
  held_.clear();
  held_states_.clear();
  held_channels_.clear();
  presenter_.Clear();
  FailWaiters({Errc::kCancelled, "the session's handle is gone"});
  StartClose();
  // What still goes out needs an owner.
  if (keeper_timer_ == 0) {
    keeper_timer_ = loop_.ScheduleAt(loop_.Now() + kLingering, [keep] { keep->keeper_timer_ = 0; });
  }
  GoWhenDone();
}

// Without a handle, and nothing goes out any more: the timer need not own us longer.
void SessionCore::GoWhenDone() {
  if (!report_ || !closing_.empty()) return;
  if (std::exchange(saying_goodbye_, false)) return LetGo();
  if (keeper_timer_ == 0) return;
  loop_.CancelTimer(std::exchange(keeper_timer_, 0));
}

// The Network goes. The other end is told at once: no acknowledgement can be waited for any more,
// but the word itself may have to, for what the connection has in flight.
void SessionCore::SayGoodbye() {
  const auto keep = self_.lock();
  detached_ = true;
  let_go_ = true;
  hooks_ = {};
  StartClose();
  if (end_->state() == delivery::SessionState::kClosing) Give(delivery::Drained{});
  saying_goodbye_ = true;
  GoWhenDone();
}

// What was not said by now is not said.
void SessionCore::LetGo() {
  const auto keep = self_.lock();
  detached_ = let_go_ = true;  // one that began during the goodbyes has said none
  timer_.Stop();
  clock_timer_.Stop();
  relay_timer_.Stop();
  presenter_.Clear();
  relay_link_ = nullptr;
  rejoin_.reset();
  remembering_.reset();
  connecting_.reset();
  first_link_.reset();
  links_.clear();
  closing_.clear();
  if (keeper_timer_ != 0) loop_.CancelTimer(std::exchange(keeper_timer_, 0));
  to_loop->ForgetEnding(ending_);
}

void SessionCore::NetworkChanged() {
  if (SessionLink* const link = InUse()) link->RestartIce();
  Give(delivery::NetworkChanged{});
}

}  // namespace pairwire

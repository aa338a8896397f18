// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Links, time and the end. Meetings and negotiation are in session_meeting.cc.
#include "peer/delivery/session_machine.h"

#include <algorithm>
#include <string>
#include <utility>

#include "peer/base/log.h"

namespace pairwire::delivery {

SessionMachine::SessionMachine(auth::PairingRole role, bool plain, SessionTimes times,
                               RandomSource& random, bool parks)
    : role_(role), plain_(plain), parks_(parks), times_(times), random_(random) {}

SessionMachine::Actions SessionMachine::Handle(TimePoint now, const Input& input) {
  now_ = now;
  if (state_ != SessionState::kClosed) std::visit([this](const auto& what) { On(what); }, input);
  Actions actions = std::exchange(actions_, {});
  for (Action& action : tell_) actions.push_back(std::move(action));
  tell_.clear();
  return actions;
}

std::optional<SessionMachine::TimePoint> SessionMachine::deadline() const {
  std::optional<TimePoint> first;
  for (const auto& timer : timers_) {
    if (timer && (!first || *timer < *first)) first = timer;
  }
  return first;
}

void SessionMachine::SetState(SessionState state, std::string_view reason) {
  if (state_ == state) return;
  if (LogWanted(LogLevel::kInfo)) {
    Log(LogLevel::kInfo, "session[" + std::string(ToString(state_)) + "]: " + std::string(reason) +
                             " -> " + std::string(ToString(state)));
  }
  state_ = state;
  tell_.push_back(TellState{state, reason});
}

// --- Links ---------------------------------------------------------------------------------------

void SessionMachine::Await(Pending pending) {
  DropPending();
  pending_ = pending;
  if (!pending.bound) actions_.push_back(SendBind{pending.link});
  actions_.push_back(SendHello{pending.link});
  SetTimer(kHello, times_.hello_deadline);
}

void SessionMachine::DropPending() {
  if (pending_) {
    actions_.push_back(EndLink{pending_->link});
    if (pending_->link == parked_) ForgetParked();
  }
  pending_.reset();
  StopTimer(kHello);
}

void SessionMachine::PendingFailed(std::string_view reason) {
  if (LogWanted(LogLevel::kInfo)) {
    Log(LogLevel::kInfo,
        "session[" + std::string(ToString(state_)) + "]: a new link ends: " + std::string(reason));
  }
  if (pending_ && pending_->link == parked_) {
    DropParked(reason);
    return;
  }
  DropPending();
  if (state_ == SessionState::kSignalling) {
    if (plain_) {
      End(EndReason::kLinkFailed);
      return;
    }
    SetState(SessionState::kReconnecting, reason);
    BeginOutage();
  } else if (held_fallback_ && !timers_[kFallback]) {
    Await({*std::exchange(held_fallback_, std::nullopt), true, true});
  }
}

void SessionMachine::TakeOver() {
  const Pending taken = *pending_;
  pending_.reset();
  if (parks_ && taken.over_relay && link_ != 0 && !over_relay_) parked_ = std::exchange(link_, 0);
  // Before anything is delivered from the new one.
  if (link_ != 0) actions_.push_back(EndLink{link_});
  if (!taken.over_relay) {
    if (parked_ != 0 && parked_ != taken.link) actions_.push_back(EndLink{parked_});
    parked_ = 0;
  }
  link_ = taken.link;
  over_relay_ = taken.over_relay;
  actions_.push_back(UseLink{link_});
  actions_.push_back(RewindOutbox{});
  StopTimer(kHello);
  offering_ = offer_again_ = ignoring_offer_ = needed_ = taken_back_ = false;
  Heard();
  SetTimer(kHealthy, times_.healthy);
  StopMeeting();
  if (over_relay_) {
    way_back_ = times_.way_back_first;
    // A new connection would end the parked one.
    if (parked_ == 0) SetTimer(kWayBack, way_back_);
  }
  SetState(SessionState::kConnected, "the other end proved itself");
}

// Something was heard on the parked link. What it was is of the time before: the other end's HELLO
// is the first that counts.
void SessionMachine::TakeBack() {
  // A new connection is further.
  if (!alive() || (pending_ && !pending_->over_relay)) return;
  Await({parked_, false, true});
}

void SessionMachine::DropParked(std::string_view reason) {
  if (LogWanted(LogLevel::kInfo)) {
    Log(LogLevel::kInfo, "session[" + std::string(ToString(state_)) +
                             "]: the parked link ends: " + std::string(reason));
  }
  if (pending_ && pending_->link == parked_) {
    DropPending();
  } else {
    actions_.push_back(EndLink{parked_});
    ForgetParked();
  }
  if (over_relay_) {
    SetTimer(kWayBack, {});
    return;
  }
  MeetingMakesLinks();
  if (held_fallback_ && !pending_ && !timers_[kFallback]) {
    Await({*std::exchange(held_fallback_, std::nullopt), true, true});
  }
}

void SessionMachine::ForgetParked() {
  parked_ = 0;
  StopTimer(kGiveUp);
  StopTimer(kRestart);
  if (over_relay_) SetTimer(kWayBack, way_back_);
}

void SessionMachine::LoseLink(std::string_view reason) {
  link_ = 0;
  over_relay_ = false;
  for (const Timer timer : {kPing, kDead, kHealthy, kWayBack, kGiveUp}) StopTimer(timer);
  if (state_ == SessionState::kClosing) {
    End(EndReason::kAsked);
    return;
  }
  offering_ = offer_again_ = ignoring_offer_ = needed_ = taken_back_ = false;
  SetState(SessionState::kReconnecting, reason);
  BeginOutage();
  if (meeting_ == Meeting::kMet) MeetingMakesLinks();
}

void SessionMachine::Heard() {
  SetTimer(kPing, times_.ping);
  SetTimer(kDead, times_.dead);
}

void SessionMachine::On(const LinkUp& input) {
  if (!alive()) {
    actions_.push_back(EndLink{input.link});
    return;
  }
  Await({input.link, false, plain_});
}

void SessionMachine::On(const FallbackUp& input) {
  // Nothing would hide the text of a plain session from the relay.
  const bool wanted =
      !plain_ && meeting_ == Meeting::kMet &&
      (state_ == SessionState::kRecovering || state_ == SessionState::kReconnecting);
  if (!wanted) {
    actions_.push_back(EndLink{input.link});
    return;
  }
  if (held_fallback_) actions_.push_back(EndLink{*held_fallback_});
  held_fallback_.reset();
  if (timers_[kFallback] || pending_) {
    held_fallback_ = input.link;
  } else {
    Await({input.link, true, true});
  }
}

void SessionMachine::On(const LinkEnded& input) {
  if (input.link == 0) return;
  if (held_fallback_ == input.link) {
    held_fallback_.reset();
  } else if (parked_ == input.link) {
    DropParked("the link ended");
  } else if (pending_ && pending_->link == input.link) {
    PendingFailed("the link ended");
  } else if (link_ == input.link) {
    LoseLink("the link ended");
  } else if (state_ == SessionState::kSignalling && !pending_) {
    direct_tried_ = true;
    PendingFailed("the first link never came up");
  }
}

void SessionMachine::On(const BindSeen& input) {
  if (!pending_ || pending_->link != input.link) return;
  if (input.right) {
    pending_->bound = true;
  } else if (state_ == SessionState::kSignalling) {
    End(EndReason::kAuthFailed);
  } else {
    PendingFailed("another connection than was agreed on");
  }
}

void SessionMachine::On(const HelloSeen& input) {
  if (link_ == input.link && link_ != 0) {
    actions_.push_back(EndLink{link_});
    LoseLink("a second hello");
    return;
  }
  if (!pending_ || pending_->link != input.link) return;
  const bool first = state_ == SessionState::kSignalling;
  HelloVerdict verdict = input.verdict;
  if (!pending_->bound) verdict = HelloVerdict::kWrongTag;
  switch (verdict) {
    case HelloVerdict::kFirst:
    case HelloVerdict::kResume:
      TakeOver();
      return;
    case HelloVerdict::kWrongTag:
      if (first) {
        End(EndReason::kAuthFailed);
      } else {
        PendingFailed("a hello that proves nothing");
      }
      return;
    case HelloVerdict::kRefuse:
      PendingFailed("a hello of the past");
      return;
    case HelloVerdict::kMalformed:
      actions_.push_back(SendReset{input.link, ResetReason::kProtocol});
      if (first) {
        End(EndReason::kProtocol);
      } else {
        PendingFailed("a malformed hello");
      }
      return;
    case HelloVerdict::kStateLost:
      actions_.push_back(SendReset{input.link, ResetReason::kStateLost});
      End(EndReason::kPeerRestarted);
      return;
    case HelloVerdict::kCorrupt:
      actions_.push_back(SendReset{input.link, ResetReason::kCorrupt});
      End(EndReason::kCorrupt);
      return;
  }
}

void SessionMachine::On(const ResetSeen& input) {
  if (pending_ && pending_->link == input.link) {
    // The other end has not proved that it is itself.
    PendingFailed("the other end refused");
    return;
  }
  if (input.link == 0 || input.link != link_) return;
  switch (input.reason) {
    case ResetReason::kRefused:
      actions_.push_back(EndLink{link_});
      LoseLink("the other end refused");
      return;
    case ResetReason::kCorrupt:
      End(EndReason::kCorrupt);
      return;
    case ResetReason::kStateLost:
      End(EndReason::kSessionLost);
      return;
    case ResetReason::kProtocol:
      End(EndReason::kProtocol);
      return;
  }
}

void SessionMachine::On(const CloseSeen& input) {
  if (pending_ && pending_->link == input.link) {
    PendingFailed("a goodbye before a hello");
    return;
  }
  if (input.link == 0 || input.link != link_) return;
  switch (input.reason) {
    case CloseReason::kBye:
      End(state_ == SessionState::kClosing ? EndReason::kAsked : EndReason::kPeerLeft);
      return;
    case CloseReason::kReplaced:
      End(EndReason::kReplaced);
      return;
    case CloseReason::kRevoked:
      End(EndReason::kRevoked);
      return;
  }
}

void SessionMachine::On(const FrameSeen& input) {
  if (input.link != 0 && input.link == parked_) {
    On(PathBack{parked_});
    return;
  }
  if (pending_ && pending_->link == input.link) {
    PendingFailed("a frame before the hello");
    return;
  }
  if (input.link == 0 || input.link != link_) return;
  Heard();
  if (state_ == SessionState::kRecovering) On(PathBack{link_});
}

void SessionMachine::On(const Violation& input) {
  if (input.link != 0 && input.link == parked_) {
    DropParked("what came is no frame");
    return;
  }
  if (pending_ && pending_->link == input.link) {
    if (state_ == SessionState::kSignalling) {
      actions_.push_back(SendReset{input.link, ResetReason::kProtocol});
      End(EndReason::kProtocol);
    } else {
      PendingFailed("what came is no frame");
    }
    return;
  }
  if (input.link == 0 || input.link != link_) return;
  actions_.push_back(SendReset{link_, ResetReason::kProtocol});
  End(EndReason::kProtocol);
}

// --- Time ----------------------------------------------------------------------------------------

void SessionMachine::MoveDeadlines(Loop::Duration lateness) {
  for (auto& timer : timers_) {
    if (timer) *timer += lateness;
  }
  if (outage_since_) *outage_since_ += lateness;
}

bool SessionMachine::Expired(Timer timer) {
  if (!timers_[timer] || now_ < *timers_[timer]) return false;
  timers_[timer].reset();
  return true;
}

void SessionMachine::On(const TimerFired&) {
  const auto due = deadline();
  if (!due || now_ < *due) return;
  if (now_ - *due > times_.lateness) {
    // Everything stood still, the other end's answers with it: nobody was silent.
    MoveDeadlines(now_ - *due);
    if (link_ != 0) {
      actions_.push_back(SendPing{link_});
      Heard();
    }
    return;
  }
  for (std::size_t timer = 0; timer < kTimerCount && state_ != SessionState::kClosed; ++timer) {
    if (Expired(static_cast<Timer>(timer))) Run(static_cast<Timer>(timer));
  }
}

void SessionMachine::Run(Timer timer) {
  switch (timer) {
    case kHello:
      PendingFailed("no hello in time");
      return;
    case kWindow:
      End(EndReason::kSessionLost);
      return;
    case kPing:
      if (link_ != 0) actions_.push_back(SendPing{link_});
      SetTimer(kPing, times_.ping);
      return;
    case kDead:
      if (over_relay_) {
        actions_.push_back(EndLink{link_});
        LoseLink("silence");
      } else {
        On(PathQuiet{link_});
      }
      return;
    case kHealthy:
      attempt_ = 0;
      return;
    case kLeave:
      meeting_ = Meeting::kNone;
      actions_.push_back(LeaveRelay{});
      return;
    case kRetry:
      meeting_ = Meeting::kTrying;
      actions_.push_back(StartRejoin{});
      return;
    case kRestart:
      MeetingMakesLinks();
      return;
    case kGiveUp:
      On(RenewAsked{});
      return;
    case kFallback:
      if (held_fallback_ && !pending_) {
        Await({*std::exchange(held_fallback_, std::nullopt), true, true});
      }
      return;
    case kWayBack:
      if (is_display()) actions_.push_back(NewConnection{});
      way_back_ = std::min<Loop::Duration>(2 * way_back_, times_.way_back_max);
      SetTimer(kWayBack, way_back_);
      return;
    case kCode:
      code_shown_ = true;
      actions_.push_back(ShowCode{});
      return;
    case kClose:
      SayAndEnd(CloseReason::kBye, EndReason::kAsked);
      return;
    case kTimerCount:
      return;
  }
}

// --- The end -------------------------------------------------------------------------------------

void SessionMachine::On(const CloseAsked&) {
  if (state_ == SessionState::kClosing) return;
  if (link_ == 0) {
    End(EndReason::kAsked);
    return;
  }
  DropPending();
  if (parked_ != 0) actions_.push_back(EndLink{parked_});
  parked_ = 0;
  timers_.fill(std::nullopt);
  SetState(SessionState::kClosing, "asked to");
  SetTimer(kClose, times_.close);
}

void SessionMachine::On(const Drained&) {
  if (state_ == SessionState::kClosing) SayAndEnd(CloseReason::kBye, EndReason::kAsked);
}

void SessionMachine::On(const Replaced&) {
  SayAndEnd(CloseReason::kReplaced, EndReason::kReplaced);
}

void SessionMachine::On(const RevokeAsked&) {
  SayAndEnd(CloseReason::kRevoked, EndReason::kRevoked);
}

void SessionMachine::SayAndEnd(CloseReason said, EndReason reason) {
  if (link_ != 0) actions_.push_back(SendClose{link_, said});
  End(reason);
}

void SessionMachine::End(EndReason reason) {
  if (link_ != 0) actions_.push_back(EndLink{link_});
  link_ = 0;
  DropPending();
  if (parked_ != 0) actions_.push_back(EndLink{parked_});
  parked_ = 0;
  if (held_fallback_) actions_.push_back(EndLink{*held_fallback_});
  held_fallback_.reset();
  if (meeting_ == Meeting::kTrying || meeting_ == Meeting::kPausing) {
    actions_.push_back(StopRejoin{});
  }
  actions_.push_back(LeaveRelay{});
  meeting_ = Meeting::kNone;
  if (code_shown_) actions_.push_back(HideCode{});
  code_shown_ = false;
  timers_.fill(std::nullopt);
  actions_.push_back(WipeKeys{});
  SetState(SessionState::kClosed, ToString(reason));
  tell_.push_back(TellClosed{reason});
}

}  // namespace pairwire::delivery

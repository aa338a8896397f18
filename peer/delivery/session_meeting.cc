// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How SessionMachine finds the other end again, and how the two negotiate in band.
#include <algorithm>
#include <utility>

#include "peer/base/full_jitter.h"
#include "peer/delivery/session_machine.h"

namespace pairwire::delivery {

// --- Meetings at the relay -----------------------------------------------------------------------

void SessionMachine::BeginOutage() {
  if (!outage_since_) {
    outage_since_ = now_;
    SetTimer(kWindow, times_.window);
    // From the first silence: whose controller died without a word must not wait for ICE to say so.
    if (is_display()) SetTimer(kCode, times_.show_code_after);
  }
  // Without a link, too: a beat by which a standstill shows before it has eaten up the window.
  SetTimer(kPing, times_.ping);
  Meet();
}

void SessionMachine::Meet() {
  StopTimer(kLeave);
  if (meeting_ != Meeting::kNone) return;
  if (refused_until_ && now_ < *refused_until_) {
    PauseMeeting({});
    return;
  }
  meeting_ = Meeting::kTrying;
  actions_.push_back(StartRejoin{});
}

// At least as long as the relay asked for.
void SessionMachine::PauseMeeting(Loop::Duration pause) {
  meeting_ = Meeting::kPausing;
  if (refused_until_) pause = std::max<Loop::Duration>(pause, *refused_until_ - now_);
  SetTimer(kRetry, pause);
}

void SessionMachine::StopMeeting() {
  outage_since_.reset();
  for (const Timer timer : {kWindow, kRetry, kFallback, kCode, kWayBack}) StopTimer(timer);
  // Restarts of the parked link go on.
  if (parked_ == 0) {
    StopTimer(kRestart);
    StopTimer(kGiveUp);
  }
  if (code_shown_) actions_.push_back(HideCode{});
  code_shown_ = false;
  // The relay carries the session: the meeting stands.
  if (over_relay_) return;
  if (held_fallback_) actions_.push_back(EndLink{*held_fallback_});
  held_fallback_.reset();
  if (meeting_ == Meeting::kTrying || meeting_ == Meeting::kPausing) {
    meeting_ = Meeting::kNone;
    actions_.push_back(StopRejoin{});
  }
  SetTimer(kLeave, times_.relay_grace);
}

void SessionMachine::On(const PathQuiet& input) {
  if (state_ != SessionState::kConnected || input.link != link_ || over_relay_) return;
  StopTimer(kHealthy);
  StopTimer(kDead);
  SetState(SessionState::kRecovering, "nothing is heard");
  BeginOutage();
  actions_.push_back(RestartIce{true});
  if (meeting_ == Meeting::kMet) MeetingMakesLinks();
}

void SessionMachine::On(const PathBack& input) {
  if (input.link != 0 && input.link == parked_) {
    if (!IsWaiting(parked_)) TakeBack();
    return;
  }
  if (state_ != SessionState::kRecovering || input.link != link_) return;
  SetTimer(kHealthy, times_.healthy);
  Heard();
  StopMeeting();
  SetState(SessionState::kConnected, "the path is back");
  if (std::exchange(needed_, false)) On(NegotiationNeeded{});
}

void SessionMachine::On(const RelayMet&) {
  if (meeting_ != Meeting::kTrying) return;
  meeting_ = Meeting::kMet;
  relay_away_ = needed_ = false;
  if (offering_) {
    actions_.push_back(RollBack{});
    taken_back_ = true;
  }
  offering_ = offer_again_ = false;
  if (!std::exchange(direct_tried_, false)) SetTimer(kFallback, times_.fallback_after);
  MeetingMakesLinks();
}

// Offers in a meeting are the display's.
void SessionMachine::MeetingMakesLinks() {
  if (meeting_ != Meeting::kMet || !is_display()) return;
  SetTimer(kRestart, RestartPause());
  if (state_ == SessionState::kRecovering || parked_ != 0) {
    if (!timers_[kGiveUp]) SetTimer(kGiveUp, times_.restart_gives_up);
    actions_.push_back(RestartIce{false});
  } else if (state_ == SessionState::kReconnecting && !pending_) {
    actions_.push_back(NewConnection{});
  }
}

Loop::Duration SessionMachine::RestartPause() {
  const bool late = outage_since_ && now_ - *outage_since_ >= times_.restart_late;
  const Loop::Duration pause = late ? times_.restart_every_late : times_.restart_every;
  const auto quarter = static_cast<std::uint64_t>((pause / 4).count());
  return pause - pause / 4 + Loop::Duration(random_.NextBelow(2 * quarter + 1));
}

Loop::Duration SessionMachine::NextPause() {
  const bool late = outage_since_ && now_ - *outage_since_ >= times_.late;
  const Loop::Duration most = late ? times_.retry_max_late : times_.retry_max;
  return JitteredPause<Loop::Duration>(random_, times_.retry_first, most, attempt_++);
}

// Pauses have grown for a reason that is gone: whether they begin short again.
bool SessionMachine::TakeNews(RejoinFailed::Why why) {
  const bool was_away = std::exchange(relay_away_, why == RejoinFailed::Why::kRelayAway);
  const bool news = why == RejoinFailed::Why::kPeerMoved || (was_away && !relay_away_);
  // Whatever the relay plays at, it gains no more than that many tries.
  if (!news || (news_at_ && now_ - *news_at_ < times_.news)) return false;
  news_at_ = now_;
  return true;
}

void SessionMachine::On(const RejoinFailed& input) {
  if (meeting_ != Meeting::kTrying && meeting_ != Meeting::kMet) return;
  if (TakeNews(input.why)) attempt_ = 0;
  for (const Timer timer : {kLeave, kRestart, kGiveUp, kFallback}) StopTimer(timer);
  refused_until_ = now_ + std::min<Loop::Duration>(input.retry_after, times_.retry_after_max);
  if (!outage_since_ && !over_relay_) {
    meeting_ = Meeting::kNone;
    return;
  }
  PauseMeeting(NextPause());
}

void SessionMachine::On(const RenewAsked&) {
  if (parked_ != 0) {
    DropParked("the connection could not be restarted");
    return;
  }
  if (state_ != SessionState::kRecovering) return;
  actions_.push_back(EndLink{link_});
  LoseLink("the connection could not be restarted");
}

void SessionMachine::On(const NetworkChanged&) {
  attempt_ = 0;
  if (meeting_ == Meeting::kPausing) {
    PauseMeeting({});
    if (Expired(kRetry)) Run(kRetry);
  } else if (state_ == SessionState::kConnected && over_relay_ && parked_ == 0) {
    way_back_ = times_.way_back_first;
    StopTimer(kWayBack);
    Run(kWayBack);
  } else {
    MeetingMakesLinks();
  }
}

// --- Negotiation in band -------------------------------------------------------------------------

void SessionMachine::On(const NegotiationNeeded&) {
  // What is said into a path that is quiet arrives when it is back: then it is about the past, and
  // an answer to it changes one end over to what the other has not.
  if (state_ == SessionState::kRecovering) needed_ = meeting_ != Meeting::kMet;
  if (state_ != SessionState::kConnected || over_relay_) return;
  if (offering_) {
    offer_again_ = true;
    return;
  }
  offering_ = true;
  actions_.push_back(Renegotiate{});
}

void SessionMachine::On(const RemoteNegotiation& input) {
  if (link_ == 0 || over_relay_) return;
  switch (input.kind) {
    case NegotiationKind::kOffer:
      // Of two offers the display's counts; the controller's connection asks again by itself.
      ignoring_offer_ = offering_ && is_display();
      if (ignoring_offer_) return;
      if (offering_) actions_.push_back(RollBack{});
      offering_ = offer_again_ = false;
      actions_.push_back(ApplyRemote{});
      return;
    case NegotiationKind::kAnswer:
      if (!offering_) {
        // To an offer that was taken back at the relay while it waited for the path: the other end
        // has changed over to what is no more. Both have to be of one mind again.
        if (std::exchange(taken_back_, false) && state_ == SessionState::kConnected) {
          actions_.push_back(RestartIce{true});
        }
        return;
      }
      offering_ = false;
      // The candidates that follow are the answer's, not those of an offer that lost.
      ignoring_offer_ = false;
      actions_.push_back(ApplyRemote{});
      if (!offer_again_) return;
      offer_again_ = false;
      offering_ = true;
      actions_.push_back(Renegotiate{});
      return;
    case NegotiationKind::kCandidate:
    case NegotiationKind::kRollback:
      if (!ignoring_offer_) actions_.push_back(ApplyRemote{});
      return;
    case NegotiationKind::kWantRestart:
      if (is_display()) actions_.push_back(RestartIce{true});
      return;
  }
}

}  // namespace pairwire::delivery

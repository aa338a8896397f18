// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SessionMachine: how a session lives on while links come and go, as a pure machine: inputs and the
// time go in, actions come out. No socket, no clock, no callback, no key. Pairing was before it
// (peer/session); what is sent and delivered is session_end.h's.
//
//    kSignalling -- HELLO verified -----------------------> kConnected
//        |                                          quiet    |  ^  heard again, restart worked
//        | link ended                                        v  |
//        |                                               kRecovering -- in vain for 10 s, or the
//        |                                                   |          other end has no connection
//        |                    link ended                     v
//        +----------------------------------------------> kReconnecting -- new link, HELLO verified
//                                                             |                  --> kConnected
//    any of these -- the window is over, RESET, goodbye ------+--> kClosed
//                 -- Close() --> kClosing -- all acknowledged, 5 s, no link --> kClosed
//
// One link is in use, one more may be waiting for its HELLO. A HELLO that is verified takes the
// session over: the old link ends first. A link that is not in use can end nothing but itself.
//
// When a link over the relay takes the session over from one that is quiet, that one is parked, if
// both ends do that (`parks`): for as long as it would have lived without the relay what is heard
// on it, or a restart of ICE, brings it back, by a HELLO of each end on it. Until then nothing on
// it counts.
#ifndef PAIRWIRE_PEER_DELIVERY_SESSION_MACHINE_H_
#define PAIRWIRE_PEER_DELIVERY_SESSION_MACHINE_H_

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "peer/auth/pairing_messages.h"
#include "peer/base/loop.h"
#include "peer/base/random.h"
#include "peer/delivery/session_events.h"
#include "peer/delivery/session_times.h"

namespace pairwire::delivery {

class SessionMachine {
 public:
  using Input =
      std::variant<LinkUp, FallbackUp, LinkEnded, PathQuiet, PathBack, BindSeen, HelloSeen,
                   ResetSeen, CloseSeen, FrameSeen, Violation, RelayMet, RejoinFailed, RenewAsked,
                   NegotiationNeeded, RemoteNegotiation, NetworkChanged, CloseAsked, Replaced,
                   RevokeAsked, Drained, TimerFired>;
  using Action = std::variant<SendBind, SendHello, SendReset, SendClose, SendPing, EndLink, UseLink,
                              RewindOutbox, StartRejoin, StopRejoin, LeaveRelay, RestartIce,
                              NewConnection, Renegotiate, RollBack, ApplyRemote, ShowCode, HideCode,
                              WipeKeys, TellState, TellClosed>;
  using Actions = std::vector<Action>;
  using TimePoint = Loop::TimePoint;

  // `plain`: paired without letters. `parks`: both ends take a parked link back. `random` outlives
  // the machine.
  SessionMachine(auth::PairingRole role, bool plain, SessionTimes times, RandomSource& random,
                 bool parks = false);

  // An input that means nothing in the current state changes nothing.
  Actions Handle(TimePoint now, const Input& input);

  // When to give TimerFired next.
  std::optional<TimePoint> deadline() const;
  SessionState state() const { return state_; }
  // The link in use; 0: none.
  LinkId link() const { return link_; }
  // The one that the relay's took the session over from; 0: none.
  LinkId parked() const { return parked_; }
  // It is up, and the other end's HELLO has not come.
  bool IsWaiting(LinkId link) const { return pending_ && pending_->link == link; }
  // The same, and its BIND was right.
  bool IsBound(LinkId link) const { return IsWaiting(link) && pending_->bound; }
  bool over_relay() const { return link_ != 0 && over_relay_; }

 private:
  enum Timer : std::size_t {
    kHello,     // the waiting link's HELLO
    kWindow,    // the session's end
    kPing,      // nothing heard for a while
    kDead,      // nothing heard for long
    kHealthy,   // connected for long
    kLeave,     // the relay is not needed any more
    kRetry,     // the next try to meet
    kRestart,   // the next restart or connection of this meeting
    kGiveUp,    // restarts have been in vain
    kFallback,  // boxes may carry the session from here on
    kWayBack,   // the next try of a direct path
    kCode,      // the display shows a code again
    kClose,     // Close() does not wait longer
    kTimerCount,
  };
  enum class Meeting { kNone, kTrying, kPausing, kMet };

  struct Pending {
    LinkId link = 0;
    bool over_relay = false;
    bool bound = false;
  };

  void On(const LinkUp& input);
  void On(const FallbackUp& input);
  void On(const LinkEnded& input);
  void On(const PathQuiet& input);
  void On(const PathBack& input);
  void On(const BindSeen& input);
  void On(const HelloSeen& input);
  void On(const ResetSeen& input);
  void On(const CloseSeen& input);
  void On(const FrameSeen& input);
  void On(const Violation& input);
  void On(const RelayMet&);
  void On(const RejoinFailed& input);
  void On(const RenewAsked&);
  void On(const NegotiationNeeded&);
  void On(const RemoteNegotiation& input);
  void On(const NetworkChanged&);
  void On(const CloseAsked&);
  void On(const Replaced&);
  void On(const RevokeAsked&);
  void On(const Drained&);
  void On(const TimerFired&);

  void SetState(SessionState state, std::string_view reason);
  bool Expired(Timer timer);
  void Run(Timer timer);
  void MoveDeadlines(Loop::Duration lateness);
  void SetTimer(Timer timer, Loop::Duration after) { timers_[timer] = now_ + after; }
  void StopTimer(Timer timer) { timers_[timer].reset(); }

  void Await(Pending pending);
  void DropPending();
  void PendingFailed(std::string_view reason);
  void TakeBack();
  void DropParked(std::string_view reason);
  void ForgetParked();
  void TakeOver();
  void Heard();
  void LoseLink(std::string_view reason);
  void BeginOutage();
  void Meet();
  void StopMeeting();
  void PauseMeeting(Loop::Duration pause);
  void MeetingMakesLinks();
  bool TakeNews(RejoinFailed::Why why);
  Loop::Duration NextPause();
  Loop::Duration RestartPause();
  void SayAndEnd(CloseReason said, EndReason reason);
  void End(EndReason reason);

  bool is_display() const { return role_ == auth::PairingRole::kDisplay; }
  bool alive() const { return state_ != SessionState::kClosing && state_ != SessionState::kClosed; }

  const auth::PairingRole role_;
  const bool plain_;
  const bool parks_;
  const SessionTimes times_;
  RandomSource& random_;
  SessionState state_ = SessionState::kSignalling;
  TimePoint now_{};
  Actions actions_;
  Actions tell_;  // for the application: after everything else
  std::array<std::optional<TimePoint>, kTimerCount> timers_;

  LinkId link_ = 0;
  bool over_relay_ = false;
  LinkId parked_ = 0;  // may also be the one that waits for a HELLO
  std::optional<Pending> pending_;
  std::optional<LinkId> held_fallback_;  // until kFallback
  // The first link never came up: who made it gave a direct path its time before the meeting.
  bool direct_tried_ = false;

  Meeting meeting_ = Meeting::kNone;
  int attempt_ = 0;          // failed tries to meet since the last health, or since there was news
  bool relay_away_ = false;  // the last try did not reach it
  std::optional<TimePoint> news_at_;        // when news made pauses short last
  std::optional<TimePoint> refused_until_;  // what the relay asked for: no try before
  std::optional<TimePoint> outage_since_;
  Loop::Duration way_back_{};
  bool code_shown_ = false;

  bool offering_ = false;        // an offer of ours is out, in band
  bool offer_again_ = false;     // and another is needed behind it
  bool ignoring_offer_ = false;  // the other end's offer lost; so do its candidates
  bool needed_ = false;          // an offer of ours, when the path is back
  bool taken_back_ = false;      // an offer of ours may still arrive on this link, and is void
};

}  // namespace pairwire::delivery

#endif  // PAIRWIRE_PEER_DELIVERY_SESSION_MACHINE_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What goes into SessionMachine (inputs) and what it asks for (actions), as plain values.
#ifndef PAIRWIRE_PEER_DELIVERY_SESSION_EVENTS_H_
#define PAIRWIRE_PEER_DELIVERY_SESSION_EVENTS_H_

#include <chrono>
#include <cstdint>
#include <string_view>

#include "peer/delivery/control_frames.h"

namespace pairwire::delivery {

// One thing that carries frames: the DataChannels of one connection, or boxes over the relay. Given
// out in rising order by the owner; 0 is none.
using LinkId = std::uint64_t;

enum class SessionState {
  kSignalling,    // paired, no link has ever been verified
  kConnected,     // a link is in use
  kRecovering,    // it is quiet; the connection may come back
  kReconnecting,  // there is none; the session waits for a new one
  kClosing,       // Close() waits for acknowledgements
  kClosed,
};
std::string_view ToString(SessionState state);

enum class HelloVerdict { kFirst, kResume, kStateLost, kCorrupt, kRefuse, kWrongTag, kMalformed };
std::string_view ToString(HelloVerdict verdict);

enum class EndReason {
  kAsked,          // Close(), in order
  kPeerLeft,       // the other end said goodbye
  kSessionLost,    // the window is over, or the other end has forgotten the session
  kPeerRestarted,  // the other end came back without its memory
  kReplaced,       // another controller took the place
  kRevoked,        // the pairing was revoked
  kAuthFailed,     // the other end did not prove who it is
  kCorrupt,        // the two ends' numbers contradict each other
  kProtocol,       // the other end does not keep the protocol
  kLinkFailed,     // a plain session never came up
};
std::string_view ToString(EndReason reason);

// Inputs -------------------------------------------------------------------------------------

// A connection's control lane is open.
struct LinkUp {
  LinkId link = 0;
};
// The same of boxes over the relay, which the meeting has bound already.
struct FallbackUp {
  LinkId link = 0;
};
// Everything that arrived on it was given before.
struct LinkEnded {
  LinkId link = 0;
};
struct PathQuiet {  // ICE: disconnected
  LinkId link = 0;
};
struct PathBack {
  LinkId link = 0;
};
struct BindSeen {
  LinkId link = 0;
  bool right = false;
};
struct HelloSeen {
  LinkId link = 0;
  HelloVerdict verdict = HelloVerdict::kMalformed;
};
struct ResetSeen {
  LinkId link = 0;
  ResetReason reason = ResetReason::kProtocol;
};
struct CloseSeen {
  LinkId link = 0;
  CloseReason reason = CloseReason::kBye;
};
// Any other frame. One on a link that is not in use ends that link.
struct FrameSeen {
  LinkId link = 0;
};
// What arrived is no frame, or is none that may come now.
struct Violation {
  LinkId link = 0;
};
// Both ends are at the relay and can signal; also: have proved to each other who they are there.
struct RelayMet {};
// A try to meet failed, or the meeting ended.
struct RejoinFailed {
  enum class Why {
    kRelayAway,  // the relay could not be reached
    kRefused,    // it answered: nobody there, or not now
    kPeerMoved,  // the other end was at the relay just now, and has left or begun anew
  };
  Why why = Why::kRefused;
  std::chrono::seconds retry_after{0};  // the relay asked to be left alone for so long
};
// The other end has not the connection any more that a restart was offered for.
struct RenewAsked {};
struct NegotiationNeeded {};
struct RemoteNegotiation {
  NegotiationKind kind = NegotiationKind::kOffer;
};
struct NetworkChanged {};
struct CloseAsked {};
// Another controller proved itself to this display.
struct Replaced {};
struct RevokeAsked {};
// Nothing waits for an acknowledgement any more.
struct Drained {};
struct TimerFired {};

// Actions ------------------------------------------------------------------------------------

struct SendBind {
  LinkId link = 0;
};
struct SendHello {
  LinkId link = 0;
};
struct SendReset {
  LinkId link = 0;
  ResetReason reason = ResetReason::kProtocol;
};
struct SendClose {
  LinkId link = 0;
  CloseReason reason = CloseReason::kBye;
};
struct SendPing {
  LinkId link = 0;
};
// From here on nothing that it carries counts. What was given to it before still goes out, as far
// as that does not take long.
struct EndLink {
  LinkId link = 0;
};
// From here on frames go to this link and come from it, and from no other.
struct UseLink {
  LinkId link = 0;
};
// To what the other end's HELLO said; states are dirty, streams empty.
struct RewindOutbox {};
struct StartRejoin {};
struct StopRejoin {};
struct LeaveRelay {};
// In band (NEGOTIATE), or by the meeting.
struct RestartIce {
  bool in_band = false;
};
struct NewConnection {};
// An offer of our own, in band.
struct Renegotiate {};
struct RollBack {};
// The RemoteNegotiation just given: an offer is answered. Without this action it is forgotten.
struct ApplyRemote {};
// The display waits long for its controller: somebody else may come.
struct ShowCode {};
struct HideCode {};
struct WipeKeys {};
// These reach the application and come last.
struct TellState {
  SessionState state = SessionState::kSignalling;
  std::string_view why;  // static
};
struct TellClosed {
  EndReason reason = EndReason::kAsked;
};

}  // namespace pairwire::delivery

#endif  // PAIRWIRE_PEER_DELIVERY_SESSION_EVENTS_H_

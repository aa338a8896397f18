// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ControllerMachine: what a controller does next, as a pure machine: inputs and the time go in,
// actions come out. No socket, no clock, no callback. It tries once: a code is good for one use.
//
//   kIdle -> kPairing -- paired --> kOpening -- welcome --> kAwaitingOffer -- offer --> kConnecting
//               |                       |                          |                        |
//               | refused               | refused                  | terminated, left       |
//               linked |                       |                          | v | | | kLinked v v v |
//             kDone <--- told, session ended at the relay, also when the deadline passes    |
//               ^                                                                           |
//               +-------- after 2 s, or when the display ends the relay's session ----------+
//   every state -- Stop --> kDone
//   kOpening, kAwaitingOffer, kConnecting -- MoveOn --> the same, at another node of the relay
#ifndef PAIRWIRE_PEER_SESSION_CONTROLLER_MACHINE_H_
#define PAIRWIRE_PEER_SESSION_CONTROLLER_MACHINE_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "peer/base/loop.h"
#include "peer/session/pairing_events.h"

namespace pairwire::pairing {

enum class ControllerState {
  kIdle,
  kPairing,
  kOpening,
  kAwaitingOffer,
  kConnecting,
  kLinked,
  kDone
};
std::string_view ToString(ControllerState state);

class ControllerMachine {
 public:
  using Input = std::variant<Start, Stop, TimerFired, PairedWith, PairFailed, MoveOn, SocketReady,
                             SocketClosed, Terminated, PeerGone, RelayError, RemoteDescription,
                             RemoteCandidate, LocalDescription, LocalCandidate, PeerFailed, Linked>;
  using Action = std::variant<DoPair, OpenSocket, MoveSocket, CloseSocket, StartPeer, DropPeer,
                              ApplyDescription, ApplyCandidate, SendDescription, SendCandidate,
                              EndRelay, TellPaired, HandOver, TellError>;
  using Actions = std::vector<Action>;
  using TimePoint = Loop::TimePoint;

  explicit ControllerMachine(std::chrono::milliseconds connect_timeout);

  // An input that means nothing in the current state changes nothing.
  Actions Handle(TimePoint now, const Input& input);

  // When to give TimerFired next.
  std::optional<TimePoint> deadline() const { return wake_at_; }
  ControllerState state() const { return state_; }

 private:
  void On(const Start&);
  void On(const Stop&);
  void On(const TimerFired&);
  void On(const PairedWith& input);
  void On(const PairFailed& input);
  void On(const MoveOn&);
  void On(const SocketReady&);
  void On(const SocketClosed& input);
  void On(const Terminated& input);
  void On(const PeerGone& input);
  void On(const RelayError& input);
  void On(const RemoteDescription& input);
  void On(const RemoteCandidate& input);
  void On(const LocalDescription& input);
  void On(const LocalCandidate& input);
  void On(const PeerFailed& input);
  void On(const Linked&);

  void SetState(ControllerState state, std::string_view reason);
  // Paired with a display and not connected yet.
  bool signaling() const;
  void Fail(Error error);

  const std::chrono::milliseconds connect_timeout_;
  ControllerState state_ = ControllerState::kIdle;
  TimePoint now_{};
  Actions actions_;
  Actions tell_;  // for the application: after everything else

  std::optional<TimePoint> wake_at_;  // until linked the deadline, then the end of the grace
  std::string display_id_;            // who made the offer
  std::string display_name_;
  bool answer_sent_ = false;
  std::vector<IceCandidate> held_candidates_;
};

}  // namespace pairwire::pairing

#endif  // PAIRWIRE_PEER_SESSION_CONTROLLER_MACHINE_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ControllerMachine: what a controller does next, as a pure machine: inputs and the time go in,
// actions come out. No socket, no clock, no callback. It tries once: a code is good for one use. A
// remembered pairing is tried again while the display is not there, or the relay asks to come
// later:
//
//   kPairing, kOpening, kAwaitingOffer -- not found, terminated, left, refused --> kPausing
//   kPausing -- after a pause --> kPairing
//
//   kIdle -> kPairing -- paired --> kOpening -- welcome --> kAwaitingOffer -- offer --> kConnecting
//               |                      |                        |                      |   |
//               | refused              | refused                | left, terminated     |   | linked
//               v                      v                        v                      v   v
//             kDone <--- told; ended at the relay; also when the deadline passes --------  kLinked
//               ^                                                                          |
//               +------- after 2 s, or when the display ends the relay's session ----------+
//   every state -- Stop --> kDone
//   kOpening, kAwaitingOffer, kConnecting -- MoveOn --> the same, at another node of the relay
//
// With a secret, one that fails leaves the relay's session alone until it has answered: other
// places of the code live on.
#ifndef PAIRWIRE_PEER_SESSION_CONTROLLER_MACHINE_H_
#define PAIRWIRE_PEER_SESSION_CONTROLLER_MACHINE_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "peer/base/loop.h"
#include "peer/base/random.h"
#include "peer/session/pairing_events.h"

namespace pairwire::pairing {

enum class ControllerState {
  kIdle,
  kPairing,
  kPausing,
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
                             RemoteCandidate, RemoteFailed, Proven, LocalDescription,
                             LocalCandidate, PeerFailed, Linked>;
  using Action = std::variant<DoPair, OpenSocket, MoveSocket, CloseSocket, Refuse, DropPeer,
                              ApplyDescription, ApplyCandidate, SendDescription, SendCandidate,
                              EndRelay, TellPaired, HandOver, TellError>;
  using Actions = std::vector<Action>;
  using TimePoint = Loop::TimePoint;

  // Pauses between tries to find a display that is not there: full jitter below a bound that
  // doubles from kFirstPause up to kMaxPause.
  static constexpr std::chrono::milliseconds kMinPause{100};
  static constexpr std::chrono::milliseconds kFirstPause{250};
  static constexpr std::chrono::milliseconds kMaxPause{2'000};

  // `secret`: the display has to prove that it knows the code. `retries`: for a remembered pairing;
  // while the display is not there, or leaves before its offer, it is tried again. Outlives the
  // machine.
  explicit ControllerMachine(std::chrono::milliseconds connect_timeout, bool secret = false,
                             RandomSource* retries = nullptr);

  // An input that means nothing in the current state changes nothing.
  Actions Handle(TimePoint now, const Input& input);

  // When to give TimerFired next.
  std::optional<TimePoint> deadline() const { return retry_at_ ? retry_at_ : wake_at_; }
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
  void On(const RemoteFailed& input);
  void On(const Proven&);
  void On(const LocalDescription& input);
  void On(const LocalCandidate& input);
  void On(const PeerFailed& input);
  void On(const Linked&);

  void SetState(ControllerState state, std::string_view reason);
  // Paired with a display and not connected yet.
  bool signaling() const;
  // The display proved that it knows the code, and may still not have taken our answer.
  bool doubtful() const { return secret_ && !confirmed_; }
  void Leave();
  void Fail(Error error);
  // True: it will be tried again, and the error is of no account.
  bool TryAgain(std::optional<std::chrono::seconds> at_least = {});

  const std::chrono::milliseconds connect_timeout_;
  const bool secret_;
  RandomSource* const retries_;
  ControllerState state_ = ControllerState::kIdle;
  TimePoint now_{};
  Actions actions_;
  Actions tell_;  // for the application: after everything else

  std::optional<TimePoint> wake_at_;   // until linked the deadline, then the end of the grace
  std::optional<TimePoint> retry_at_;  // kPausing, and before the deadline
  std::optional<Error> put_off_;       // what the relay said that asked to come later
  int attempt_ = 0;                    // tries in vain
  std::string display_id_;             // who made the offer
  std::string display_name_;
  bool answer_sent_ = false;
  bool refused_ = false;    // by the display
  bool confirmed_ = false;  // heard of the display since the answer
  std::vector<IceCandidate> held_candidates_;
};

}  // namespace pairwire::pairing

#endif  // PAIRWIRE_PEER_SESSION_CONTROLLER_MACHINE_H_

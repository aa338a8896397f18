// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DisplayMachine: what a display does next, as a pure machine: inputs and the time go in, actions
// come out. No socket, no clock, no callback. One controller at a time.
//
//            +--------------------- retry time ----------------------+
//            v                                                       |
//   kIdle -> kRegistering -- failed --------------------------> kBackingOff
//                |  ^  ^                                             ^
//     registered |  |  +------- expired, terminated ------+          | gone at once
//                v  |                                     |          | (a broken relay)
//             kWaiting -----------------------------------+----------+
//                |  ^  `-- stream lost: opened anew after a pause; the code stays valid
//                |         (a socket in its place, when the relay asked for one from the start)
//  pairing:ready |  |
//                v  |
//             kOpening -- socket refused, terminated, 30 s ------> told, then kRegistering
//                |
//        welcome |
//                v
//           kConnecting -- peer failed or left, terminated, 30 s -> told, then kRegistering
//                |
//         linked |          after 2 s: the socket is closed and the session deleted at the relay
//                v
//             kLinked -- the Session closed --> kRegistering
//
//   every state -- Stop --> kStopped
//
// While a Session that was handed out waits long for its controller, the display offers the place:
// kLinked -> kRegistering and on; whoever links then takes it. If the controller comes back before,
// what was begun is dropped: back to kLinked.
//
// With a secret, a pairing that failed before the controller proved to know the code leaves the
// relay's session and the code as they are: kOpening, kConnecting -> kWaiting, on the socket. When
// all places of the code are taken, the next failure leads to kRegistering.
//   kWaiting, kOpening, kConnecting -- MoveOn --> the same, at another node of the relay
#ifndef PAIRWIRE_PEER_SESSION_DISPLAY_MACHINE_H_
#define PAIRWIRE_PEER_SESSION_DISPLAY_MACHINE_H_

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

enum class DisplayState {
  kIdle,
  kRegistering,
  kBackingOff,
  kWaiting,
  kOpening,
  kConnecting,
  kLinked,
  kStopped
};
std::string_view ToString(DisplayState state);

class DisplayMachine {
 public:
  using Input = std::variant<Start, Stop, TimerFired, RegisteredAs, RegisterFailed, StreamOpened,
                             StreamLost, PairingReady, SessionOver, SessionWaits, SessionBack,
                             MoveOn, SocketReady, SocketClosed, Terminated, PeerGone, RelayError,
                             RemoteDescription, RemoteCandidate, RemoteFailed, Proven,
                             LocalDescription, LocalCandidate, PeerFailed, Linked>;
  using Action = std::variant<DoRegister, OpenStream, CloseStream, OpenSocket, MoveSocket,
                              CloseSocket, BeginRun, EndRun, Refuse, StartPeer, DropPeer,
                              ApplyDescription, ApplyCandidate, SendDescription, SendCandidate,
                              EndRelay, ShowCode, TellPaired, EndWaiting, HandOver, TellError>;
  using Actions = std::vector<Action>;
  using TimePoint = Loop::TimePoint;

  // Pauses between tries: full jitter below a bound that doubles from `retry_delay` up to
  // kMaxRetry.
  static constexpr std::chrono::milliseconds kMinRetry{100};
  static constexpr std::chrono::milliseconds kMaxRetry{30'000};
  // A node that goes gives its displays so long at most to move, each at a moment of its own.
  static constexpr std::chrono::milliseconds kMaxSpread{5'000};
  // A session that the relay takes away sooner than this counts as a failed try.
  static constexpr std::chrono::seconds kTooSoon{1};
  // The relay ends an expired code and says so; only when that does not arrive does the display act
  // itself.
  static constexpr std::chrono::seconds kExpiryGrace{2};

  // `random` outlives the machine. `secret`: controllers have to prove that they know the code.
  DisplayMachine(RandomSource& random, std::chrono::milliseconds retry_delay, bool secret = false);

  // An input that means nothing in the current state changes nothing.
  Actions Handle(TimePoint now, const Input& input);

  // When to give TimerFired next.
  std::optional<TimePoint> deadline() const;
  DisplayState state() const { return state_; }

 private:
  void On(const Start&);
  void On(const Stop&);
  void On(const TimerFired&);
  void On(const RegisteredAs& input);
  void On(const RegisterFailed& input);
  void On(const StreamOpened&);
  void On(const StreamLost& input);
  void On(const PairingReady& input);
  void On(const SessionOver&);
  void On(const SessionWaits&);
  void On(const SessionBack&);
  void On(const MoveOn& input);
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

  void SetState(DisplayState state, std::string_view reason);
  void Listen();
  void LostWhileWaiting(const RelayFailure& failure);
  void Register(std::string_view reason);
  void BackOff(std::optional<std::chrono::seconds> at_least);
  void Renew(std::string_view reason);
  void Knock(const PairingReady& input);
  // kNone: there is nothing left to keep.
  enum class Relay { kKept, kNone };
  void FailPairing(Error error, Relay relay = Relay::kKept);
  void FailRun(Error error);
  void LeaveRelay();
  void TellOutage(const Error& error);
  std::chrono::milliseconds NextPause();

  RandomSource& random_;
  const std::chrono::milliseconds retry_delay_;
  const bool secret_;
  DisplayState state_ = DisplayState::kIdle;
  TimePoint now_{};
  Actions actions_;
  Actions tell_;  // for the application: after everything else

  int attempt_ = 0;      // failed tries in a row
  bool outage_ = false;  // the application knows that the relay is away
  // What the state waits for: the retry, the code's end, the pairing's end, or the end of the
  // grace.
  std::optional<TimePoint> wake_at_;
  std::optional<TimePoint> stream_retry_at_;  // kWaiting only
  bool immediate_ = false;                    // it waits on a socket
  bool socket_open_ = false;                  // that has been welcomed
  bool move_ = false;  // the retry goes to another node, and what is open there is still good
  TimePoint registered_at_{};
  PairingCode code_;      // on the screen
  bool by_meet_ = false;  // who knocks now was remembered
  TimePoint code_ends_{};
  std::vector<std::string> knocked_;    // with a secret: who has taken a place of this code
  std::vector<std::string> to_refuse_;  // once there is a socket to say it on
  std::optional<Error> failed_early_;   // the run that waits for the socket
  bool proven_ = false;
  bool waits_ = false;                    // a Session that was handed out, for its controller
  std::optional<IceCandidate> held_end_;  // of our candidates
  std::string controller_id_;
  std::string controller_name_;
  bool offer_sent_ = false;
  bool answered_ = false;
  std::vector<IceCandidate> held_candidates_;
};

}  // namespace pairwire::pairing

#endif  // PAIRWIRE_PEER_SESSION_DISPLAY_MACHINE_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// MeetingMachine: one try after the other of the two ends of a session to meet at the relay, as a
// pure machine: inputs and the time go in, actions come out. No socket, no clock, no key: what it
// is given has been opened already (meeting_signals.h). When to try is the session's
// (peer/delivery/session_machine.h); relay_rejoin.h carries the actions out.
//
//   display     kIdle -> kDialling -> kWaiting -- a knock --> kOpening -- socket --> kMet
//   controller  kIdle -> kDialling ---- paired -------------> kOpening -- socket --> kProving
//                                                                     -- first offer --> kMet
//   any -- Stop, whatever fails --> kIdle
//
// The first offer and answer prove both ends, so a display is told that it has met before the other
// end has proved itself: it has to make the offer. One offer is out at a time: a newer one waits
// for the answer to the one before, which is dropped then, as it is for a connection of the past.
#ifndef PAIRWIRE_PEER_SESSION_MEETING_MACHINE_H_
#define PAIRWIRE_PEER_SESSION_MEETING_MACHINE_H_

#include <pairwire/error.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "peer/auth/pairing_channel.h"
#include "peer/base/loop.h"

namespace pairwire::meeting {

// From the knock, or from the relay's answer to ours, until both are proven.
inline constexpr std::chrono::seconds kProofDeadline{10};
// From a later offer to its answer.
inline constexpr std::chrono::seconds kAnswerDeadline{10};
// The controller's call, with what it may have to solve.
inline constexpr std::chrono::seconds kDialDeadline{30};
// Candidates that wait for the description before them.
inline constexpr std::size_t kMaxHeld = 64;

// --- Inputs --------------------------------------------------------------------------------------
struct Start {};
struct Stop {};
struct TimerFired {};
// The display's registration is there. `on_socket`: the relay asks for a WebSocket to wait on.
struct Registered {
  bool on_socket = false;
};
// The controller's call went through.
struct Paired {};
// The display: somebody came, and what it said is well-formed.
struct Knocked {
  std::string controller_id;
  bool needs_new = false;  // it has no connection that could be restarted
};
struct SocketReady {};
// Whatever ends this try: the relay refused or is away, the other end went or proved nothing.
struct Failed {
  Error error;
  std::optional<std::chrono::seconds> retry_after = {};  // as the relay said it
};
// user_left.
struct Left {
  std::string member_id;
};
// From the other end, opened, in order.
struct Heard {
  auth::BoxKind kind = auth::BoxKind::kOffer;
  std::string text;
};
// For the other end.
struct Say {
  auth::BoxKind kind = auth::BoxKind::kOffer;
  std::string text;
};

// --- Actions -------------------------------------------------------------------------------------
struct Dial {};  // register, or pair
struct OpenStream {};
struct CloseStream {};
struct OpenSocket {};
struct Write {
  std::string to;  // empty: the only other member
  auth::BoxKind kind = auth::BoxKind::kOffer;
  std::string text;
};
// Nothing of this try stays: calls, stream, socket, and the session at the relay.
struct Leave {};
// The session is told, in this order.
struct TellMet {};
struct TellSignal {
  auth::BoxKind kind = auth::BoxKind::kOffer;
  std::string text;
};
struct TellFailed {
  Error error;
  std::optional<std::chrono::seconds> retry_after = {};
};

enum class MeetingState { kIdle, kDialling, kWaiting, kOpening, kProving, kMet };
std::string_view ToString(MeetingState state);

class MeetingMachine {
 public:
  using Input = std::variant<Start, Stop, TimerFired, Registered, Paired, Knocked, SocketReady,
                             Failed, Left, Heard, Say>;
  using Action = std::variant<Dial, OpenStream, CloseStream, OpenSocket, Write, Leave, TellMet,
                              TellSignal, TellFailed>;
  using Actions = std::vector<Action>;
  using TimePoint = Loop::TimePoint;

  explicit MeetingMachine(bool display) : display_(display) {}

  // An input that means nothing in the current state changes nothing.
  Actions Handle(TimePoint now, const Input& input);

  // When to give TimerFired next.
  std::optional<TimePoint> deadline() const { return wake_at_; }
  MeetingState state() const { return state_; }
  // Both ends have proved themselves: boxes may carry the session (kFrame).
  bool proven() const { return state_ == MeetingState::kMet && proven_; }
  // Whether what this member sends is to be opened.
  bool Hears(std::string_view from) const;

 private:
  void On(const Start&);
  void On(const Stop&);
  void On(const TimerFired&);
  void On(const Registered& input);
  void On(const Paired&);
  void On(const Knocked& input);
  void On(const SocketReady&);
  void On(const Failed& input);
  void On(const Left& input);
  void On(const Heard& input);
  void On(const Say& input);

  void SetState(MeetingState state, std::string_view reason);
  void Reset();
  void Fail(Error error, std::optional<std::chrono::seconds> retry_after = {});
  void HeardAnswer(const Heard& input);
  void SendOffer(std::string sdp);
  void Hold(const std::string& candidate);
  void SendHeld();
  void Out(auth::BoxKind kind, std::string text);

  const bool display_;
  MeetingState state_ = MeetingState::kIdle;
  TimePoint now_{};
  Actions actions_;
  std::optional<TimePoint> wake_at_;
  std::string peer_;  // the controller's id at the relay; of the display nothing is known
  bool needs_new_ = false;
  bool socket_open_ = false;
  bool proven_ = false;                    // both ends are
  bool described_ = false;                 // our description that candidates belong to is out
  bool awaiting_answer_ = false;           // display: an offer is out
  std::optional<std::string> next_offer_;  // display: replaces the one that is out
  bool in_past_ = false;  // display: until the answer, what is heard is about the time before
  std::vector<std::string> held_;  // candidates for the description that is not out yet
};

}  // namespace pairwire::meeting

#endif  // PAIRWIRE_PEER_SESSION_MEETING_MACHINE_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What goes into the two pairing machines (inputs) and what they ask for (actions), as plain
// values. The machines decide; display.cc and controller.cc carry the actions out.
#ifndef PAIRWIRE_PEER_SESSION_PAIRING_EVENTS_H_
#define PAIRWIRE_PEER_SESSION_PAIRING_EVENTS_H_

#include <pairwire/ice_candidate.h>
#include <pairwire/session.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "signaling/client/relay_api.h"

namespace pairwire::pairing {

// A pairing has this long from pairing:ready to a Session; people give up sooner.
inline constexpr std::chrono::seconds kPairingDeadline{30};
// A direct path has so long from the proof on before the session begins without one, and is carried
// by the relay until it finds one (where both ends and the relay's operator allow it).
inline constexpr std::chrono::seconds kDirectTime{4};
// A Session is up, but the last trickled candidates may still be on their way through the relay;
// then both ends leave it (row B5).
inline constexpr std::chrono::seconds kRelayGrace{2};
// Controllers that may try one code (auth::CodeGuard's runs, too).
inline constexpr std::size_t kPlaces = 3;
// Local candidates that wait for the description to be sent; libnice finds one to four per address.
inline constexpr std::size_t kMaxHeldCandidates = 64;

// Inputs
// -------------------------------------------------------------------------------------------
struct Start {};
struct Stop {};
struct TimerFired {};
// Display only.
struct RegisteredAs {
  PairingCode code;
  bool immediate = false;  // the relay asks for a WebSocket from the start
};
struct RegisterFailed {
  RelayFailure failure;
};
struct StreamOpened {};
struct StreamLost {
  RelayFailure failure;
};
struct PairingReady {
  std::string controller_id;
  std::string controller_name;
  std::string hello = {};  // JSON as it came; empty: there was none
  // Which of the remembered pairings of the registration it came by; none: by the code.
  std::optional<std::size_t> meet = {};
};
struct SessionOver {};  // the Session that was handed out has closed
// The controller of the Session that was handed out is away for long: another may come. It is back.
struct SessionWaits {};
struct SessionBack {};
// Controller only.
struct PairedWith {
  std::string display_name;
};
struct PairFailed {
  RelayFailure failure;
};
// Both.
// The relay's node goes, and RelayEndpoint knows another one now. `spread`: how long everybody has
// to go there.
struct MoveOn {
  std::chrono::milliseconds spread{0};
};
struct SocketReady {};
struct SocketClosed {
  Error error;
};
struct Terminated {
  std::string reason;
};
struct PeerGone {  // user_left
  std::string member_id;
};
struct RelayError {  // an `error` message
  Error error;
};
struct RemoteDescription {  // the offer at the controller, the answer at the display
  std::string from;
  std::string data;  // JSON as it came: only who is expected is listened to
};
struct RemoteCandidate {
  std::string from;
  std::string data;
};
struct RemoteFailed {  // the other end has given up this run
  std::string from;
};
// With a secret: the description is good, so the other end knows the code.
struct Proven {};
struct LocalDescription {
  std::string sdp;
};
struct LocalCandidate {
  IceCandidate candidate;
};
struct PeerFailed {
  Error error;
};
struct Linked {};  // the message channel is open

// Actions
// ------------------------------------------------------------------------------------------
struct DoRegister {};
struct DoPair {};
// A controller's hello is heard; PeerFailed when it may not try.
struct BeginRun {
  std::string hello;
  std::optional<std::size_t> meet = {};  // as in PairingReady
};
struct EndRun {};  // it is over; one that was not won counts
// Tells the other end that its run is over; `to` may be empty at a controller.
struct Refuse {
  std::string to;
};
struct OpenStream {};
struct CloseStream {};
struct OpenSocket {};
struct MoveSocket {};  // the same member goes on where the relay now is
struct CloseSocket {};
struct StartPeer {};  // a display's peer makes its offer at once
struct DropPeer {};
struct ApplyDescription {
  std::string data;
};
struct ApplyCandidate {
  std::string data;
};
struct SendDescription {
  std::string to;
  std::string sdp;
};
struct SendCandidate {
  std::string to;
  IceCandidate candidate;
};
struct EndRelay {};  // DELETE the session at the relay, best effort
// These reach the application and come last among the actions of one input.
struct ShowCode {
  PairingCode code;
};
struct TellPaired {
  std::string name;
};
// Another controller has the place of the one that is away.
struct EndWaiting {};
struct HandOver {
  std::string peer_name;
};
struct TellError {
  Error error;
};

}  // namespace pairwire::pairing

#endif  // PAIRWIRE_PEER_SESSION_PAIRING_EVENTS_H_

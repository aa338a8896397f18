// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The `data` of the relay's own events as plain structs, with their JSON both ways. The data of
// webrtc:* is not here: the relay never reads it (peers do, signaling/client and peer/session).
#ifndef PAIRWIRE_SIGNALING_PROTOCOL_SESSION_MESSAGES_H_
#define PAIRWIRE_SIGNALING_PROTOCOL_SESSION_MESSAGES_H_

#include <pairwire/result.h>

#include <chrono>
#include <optional>
#include <string>

#include "signaling/protocol/json.h"
#include "signaling/protocol/problem.h"

namespace pairwire::protocol {

// welcome: first message on every socket. Of a user's socket: without session and resume token, and
// again for each room that it enters (envelope: room), with them.
struct Welcome {
  std::string member_id;
  std::string session_id;
  std::string resume_token;  // Secret, single use; each welcome of a member brings a new one.
  std::chrono::seconds heartbeat_interval{0};
  std::string node_id;
  // How messages of applications travel: kModeRelayed, kModeBoth, or empty: directly, peer to peer.
  std::string mode = {};

  bool operator==(const Welcome&) const = default;
};
inline constexpr std::string_view kModeRelayed = "relayed";
// Peer to peer, and through the relay for those who can not.
inline constexpr std::string_view kModeBoth = "both";
RawJson ToData(const Welcome& welcome);
[[nodiscard]] Result<Welcome> ParseWelcome(const RawJson& data);

// pairing:ready
struct PairingReady {
  std::string controller_id;
  std::string name;  // May be empty.
  RawJson hello;     // Opaque; may be empty.
  // Which of the registration's meets it came by, counted from 0; nothing: by the code.
  std::optional<std::size_t> meet = std::nullopt;

  bool operator==(const PairingReady&) const = default;
};
RawJson ToData(const PairingReady& ready);
// Adds `meet` to what ToData made of one without: whoever holds the names says which it was.
void AddMeet(std::string& ready_data, std::size_t meet);
[[nodiscard]] Result<PairingReady> ParsePairingReady(const RawJson& data);

// session:terminated. Reasons in use: "expired" (never paired, or an end never came), "ended"
// (DELETE), "user_left" (an end's socket was gone for longer than the window), "replaced" (a newer
// registration has one of its meets).
struct SessionTerminated {
  std::string reason;

  bool operator==(const SessionTerminated&) const = default;
};
inline constexpr std::string_view kReasonExpired = "expired";
inline constexpr std::string_view kReasonEnded = "ended";
inline constexpr std::string_view kReasonUserLeft = "user_left";
inline constexpr std::string_view kReasonReplaced = "replaced";
RawJson ToData(const SessionTerminated& terminated);
[[nodiscard]] Result<SessionTerminated> ParseSessionTerminated(const RawJson& data);

// user_joined and user_left.
struct UserPresence {
  std::string member_id;
  std::string role;  // "display", "controller" or "user".
  std::string name;  // May be empty.

  bool operator==(const UserPresence&) const = default;
};
RawJson ToData(const UserPresence& presence);
[[nodiscard]] Result<UserPresence> ParseUserPresence(const RawJson& data);

// server:draining
struct ServerDraining {
  std::chrono::milliseconds retry_after{0};
  std::string url;  // Where to go instead; may be empty.

  bool operator==(const ServerDraining&) const = default;
};
RawJson ToData(const ServerDraining& draining);
[[nodiscard]] Result<ServerDraining> ParseServerDraining(const RawJson& data);

// resume
struct Resume {
  std::string resume_token;
  std::string last_id;  // The last delivery's id that arrived; empty: none.

  bool operator==(const Resume&) const = default;
};
RawJson ToData(const Resume& resume);
[[nodiscard]] Result<Resume> ParseResume(const RawJson& data);

// auth:refresh
struct AuthRefresh {
  std::string token;  // Secret.

  bool operator==(const AuthRefresh&) const = default;
};
RawJson ToData(const AuthRefresh& refresh);
[[nodiscard]] Result<AuthRefresh> ParseAuthRefresh(const RawJson& data);

// error: {"code","message"}. A code that we do not know reads as kInternal.
RawJson ToErrorData(const Problem& problem);
[[nodiscard]] Result<Problem> ParseErrorData(const RawJson& data);

}  // namespace pairwire::protocol

#endif  // PAIRWIRE_SIGNALING_PROTOCOL_SESSION_MESSAGES_H_

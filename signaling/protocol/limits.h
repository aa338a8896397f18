// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Every bound of the signaling protocol, each with its reason. Both ends use the same numbers: a
// client that stays below them is never refused for size. Not here: rates (signaling/core/relay.h),
// which only the relay applies.
#ifndef PAIRWIRE_SIGNALING_PROTOCOL_LIMITS_H_
#define PAIRWIRE_SIGNALING_PROTOCOL_LIMITS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace pairwire::protocol {

// One WebSocket message or long-poll answer. A browser's offer is 2 to 6 KiB; 64 KiB leaves room
// for many media sections and is what comparable servers accept.
inline constexpr std::size_t kMaxMessageBytes = 64 * 1024;
// The `data` of a message that is carried to another member: leaves room for what the relay adds,
// so that what one end may send the other may receive.
inline constexpr std::size_t kMaxDataBytes = kMaxMessageBytes - 1024;
// One HTTP request body: a name, a code and an opaque hello. Also Beast's body_limit.
inline constexpr std::size_t kMaxBodyBytes = 16 * 1024;
// Nesting of objects and arrays, counting the outermost: our messages use 3; deeper is an attack on
// whoever parses recursively later on.
inline constexpr int kMaxJsonDepth = 8;
// Members of one object, elements of one array: keeps the duplicate check and the parsed form
// small.
inline constexpr std::size_t kMaxJsonMembers = 256;

// Names that a person reads on the other screen.
inline constexpr std::size_t kMaxNameBytes = 64;
// Ids (session, display, member, design, message, event, room): opaque, so short is enough.
inline constexpr std::size_t kMaxIdBytes = 64;
// The type of a message: the longest that we know has 27 bytes.
inline constexpr std::size_t kMaxTypeBytes = 64;
// Tokens are about 70 bytes; anything longer is refused before it is hashed.
inline constexpr std::size_t kMaxTokenBytes = 256;
// The opaque first message of an authenticated pairing: a CPace share and a MAC fit many times.
inline constexpr std::size_t kMaxHelloBytes = 4 * 1024;
// A code as typed, with separators.
inline constexpr std::size_t kMaxCodeInputBytes = 32;
// A meet: the name of 256 random bits under which two ends that know each other find each other
// again, as 43 characters of base64url.
inline constexpr std::size_t kMeetBytes = 43;
// Meets of one registration: the sessions and controllers that a display would know again.
inline constexpr std::size_t kMaxMeets = 16;
// Digits of a code. Ordinary codes grow from 4 to 6 as they fill; 9 when nothing else guards a
// session.
inline constexpr int kMinCodeDigits = 4;
inline constexpr int kMaxGrownCodeDigits = 6;
inline constexpr int kPlainCodeDigits = 9;
// Controllers of one display: each is a full mesh connection of the display.
inline constexpr int kMaxControllers = 16;

// Users in one room: each that comes or goes is told to all others.
inline constexpr std::size_t kMaxRoomMembers = 256;
// Rooms that one socket listens to. A wall of displays is one room: that of their design.
inline constexpr std::size_t kMaxRoomSubscriptions = 16;
// A user's token (JWT), far above what issuers make.
inline constexpr std::size_t kMaxUserTokenBytes = 8 * 1024;

// What may wait in one socket's send queue before it is closed as too slow: one slow reader never
// costs more than this, and never delays others.
inline constexpr std::size_t kMaxSocketQueueBytes = 256 * 1024;
inline constexpr std::size_t kMaxSocketQueueMessages = 128;
// What is kept for a member that has no socket yet, or lost it: an offer and its trickled
// candidates.
inline constexpr std::size_t kMaxKeptBytes = 256 * 1024;
inline constexpr std::size_t kMaxKeptMessages = 64;
// Events in a session's log (SSE and long-poll): one per controller, the end, and some room.
inline constexpr std::size_t kMaxLoggedEvents = 32;

// A client sends something (heartbeat at least) this often on its socket.
inline constexpr std::chrono::seconds kHeartbeatInterval{10};
// Long-poll: the longest time-out that a client may ask for. Proxies cut idle requests at 30 to 60
// s.
inline constexpr std::chrono::seconds kMaxPollTimeout{25};
// SSE: a comment at least this often, for the same proxies.
inline constexpr std::chrono::seconds kEventStreamKeepAlive{20};

}  // namespace pairwire::protocol

#endif  // PAIRWIRE_SIGNALING_PROTOCOL_LIMITS_H_

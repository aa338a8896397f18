// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The names of all messages and events, as they stand on the wire. Event names are those of
// existing clients, so they never change.
#ifndef PAIRWIRE_SIGNALING_PROTOCOL_EVENTS_H_
#define PAIRWIRE_SIGNALING_PROTOCOL_EVENTS_H_

#include <string_view>

namespace pairwire::protocol {

// Relay to client.
inline constexpr std::string_view kWelcome = "welcome";
inline constexpr std::string_view kPairingReady = "pairing:ready";
inline constexpr std::string_view kSessionTerminated = "session:terminated";
inline constexpr std::string_view kUserJoined = "user_joined";
inline constexpr std::string_view kUserLeft = "user_left";
inline constexpr std::string_view kParticipantsUpdate = "participants_update";
inline constexpr std::string_view kMatchFound = "match_found";
inline constexpr std::string_view kServerDraining = "server:draining";
inline constexpr std::string_view kAck = "ack";
inline constexpr std::string_view kError = "error";
inline constexpr std::string_view kMessageReceived = "message:received";

// Peer to peer through the relay.
inline constexpr std::string_view kWebrtcOffer = "webrtc:offer";
inline constexpr std::string_view kWebrtcAnswer = "webrtc:answer";
inline constexpr std::string_view kWebrtcIceCandidate = "webrtc:ice-candidate";
inline constexpr std::string_view kMessageSend = "message:send";

// Display to watchers.
inline constexpr std::string_view kDisplayStatus = "display:status";
inline constexpr std::string_view kDisplayHealth = "display:health";
inline constexpr std::string_view kAnimationFrame = "animation:frame";

// Client to relay.
inline constexpr std::string_view kHeartbeat = "heartbeat";
inline constexpr std::string_view kResume = "resume";
inline constexpr std::string_view kJoinRoom = "join_room";
inline constexpr std::string_view kLeaveRoom = "leave_room";
inline constexpr std::string_view kChatMessage = "chat_message";
inline constexpr std::string_view kSubscribeRoom = "subscribe_room";
inline constexpr std::string_view kUnsubscribeRoom = "unsubscribe_room";
inline constexpr std::string_view kAuthRefresh = "auth:refresh";
inline constexpr std::string_view kFindMatch = "find_match";
inline constexpr std::string_view kCancelMatch = "cancel_match";
inline constexpr std::string_view kSfuGetRouterCapabilities = "sfu_get_router_capabilities";
inline constexpr std::string_view kSfuCreateTransport = "sfu_create_transport";
inline constexpr std::string_view kSfuConnectTransport = "sfu_connect_transport";
inline constexpr std::string_view kSfuProduce = "sfu_produce";
inline constexpr std::string_view kSfuConsume = "sfu_consume";

// What a type asks of the relay.
enum class TypeKind {
  kUnknown,       // Not a name that a client may send.
  kWebrtc,        // Carried to the counterpart unread.
  kMessage,       // An application's message, carried by a relay that was told to.
  kAlive,         // "I am here".
  kContinue,      // Continue where an earlier socket broke.
  kRoom,          // Enter or leave a room, or listen to one.
  kRefresh,       // A newer token of the user.
  kNotSupported,  // A name of the protocol that this version of the relay does not serve.
};
TypeKind KindOfType(std::string_view type);

// Rooms in which display:status of one display, or of all displays of a design, is told: the prefix
// and the id.
inline constexpr std::string_view kDisplayRoomPrefix = "display:";
inline constexpr std::string_view kDesignRoomPrefix = "design:";

// Whether an operator may broadcast an event of this name: not one by which the relay itself, or
// another member, leads a client through pairing and signaling.
bool MayBroadcast(std::string_view type);

// The WebSocket sub-protocol, and the prefix of the entry that carries a browser's token.
inline constexpr std::string_view kSubprotocol = "pairwire.v1";
inline constexpr std::string_view kSubprotocolTokenPrefix = "pairwire.token.";

// WebSocket close codes of ours (RFC 6455, 7.4.2: 4000-4999 are private) and the standard ones we
// use.
inline constexpr unsigned short kCloseNormal = 1000;     // The session ended; an event said why.
inline constexpr unsigned short kCloseGoingAway = 1001;  // Draining.
inline constexpr unsigned short kClosePolicy = 1008;     // Limits breached again and again.
inline constexpr unsigned short kCloseTakenOver =
    4001;  // A newer socket of the same member is open.
inline constexpr unsigned short kCloseHeartbeatMissed = 4002;  // Nothing came for three intervals.
inline constexpr unsigned short kCloseTooSlow = 4003;          // The send queue reached its bound.
inline constexpr unsigned short kCloseUnavailable = 4004;   // The store did not answer; try again.
inline constexpr unsigned short kCloseTokenExpired = 4005;  // And no newer one came in time.

}  // namespace pairwire::protocol

#endif  // PAIRWIRE_SIGNALING_PROTOCOL_EVENTS_H_

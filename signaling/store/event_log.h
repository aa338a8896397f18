// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// EventLog: every change of the relay's shared state, in the order in which it happened, written by
// the store's steps themselves and read by an operator. It never holds a code, a token, a text, a
// name or an address. Bounded: the oldest entries go first.
//
// Not here: the display's own events (SessionEvent), which are part of a session.
#ifndef PAIRWIRE_SIGNALING_STORE_EVENT_LOG_H_
#define PAIRWIRE_SIGNALING_STORE_EVENT_LOG_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/store/store.h"

namespace pairwire::relay {

inline constexpr std::string_view kLoggedSessionRegistered = "session_registered";
// By a meet instead: with the reason "meet".
inline constexpr std::string_view kLoggedCodeClaimed = "code_claimed";
inline constexpr std::string_view kLoggedByMeet = "meet";
inline constexpr std::string_view kLoggedMemberJoined = "member_joined";
inline constexpr std::string_view kLoggedMemberDisconnecting = "member_disconnecting";
inline constexpr std::string_view kLoggedMemberLeft = "member_left";
// Its code ended before all places were taken; the session goes on.
inline constexpr std::string_view kLoggedCodeExpired = "code_expired";
inline constexpr std::string_view kLoggedSessionEnded = "session_ended";
inline constexpr std::string_view kLoggedRoomOpened = "room_opened";
inline constexpr std::string_view kLoggedRoomClosed = "room_closed";
// A store that lost its data got it back from a node; the log begins anew with these. The session's
// reason is "waiting", "paired" or "room"; a member's is "away" when it had a socket and has none
// now.
inline constexpr std::string_view kLoggedSessionRestored = "session_restored";
inline constexpr std::string_view kLoggedMemberRestored = "member_restored";
inline constexpr std::string_view kLoggedNodeUp = "node_up";
inline constexpr std::string_view kLoggedNodeDown = "node_down";

// Fields that a type does not have are empty.
struct LoggedEvent {
  std::string cursor;  // Opaque; where to read on.
  TimePoint at{};
  std::string type;
  std::string session_id;
  std::string member_id;
  std::string role;
  std::string node_id;
  // session_ended: as in session:terminated; session_restored: its state; code_claimed: see there.
  std::string reason;

  bool operator==(const LoggedEvent&) const = default;
};

class EventLog {
 public:
  virtual ~EventLog() = default;
  // At most `limit` events after the one with the cursor `after`, oldest first; from the oldest
  // that is there when `after` is empty or long gone. The reply comes later, never inside the call.
  virtual void Read(const std::string& after, std::size_t limit,
                    StoreReply<std::vector<LoggedEvent>> reply) = 0;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_EVENT_LOG_H_

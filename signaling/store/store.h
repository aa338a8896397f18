// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Store: what all nodes of one relay share: sessions, codes, members, the display's event log,
// messages kept for absent members, and due times. Each call is ONE atomic step that one Lua script
// can do; rules of a session's life live here, so that two nodes can never disagree. Everything
// held is plain values. The memory store is one process; Redis comes as a second implementation of
// the same contract suite (tests/contract).
//
// Not here: sockets, rates, JSON. Notices that a step sends to members are handed in ready-made.
//
//   (none) --RegisterSession--> waiting --ClaimCode--> paired --end--> ended --linger--> (none)
//                                  |------expiry, Terminate------------^
//   "end": Terminate; the display gone; no controller left and no place left. The ended record
//   keeps only the token hash and the event log of the display, so that a poll after the end still
//   learns of it.
//
// Replies and node messages always come later, never inside a call, on the thread of the calls.
// Replies come in the order of the calls. Messages to one node come in the order of the steps that
// caused them; a reply and a message caused by the same step may come in either order.
#ifndef PAIRWIRE_SIGNALING_STORE_STORE_H_
#define PAIRWIRE_SIGNALING_STORE_STORE_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "signaling/protocol/http_messages.h"
#include "signaling/protocol/time.h"

namespace pairwire::relay {

using protocol::SessionEvent;
using protocol::TimePoint;

// SHA-256 of a token's secret part. Tokens themselves never reach a store.
using TokenHash = std::array<std::uint8_t, 32>;
// In constant time.
bool SameHash(const TokenHash& a, const TokenHash& b);

enum class StoreError {
  kNotFound,     // No such session, code or member; or the hash is not one of the session's.
  kNoTarget,     // Route: nobody by that id, or it is not clear who is meant.
  kNotAllowed,   // Route: the target is not a counterpart.
  kFull,         // A bound of the store is reached.
  kUnavailable,  // The store cannot be reached; nothing is known about the step.
};
std::string_view ToString(StoreError error);

template <typename T>
using StoreResult = tl::expected<T, StoreError>;
template <typename T>
using StoreReply = std::function<void(StoreResult<T>)>;

enum class Role { kDisplay, kController };
std::string_view ToString(Role role);  // "display", "controller"

struct Member {
  std::string session_id;
  std::string member_id;
  Role role = Role::kDisplay;
  std::string name;
  std::string display_id;  // Of the session.

  bool operator==(const Member&) const = default;
};

// Random numbers for choosing a code: the step takes the first that gives a free one.
inline constexpr std::size_t kCodeDraws = 32;
using CodeDraws = std::array<std::uint64_t, kCodeDraws>;

struct NewSession {
  std::string session_id;
  std::string display_id;
  std::string design_id;
  std::string member_id;  // The display's.
  std::string name;
  TokenHash token_hash{};
  int max_controllers = 1;
  bool plain = false;
  std::chrono::milliseconds waiting_ttl{0};
  CodeDraws draws{};
};
struct Registered {
  std::string code;
  TimePoint expires_at{};
};

struct Claim {
  std::string code;  // Normalised.
  std::string member_id;
  std::string name;
  TokenHash token_hash{};
  // Data of the pairing:ready event, logged and published in the same step.
  std::string ready_data;
  // As in JoinRequest, for a controller that never comes.
  std::string left_notice;
  // A member that has not joined by then is dropped as if its socket had been lost.
  std::chrono::milliseconds join_within{0};
};
struct Claimed {
  std::string session_id;
  std::string display_id;
  std::string display_name;
};

struct OpenedEvents {
  std::vector<SessionEvent> events;  // After the id that was asked for, oldest first.
  bool ended = false;                // Nothing will follow.
  std::uint64_t epoch = 0;           // Grows with each OpenEvents of the session; see kWatchMoved.
};

struct JoinRequest {
  std::string session_id;
  std::string member_id;
  std::string node_id;
  TokenHash resume_hash{};  // Of the new resume token.
  // Goes to each counterpart that is there; not again on a rejoin.
  std::string joined_notice;
  // Kept; goes to each counterpart once we are gone for good.
  std::string left_notice;
};
struct Joined {
  std::uint64_t epoch = 0;  // Grows with each join of the member; a later Leave names it.
  bool rejoined = false;
  // Hash of the resume token of the join before. Given to exactly one joiner.
  std::optional<TokenHash> previous_resume_hash;
  std::vector<Member> present;    // Counterparts that have a socket now.
  std::vector<std::string> kept;  // What was kept for us, oldest first; kept no longer.
};

struct RouteRequest {
  std::string session_id;
  std::string from;
  std::string to;  // Empty: the only counterpart.
  std::string text;
};
struct Routed {
  bool kept = false;  // The target has no socket now.
};

// What one ClaimDue did.
struct DueReport {
  std::size_t expired_sessions = 0;  // Ended as "expired": never paired, or an end never came.
  std::size_t departed_members = 0;  // Their window passed.
  std::size_t ended_sessions = 0;    // Ended as "user_left" because of that.
  bool more = false;                 // The limit was reached; call again.
};

// Something for the sockets and streams of one node.
struct NodeMessage {
  enum class Kind {
    kDeliver,  // `text` to `member_id`'s socket.
    kEvent,    // `event` was logged: to the session's streams and polls, and the display's socket.
    kEnded,    // The session ended; `event` (session:terminated) to everybody, then nothing more.
    kWatchMoved,  // The display listens elsewhere; its streams and polls with an epoch below
                  // `epoch` are stale.
    kTakenOver,   // `member_id` joined elsewhere; its socket with an epoch below `epoch` is stale.
  };
  Kind kind = Kind::kDeliver;
  std::string session_id;
  std::string member_id;
  std::string text;
  SessionEvent event;
  std::uint64_t epoch = 0;
};

class NodeHandler {
 public:
  virtual void OnNodeMessage(const NodeMessage& message) = 0;

 protected:
  ~NodeHandler() = default;
};

struct StoreSizes {
  std::size_t sessions = 0;       // Waiting and paired.
  std::size_t waiting = 0;        // Never claimed yet.
  std::size_t ended = 0;          // Lingering.
  std::size_t resting_codes = 0;  // Released, not to be used again yet.
  std::size_t scheduled = 0;      // Due times.
};

class Store {
 public:
  virtual ~Store() = default;

  // Messages for `node_id` go to `handler` until Unsubscribe; one handler a node.
  virtual void Subscribe(const std::string& node_id, NodeHandler& handler) = 0;
  virtual void Unsubscribe(const std::string& node_id) = 0;

  // Makes a waiting session with a code that is free and not resting: 4 digits, 5 and 6 as the
  // shorter ones fill beyond 60 %, 9 when plain. kFull.
  virtual void RegisterSession(NewSession session, TimePoint now, StoreReply<Registered> reply) = 0;

  // Takes one place of the session that has the code. Of two that race for the last place exactly
  // one wins; with the last place the code is released and rests. kNotFound covers unknown,
  // expired, used.
  virtual void ClaimCode(Claim claim, TimePoint now, StoreReply<Claimed> reply) = 0;

  // Whose hash this is. kNotFound.
  virtual void FindMember(const std::string& session_id, const TokenHash& token_hash, TimePoint now,
                          StoreReply<Member> reply) = 0;

  // The display's events after `after`, and from now on its node for kEvent and kEnded is `node_id`
  // (the newest wins). kNotFound: not the display's hash, no such session, or it ended and all was
  // read.
  virtual void OpenEvents(const std::string& session_id, const TokenHash& token_hash,
                          const std::string& node_id, std::uint64_t after, TimePoint now,
                          StoreReply<OpenedEvents> reply) = 0;

  // The member has a socket on `node_id`; an older one elsewhere gets kTakenOver. kNotFound.
  virtual void Join(JoinRequest request, TimePoint now, StoreReply<Joined> reply) = 0;

  // The socket of join `epoch` is gone; what comes for the member is kept for `window`, then it is
  // dropped (while the session waits it is not: a waiting display needs no socket). Nothing happens
  // when it joined again since, or the session is gone.
  virtual void Leave(const std::string& session_id, const std::string& member_id,
                     std::uint64_t epoch, std::chrono::milliseconds window, TimePoint now) = 0;

  // Carries a text to a counterpart's socket, or keeps it while there is none. In order per pair.
  // kNotFound, kNoTarget, kNotAllowed, kFull.
  virtual void Route(RouteRequest request, TimePoint now, StoreReply<Routed> reply) = 0;

  // Ends the session on behalf of the member whose hash this is. kNotFound.
  virtual void Terminate(const std::string& session_id, const TokenHash& token_hash,
                         std::string_view reason, TimePoint now, StoreReply<Member> reply) = 0;

  // Carries out what is due, at most `limit` things, each exactly once over all nodes.
  virtual void ClaimDue(TimePoint now, std::size_t limit, StoreReply<DueReport> reply) = 0;

  // When ClaimDue has something to do: exact for a store of one process; one that shares due times
  // with other nodes answers with its own sweep interval. TimePoint::max() when there is nothing.
  virtual TimePoint NextDue() const = 0;

  // For metrics, of this process's knowledge.
  virtual StoreSizes Sizes() const = 0;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_STORE_H_

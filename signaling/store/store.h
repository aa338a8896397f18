// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Store: what all nodes of one relay share: sessions and rooms, codes, members and where their
// sockets are, the display's event log, messages kept for absent members, and due times. Each call
// is ONE atomic step (one call in memory, one Lua script on Redis); the rules of a session's life
// live here, so that two nodes can never disagree. Everything held is plain values. Every
// implementation passes the same contract suite (tests/contract).
//
// Not here: sockets, rates, JSON, and the way of a text from node to node (node_bus.h; a step only
// says where the target is). Notices that a step sends to members are handed in ready-made.
//
//   (none) --RegisterSession--> waiting --ClaimCode--> paired --end--> ended --linger--> (none)
//                                  |------expiry, Terminate------------^
//   "end": Terminate; the display gone; no controller left and no place left. The ended record
//   keeps only the token hash and the event log of the display, so that a poll after the end still
//   learns of it.
//
// A session may have meets besides its code, or instead of it: names that only its display and a
// controller know, by which the place is claimed as by the code. They end with the code: with the
// last place, at its expiry, with the session. A meet is one session's: the newest that registers
// it ends the one that had it.
//
// A room is a session of users without display and code: it comes to be with the first Join that
// may open it and goes with its last user.
//
// Replies and node messages always come later, never inside a call, on the thread of the calls.
// Steps on ONE session are carried out and answered in the order of the calls; steps on different
// sessions in any order. A node gets each message once, and those of one session in the order of
// the steps that caused them; a reply and a message that one step caused come in either order.
//
// kUnavailable: the step may have happened. Every step is safe to repeat, since the ids, epochs and
// hashes in it are the caller's.
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

// SHA-256 of a token's secret part, or of a meet. Tokens and meets themselves never reach a store.
using TokenHash = std::array<std::uint8_t, 32>;
// In constant time.
bool SameHash(const TokenHash& a, const TokenHash& b);

enum class StoreError {
  kNotFound,     // No such session, code or member; or the hash is not one of the session's.
  kNoTarget,     // Route: nobody by that id, or it is not clear who is meant.
  kNotAllowed,   // Route: the target is not a counterpart.
  kFull,         // A bound of the store is reached.
  kUnavailable,  // The store cannot be reached; the step may have happened.
};
std::string_view ToString(StoreError error);

template <typename T>
using StoreResult = tl::expected<T, StoreError>;
template <typename T>
using StoreReply = std::function<void(StoreResult<T>)>;

// A user is a member of a room; every user of a room may address every other. A display and its
// controllers are each other's counterparts, two controllers are not.
enum class Role : std::uint8_t { kDisplay, kController, kUser };
std::string_view ToString(Role role);  // "display", "controller", "user"

struct Member {
  std::string session_id;
  std::string member_id;
  Role role = Role::kDisplay;
  std::string name;
  std::string display_id;  // Of the session.

  bool operator==(const Member&) const = default;
};

// Where a member's socket is. The epoch grows with each join of the member, so that an older place
// is told from a newer one.
struct Place {
  std::string node_id;      // Empty: it has no socket now.
  std::uint64_t epoch = 0;  // 0: it never joined.

  bool operator==(const Place&) const = default;
};

// A text that was or is to be delivered to a member.
struct KeptText {
  std::string
      id;  // The delivery's number as the client knows it ("3.17"); empty: it was never sent.
  std::string text;

  bool operator==(const KeptText&) const = default;
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
  bool codeless = false;         // No code is drawn.
  std::vector<TokenHash> meets;  // At most protocol::kMaxMeets, no two the same.
};
struct Registered {
  std::string code;  // Empty when codeless.
  TimePoint expires_at{};
  std::size_t replaced = 0;  // Sessions that ended for it, since they had one of its meets.
};

struct Claim {
  std::string code;                              // Normalised.
  std::optional<TokenHash> meet = std::nullopt;  // Instead of the code.
  std::string member_id;
  std::string name;
  TokenHash token_hash{};
  // Data of the pairing:ready event, logged and published in the same step; with the meet's place
  // in the registration (protocol::AddMeet).
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

// Resume tokens of a member that are good at the same time: more sockets lost in a row before their
// welcome was read are hopeless anyway.
inline constexpr std::size_t kMaxResumeHashes = 8;

// How long a join's kept texts are remembered: as long as a relay takes to be sure that a client
// read what it was sent (RelayOptions::socket_idle_timeout and the window).
inline constexpr std::chrono::seconds kGivenFor{35};

struct JoinRequest {
  std::string session_id;  // Or the room's id.
  std::string member_id;
  std::string node_id;
  TokenHash resume_hash{};  // Of the new resume token.
  // Goes to each counterpart that is there; not again on a rejoin.
  std::string joined_notice;
  // Kept; goes to each counterpart once we are gone for good.
  std::string left_notice;

  // The session is a room: it is made if it is not there, and so is the user.
  bool open_room = false;
  std::string name;             // With open_room only; a session knows its members' names.
  std::size_t max_members = 0;  // With open_room only: kFull beyond.
};
// What a join was given that its client may never have received.
struct Given {
  std::vector<KeptText> texts;           // Kept for the member, oldest first.
  std::vector<TokenHash> resume_hashes;  // Of tokens that were good, newest first.

  bool operator==(const Given&) const = default;
};
struct Present {
  Member member;
  Place place;

  bool operator==(const Present&) const = default;
};
struct Joined {
  std::uint64_t epoch = 0;  // Grows with each join of the member; a later Leave names it.
  bool rejoined = false;
  // Hash of the resume token of the join before. Given to exactly one joiner.
  std::optional<TokenHash> previous_resume_hash;
  // Of earlier ones that no socket used up, newest first; see LeaveRequest.
  std::vector<TokenHash> unused_resume_hashes;
  std::vector<Present> present;  // All counterparts, those without a socket too.
  // The lost socket's tail first, then what was kept, oldest first; kept no longer.
  std::vector<KeptText> kept;
  // What the join before was given, less than kGivenFor ago, while its socket still counts as
  // living: for a joiner to whom that one's node hands nothing over, since it died or never heard
  // of that join. The store itself keeps it anew when it finds a node dead.
  Given given;
  // The living socket that this one takes over, or an empty node: its node hands the tail over
  // itself, from node to node (core/node_links.h). Perhaps the joiner's own node.
  Place previous;
};

struct LeaveRequest {
  std::string session_id;
  std::string member_id;
  std::uint64_t epoch = 0;  // Nothing happens when a newer join is there.
  // What comes for the member is kept for so long, then it is dropped. Zero: for good, at once.
  std::chrono::milliseconds window{0};
  // What that socket was sent and may not have received, oldest first, then what was to be sent.
  // Cut from its front to kMaxKeptMessages and kMaxKeptBytes.
  std::vector<KeptText> tail;
  // Hashes that this join was given and whose tokens were not used: its client may never have read
  // the welcome with the newer one. At most kMaxResumeHashes; given to the next join.
  std::vector<TokenHash> unused_resume_hashes;
  // Instead of `epoch`: the join with this resume hash, whose answer never came. If it happened,
  // what it was given is kept anew; `tail` and `unused_resume_hashes` are empty.
  std::optional<TokenHash> unheard = std::nullopt;
};

struct RouteRequest {
  std::string session_id;
  // Empty: the relay itself (a notice that found no socket); it may address every member.
  std::string from;
  std::string to;  // Empty: the only counterpart.
  std::string text;
};
struct Routed {
  std::string to;              // Who is meant.
  std::optional<Place> place;  // Its socket is there, and nothing was kept: the caller sends it.
  bool kept = false;           // It has no socket: the text waits for it.
};

// A member whose client is alive.
struct Touch {
  std::string session_id;
  std::string member_id;
};
// Touches of one Heartbeat.
inline constexpr std::size_t kMaxTouches = 256;

// What one ClaimDue did.
struct DueReport {
  std::size_t expired_sessions = 0;  // Ended as "expired": never paired, or an end never came.
  std::size_t departed_members = 0;  // Their window passed.
  std::size_t ended_sessions = 0;    // Ended as "user_left" because of that.
  std::size_t departed_nodes = 0;    // Whose lease had run out (registry.h); their members left.
  bool more = false;                 // The limit was reached; call again.
};

// Something for the sockets and streams of one node.
struct NodeMessage {
  enum class Kind {
    kDeliver,  // `text` (a notice) to `member_id`'s socket.
    kEvent,    // `event` was logged: to the session's streams and polls, and the display's socket.
    kEnded,    // The session ended; `event` (session:terminated) to everybody, then nothing more.
    kWatchMoved,  // The display listens elsewhere; its streams and polls with an epoch below
                  // `epoch` are stale.
    kTakenOver,   // `member_id` joined at `place`, on another node: its socket of join `epoch` is
                  // stale; its tail goes to that node, then it is closed.
    kPlaced,      // To counterparts' nodes: `member_id` is at `place` now; an empty node: it has no
                  // socket, and the epoch is the one that it had. A hint: it may come late.
  };
  Kind kind = Kind::kDeliver;
  std::string session_id;
  std::string member_id;
  std::string text;
  SessionEvent event;
  Place place;
  std::uint64_t epoch = 0;
};

// On the thread of the store's calls; may call the store.
class NodeHandler {
 public:
  virtual void OnNodeMessage(const NodeMessage& message) = 0;
  // Down: steps answer kUnavailable from now on. Up: what this node holds was restored, and
  // messages that were missed have been told. A store begins as down, unless it is one that is
  // never away (memory), which never calls this.
  virtual void OnStoreState(bool up) = 0;
  // Something may be due earlier than was thought; a hint only, and none need ever come.
  virtual void OnDueHint() = 0;

 protected:
  ~NodeHandler() = default;
};

struct StoreSizes {
  std::size_t sessions = 0;       // Waiting and paired.
  std::size_t waiting = 0;        // Never claimed yet.
  std::size_t ended = 0;          // Lingering.
  std::size_t resting_codes = 0;  // Released, not to be used again yet.
  std::size_t scheduled = 0;      // Due times.
  std::size_t meets = 0;          // Names that can be claimed.
};

class Store {
 public:
  virtual ~Store() = default;

  // Messages for `node_id` go to `handler` until Unsubscribe; one handler a node.
  virtual void Subscribe(const std::string& node_id, NodeHandler& handler) = 0;
  virtual void Unsubscribe(const std::string& node_id) = 0;

  // `now`, in all that follows: the caller's clock. A store that several machines share goes by its
  // own, so that they agree.

  // Makes a waiting session with a code that is free and not resting: 4 digits, 5 and 6 as the
  // shorter ones fill beyond 60 %, 9 when plain. kFull. On a store of several shards the sessions
  // that its meets replace end a moment later than it begins, before the answer; until then a claim
  // may still find the older one.
  virtual void RegisterSession(NewSession session, TimePoint now, StoreReply<Registered> reply) = 0;

  // Takes one place of the session that has the code. Of two that race for the last place exactly
  // one wins; with the last place the code and the meets are released, and the code rests.
  // kNotFound covers unknown, expired, used.
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

  // The member has a socket on `node_id`; an older one elsewhere gets kTakenOver, counterparts'
  // nodes get kPlaced. kNotFound, kFull (a room's bound).
  virtual void Join(JoinRequest request, TimePoint now, StoreReply<Joined> reply) = 0;

  // The socket of join `epoch` is gone; see LeaveRequest. A waiting display is not dropped after
  // the window: it needs no socket. False: nothing happened, since it joined again or the session
  // is gone. Repeated, it answers true and changes nothing.
  virtual void Leave(LeaveRequest request, TimePoint now, StoreReply<bool> reply) = 0;

  // Where the target's socket is; or keeps the text while there is none. kNotFound, kNoTarget,
  // kNotAllowed, kFull.
  virtual void Route(RouteRequest request, TimePoint now, StoreReply<Routed> reply) = 0;

  // These members' clients are alive, their presence and the safety terms of their records start
  // anew. At most kMaxTouches. Answers how many are known. Members are not dropped for want of it:
  // their socket's own deadline and their node's lease see to that.
  virtual void Heartbeat(std::vector<Touch> members, TimePoint now,
                         StoreReply<std::size_t> reply) = 0;

  // Ends the session on behalf of the member whose hash this is. kNotFound.
  virtual void Terminate(const std::string& session_id, const TokenHash& token_hash,
                         std::string_view reason, TimePoint now, StoreReply<Member> reply) = 0;

  // Carries out what is due, at most `limit` things, each exactly once over all nodes.
  virtual void ClaimDue(TimePoint now, std::size_t limit, StoreReply<DueReport> reply) = 0;

  // When ClaimDue has something to do: exact for a store of one process, TimePoint::max() when
  // there is nothing. A store that shares due times with other nodes answers TimePoint::min(): ask
  // at intervals (core/expiry.h).
  virtual TimePoint NextDue() const = 0;

  // For metrics, of this process's knowledge.
  virtual StoreSizes Sizes() const = 0;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_STORE_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Relay: all decisions of one relay node, without socket, clock or thread. Inputs are method calls
// with the time passed in; outputs are reply callbacks and one small interface, RelayOutput. The
// server (signaling/server) is the shell around it. What several nodes must agree on is in the
// store.
//
// The law: one thread; no method may be called from inside RelayOutput or a reply (post it). Ids of
// connections, streams and polls are the shell's, never 0 and never used twice. Unknown ids are
// ignored, so events that cross each other are harmless.
//
// `now` should not jump: the shell reads the wall clock once at the start and adds steady time to
// it.
#ifndef PAIRWIRE_SIGNALING_CORE_RELAY_H_
#define PAIRWIRE_SIGNALING_CORE_RELAY_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/core/code_guard.h"
#include "signaling/core/expiry.h"
#include "signaling/core/random.h"
#include "signaling/core/rate_limit.h"
#include "signaling/core/user_tokens.h"
#include "signaling/protocol/http_messages.h"
#include "signaling/protocol/limits.h"
#include "signaling/protocol/problem.h"
#include "signaling/protocol/time.h"
#include "signaling/store/backend.h"

namespace pairwire::relay {

using ConnectionId = std::uint64_t;
using StreamId = std::uint64_t;
using PollId = std::uint64_t;

// When a display opens its WebSocket (row L13): as told by pairing:ready on its event stream, or
// from the start. Either way it may do both.
enum class ConnectionMode : std::uint8_t { kLazy, kImmediate };
// Who carries messages (row L13): the peers, and the relay only their webrtc:*; or the relay,
// message:send, and no webrtc:*; or the relay where the peers can not.
enum class SignalingMode : std::uint8_t { kPeerToPeer, kRelayed, kBoth };

struct RelayOptions {
  std::string node_id = "node-1";
  ConnectionMode connection = ConnectionMode::kLazy;
  SignalingMode signaling = SignalingMode::kPeerToPeer;
  // Whether members may listen to the rooms of displays and designs; to their own session always.
  // Users may listen to any room.
  bool display_rooms = false;
  // Put in front of the paths in answers, "https://relay.example/base"; empty: paths only.
  std::string public_url;
  // The WebSocket's URL in answers; empty: public_url (or nothing) and "/ws".
  std::string public_ws_url;

  // Where clients reach this node itself, for those that another node sends away; may be empty.
  std::string advertise_url;
  std::string region;
  // Of this node in the registry, renewed three times as often. Zero: it does not announce itself,
  // as a relay of one node need not.
  std::chrono::milliseconds lease{0};
  ExpiryOptions expiry;

  // How long a code can be entered; a display registers anew afterwards.
  std::chrono::milliseconds waiting_ttl = std::chrono::seconds(600);
  // From pairing to the member's first socket.
  std::chrono::milliseconds join_within = std::chrono::seconds(60);
  // A lost socket may come back for so long before the others learn of it.
  std::chrono::milliseconds resume_window = std::chrono::seconds(5);
  // A reconnected socket has so long to send `resume` before what was kept is sent without it.
  std::chrono::milliseconds resume_wait = std::chrono::seconds(1);
  // A socket that took over one on another node waits so long for what that one leaves behind.
  std::chrono::milliseconds handover_wait = std::chrono::milliseconds(500);
  // A socket from which nothing comes for three heartbeat intervals is closed. A ping's pong does
  // not count: a proxy may answer it.
  std::chrono::milliseconds socket_idle_timeout = std::chrono::seconds(30);
  std::size_t max_sockets = 20'000;
  // Streams and polls together.
  std::size_t max_waiters = 60'000;

  // Who may try codes how often.
  CodeGuardOptions codes;
  // A wrong code is answered after a random time between these, the same for unknown, expired and
  // used ones, so that time tells nothing about which it was.
  std::chrono::milliseconds wrong_code_delay_min{50};
  std::chrono::milliseconds wrong_code_delay_max{150};
  // A hall of displays behind one address may start at once.
  RateLimit registers_per_address{120.0 / 60, 600};
  // Calls by a meet: it can not be guessed, so only the work is bounded. The same hall comes back
  // at once when its network does.
  RateLimit meets_per_address{120.0 / 60, 600};
  std::size_t max_addresses = 65'536;

  // Budgets of wrong codes, registrations and sockets are held over all nodes as well, by the
  // backend's RateLimiter; while it cannot be reached nobody gets in.
  bool shared_rates = false;
  // With shared_rates: wrong tries of one code, whichever it is. A class may enter a right one at
  // once.
  RateLimit wrong_per_code{3.0 / 60, 20};
  // With shared_rates: sockets of one session, or of one user. More than a bad network loses.
  RateLimit sockets_per_session{1, 60};

  // By socket. Trickled candidates come in quick bursts; the rest is slow.
  RateLimit messages_per_socket{50, 200};
  RateLimit bytes_per_socket{64 * 1024, 2 * 1024 * 1024};
  // Entering and leaving rooms: each is told to all who are there.
  RateLimit room_changes_per_socket{1, 20};
  // Refused messages (malformed or beyond the rates) before a socket is closed.
  RateLimit strikes_per_socket{1, 20};
};

// Everything is since the start, except the gauges at the end.
struct RelayCounters {
  std::uint64_t sessions_registered = 0;
  std::uint64_t pairings_ok = 0;
  std::uint64_t pairings_failed = 0;
  std::uint64_t pairings_limited = 0;  // Refused by a rate before the code was looked at.
  std::uint64_t proofs_accepted = 0;   // Pairings that a proof of work let through.
  // By a meet; not among the pairings above.
  std::uint64_t meets_ok = 0;
  std::uint64_t meets_not_found = 0;
  std::uint64_t meets_limited = 0;
  std::uint64_t sessions_replaced = 0;  // By a newer registration of one of their meets.
  std::uint64_t sessions_expired = 0;
  std::uint64_t sessions_ended = 0;  // By DELETE, or because a member left.
  std::uint64_t members_departed = 0;
  std::uint64_t events_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t messages_routed = 0;
  std::uint64_t messages_kept = 0;
  std::uint64_t messages_delivered = 0;
  std::uint64_t bytes_routed = 0;
  std::uint64_t sockets_opened = 0;
  std::uint64_t sockets_taken_over = 0;
  std::uint64_t sockets_resumed = 0;
  std::uint64_t sockets_closed_by_relay = 0;
  std::uint64_t signals_to_nodes = 0;    // Sent to other nodes.
  std::uint64_t signals_from_nodes = 0;  // Received from them.
  std::uint64_t signals_rerouted = 0;    // Their target had moved.
  std::uint64_t signals_undeliverable = 0;
  std::uint64_t handovers = 0;         // Tails given to another node.
  std::uint64_t rooms_entered = 0;     // By users here, resumed ones included.
  std::uint64_t rooms_left = 0;        // By leave_room.
  std::uint64_t topics_delivered = 0;  // Told to sockets that listen to a room.
  std::uint64_t store_errors = 0;
  // Problems told to clients, by code.
  std::array<std::uint64_t, protocol::kProblemCodeCount> problems{};
  // Gauges.
  std::size_t sockets = 0;
  std::size_t streams = 0;
  std::size_t polls = 0;
  std::size_t guarded_addresses = 0;   // Whose wrong codes are remembered.
  std::size_t late_answers = 0;        // Wrong codes whose answer waits.
  std::size_t nodes = 0;               // In the registry, this one included; 0: there is none.
  std::size_t held_texts = 0;          // For sockets here that are not live yet.
  std::size_t texts_in_flight = 0;     // Of senders here, whose answer is not known yet.
  std::size_t unsettled_signals = 0;   // Sent to other nodes and not answered.
  std::size_t users = 0;               // Sockets that came with a user's token.
  std::size_t room_subscriptions = 0;  // Sockets times the rooms that they listen to.
};

// What the relay asks its shell to do. No call may throw or call the relay.
class RelayOutput {
 public:
  virtual void SendText(ConnectionId connection, std::string text) = 0;
  // Closes after what was sent. The relay has forgotten the connection already.
  virtual void CloseSocket(ConnectionId connection, std::uint16_t code,
                           std::string_view reason) = 0;
  // An event without an id (server:draining) is not part of the log.
  virtual void SendEvent(StreamId stream, const SessionEvent& event) = 0;
  // Ends after what was sent. The relay has forgotten the stream already.
  virtual void EndStream(StreamId stream) = 0;
  // A text from here is in the buffer of a socket on another node: so long after it came, the way
  // of the answer included. Told at the end of the turn. For metrics.
  virtual void OnSignalAcross(std::chrono::nanoseconds /*time*/) {}

 protected:
  ~RelayOutput() = default;
};

template <typename T>
using Reply = std::function<void(protocol::Outcome<T>)>;

// Who may open a socket: a member of a session, or a user, who is in no session (an empty id) and
// may enter a room.
struct Admitted : Member {
  // A user's socket is closed then (kCloseTokenExpired), unless a newer token came.
  TimePoint until = TimePoint::max();
};

class Relay final {
 public:
  // All outlive the relay. Subscribes to the store and the bus under options.node_id. Without
  // `users` there are no users and no rooms.
  Relay(RelayOptions options, Backend backend, RandomSource& random, RelayOutput& output,
        UserTokens* users = nullptr);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // --- HTTP. Each reply comes exactly once, perhaps inside the call. ---

  // kRateLimited, kNotReady.
  void Register(const protocol::RegisterRequest& request, std::string_view client_ip, TimePoint now,
                Reply<protocol::RegisterResponse> reply);
  // kCodeNotFound, kInvalidRequest (not a code at all), kRateLimited, kNotReady. By a meet: as
  // parsed, with neither the guard's bounds nor its delay.
  void Pair(const protocol::PairRequest& request, std::string_view client_ip, TimePoint now,
            Reply<protocol::PairResponse> reply);
  // By either end. kUnauthorized, kNotReady. Works while draining.
  void EndSession(std::string_view session_id, std::string_view token, TimePoint now,
                  Reply<void> reply);
  // The display is there: its token is good and of this display. kUnauthorized. Does not make a
  // code live longer.
  void Heartbeat(std::string_view display_id, std::string_view token, TimePoint now,
                 Reply<void> reply);

  // --- The waiting display. ---

  // Server-sent events. After an ok reply, SendEvent brings what is in the log after
  // `last_event_id` and what follows, until EndStream (session ended, a newer stream opened) or
  // CloseEventStream. kUnauthorized (also: the session is over and everything was read), kNotReady.
  void OpenEventStream(std::string_view session_id, std::string_view token,
                       std::string_view last_event_id, StreamId stream, TimePoint now,
                       Reply<void> reply);
  // The client is gone.
  void CloseEventStream(StreamId stream);
  // Long-poll. The reply comes as soon as there are events after `after`, or empty after `timeout`
  // (cut to kMaxPollTimeout) or when a newer poll of the session comes, or with server:draining
  // (which has no id: a client keeps the one it had). Errors as above.
  void Poll(std::string_view session_id, std::string_view token, std::string_view after,
            std::chrono::milliseconds timeout, PollId poll, TimePoint now,
            Reply<protocol::PollResponse> reply);
  // The client is gone; the reply is dropped.
  void CancelPoll(PollId poll);

  // --- WebSocket. ---

  // Before the upgrade: a session token, or that of a user. kUnauthorized, kNotReady.
  void AuthorizeSocket(std::string_view token, TimePoint now, Reply<Admitted> reply);
  // The upgrade is done. `welcome` follows, or a close. A socket of the same member that is still
  // open is taken over: it is closed with 4001. A user's, once it enters the same room.
  void SocketOpened(ConnectionId connection, const Member& member, TimePoint now,
                    TimePoint until = TimePoint::max());
  void SocketText(ConnectionId connection, std::string_view text, TimePoint now);
  // The socket is gone, whoever closed it.
  void SocketClosed(ConnectionId connection, TimePoint now);

  // --- Time. ---

  // Does what is due. Cheap when nothing is: call it at NextDeadline(), or simply every 250 ms.
  void Tick(TimePoint now);
  // May come nearer with every input. TimePoint::max() when nothing is scheduled.
  TimePoint NextDeadline() const;
  // Sends what was gathered for other nodes. At the end of each turn in which any of the above, a
  // reply or a message of the store or the bus ran.
  void EndTurn(TimePoint now);

  // --- The end. ---

  // Tells every socket and stream, completes polls, and refuses new work as kNotReady from now on.
  // What is open goes on until the shell closes it. `url`: another node; empty: the least loaded
  // one that the registry knows, of this region if there is one.
  void Drain(std::chrono::milliseconds retry_after, std::string_view url, TimePoint now);
  bool draining() const;

  // The nodes of the relay that clients can be sent to, as the registry told last; of a relay of
  // one node, that one. Only those with a URL that are not draining.
  std::vector<NodeInfo> Nodes() const;

  const RelayCounters& counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_CORE_RELAY_H_

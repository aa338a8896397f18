// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The relay's state on one node and the parts that work on it: HTTP (relay_http.cc), the waiting
// display's streams and polls (relay_waiters.cc), sockets (relay_sockets.cc), what is handed from a
// member's socket to its next one (relay_members.cc), messages of a socket (relay_messages.cc), the
// way of a text to its target (relay_routes.cc), users and rooms (relay_rooms.cc), other nodes
// (relay_nodes.cc), rates that all nodes hold together (relay_rates.cc). Inside this folder only.
//
// A socket:
//
//   SocketOpened --> kJoining --Join answered; first of this member, or nothing to wait for-->
//   kLive
//                       |                                                                       ^
//                       |--a living socket elsewhere is taken over--> kAwaitingHandover         |
//                       |                     its tail came, or handover_wait |                 |
//                       +--the member was here before--------------> kAwaitingResume            |
//                                                                   +--first text, resume_wait--+
//
// A user's socket begins in kLobby, is at kJoining once it enters a room, and in kLobby again once
// it has left. In the lobby it is a member of nothing and hears only the topics that it asked for.
//
// In all but kLive what comes for the member is held, so that the tail of the socket
// before, kept texts and new ones arrive in order.
//
// A socket that is gone leaves a Former behind until its tail (what the client may not have
// received) is safe: in the store (Leave was answered), with another node (Handover), or with the
// member's next socket here. Texts that still come for it wait in `late` meanwhile and are refused
// then, not before: till then the store would send them here again.
#ifndef PAIRWIRE_SIGNALING_CORE_RELAY_IMPL_H_
#define PAIRWIRE_SIGNALING_CORE_RELAY_IMPL_H_

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "signaling/core/deadlines.h"
#include "signaling/core/delivery_log.h"
#include "signaling/core/expiry.h"
#include "signaling/core/node_links.h"
#include "signaling/core/presence.h"
#include "signaling/core/relay.h"
#include "signaling/protocol/envelope.h"
#include "signaling/protocol/session_messages.h"

namespace pairwire::relay {

// Texts of one socket of which it is not known yet what became of them.
inline constexpr int kMaxRoutesInFlight = 256;
// Texts that wait for one member in one place here: for its socket to be live, for a Leave's
// answer.
inline constexpr std::size_t kMaxHeld = 128;
// What the relay puts around the data of a message: keys, a number, a type and a member's id.
inline constexpr std::size_t kMaxStampBytes = 256;
// Lost sockets of one member that are remembered.
inline constexpr std::size_t kMaxFormers = 16;
// Topics that one node listens to; a bus bears some 64 Ki channels.
inline constexpr std::size_t kMaxTopics = 32'768;
// How long a tail of a socket elsewhere is waited for when the socket that waited is gone as well:
// nobody looks on.
inline constexpr std::chrono::seconds kGhostHandoverWait{2};
// A step that must happen (Leave) is tried again so much later when the store is away.
inline constexpr std::chrono::milliseconds kStepRetry{250};
// A text that was refused by the very place that the store names again.
inline constexpr std::chrono::milliseconds kRouteRetry{100};

class Relay::Impl final : public NodeHandler, public NodeBusHandler, public NodeLinksHandler {
 public:
  Impl(RelayOptions options, Backend backend, RandomSource& random, RelayOutput& output,
       UserTokens* users);
  ~Impl();

  // relay_http.cc
  void Register(const protocol::RegisterRequest& request, std::string_view client_ip,
                Reply<protocol::RegisterResponse> reply);
  void RegisterNow(const protocol::RegisterRequest& request,
                   Reply<protocol::RegisterResponse> reply);
  void Pair(const protocol::PairRequest& request, std::string_view client_ip,
            Reply<protocol::PairResponse> reply);
  void PairByMeet(const protocol::PairRequest& request, std::string_view client_ip,
                  Reply<protocol::PairResponse> reply);
  // One try of a code, from the guard's yes to its answer; or of a meet, which nobody guards.
  struct PairAttempt {
    protocol::PairRequest request;  // its code normalised
    std::string ip;
    CodeGuard::Paid paid = CodeGuard::Paid::kInAll;
    Reply<protocol::PairResponse> reply;
  };
  void ClaimFor(std::shared_ptr<PairAttempt> attempt);
  void RefuseMeet(const PairAttempt& attempt);
  void OnWrongCode(const PairAttempt& attempt);
  void RefuseCode(Reply<protocol::PairResponse> reply);
  void OnWrongCodeDue(std::uint64_t id);
  void EndSession(std::string_view session_id, std::string_view token, Reply<void> reply);
  void Heartbeat(std::string_view display_id, std::string_view token, Reply<void> reply);
  void AuthorizeSocket(std::string_view token, Reply<Admitted> reply);

  // relay_rates.cc
  using Then = std::function<void()>;
  // Calls `then` when the nodes together allow one more; else `refuse` gets the problem.
  void CheckShared(std::string scope, std::string key, const RateLimit& limit, std::string detail,
                   Then then, std::function<void(protocol::Problem)> refuse);
  void CheckSharedCodes(std::shared_ptr<PairAttempt> attempt);
  void OnSharedCodes(const std::shared_ptr<PairAttempt>& attempt, StoreResult<RateAnswer> answer);
  // The code was wrong: its address pays.
  void ChargeShared(const PairAttempt& attempt);
  // It was right, or nobody knows: what was paid goes back.
  void ReturnShared(const PairAttempt& attempt);

  // relay_waiters.cc
  void OpenEventStream(std::string_view session_id, std::string_view token,
                       std::string_view last_event_id, StreamId stream, Reply<void> reply);
  void CloseEventStream(StreamId stream);
  void Poll(std::string_view session_id, std::string_view token, std::string_view after,
            std::chrono::milliseconds timeout, PollId poll, Reply<protocol::PollResponse> reply);
  void CancelPoll(PollId poll);

  // relay_sockets.cc
  void SocketOpened(ConnectionId id, const Member& member, TimePoint until);
  void SocketClosed(ConnectionId id);

  // relay_nodes.cc
  void OnNodeMessage(const NodeMessage& message) override;
  void OnStoreState(bool up) override;
  void OnDueHint() override { expiry_.Hint(); }
  void OnFrames(std::string_view bytes) override { links_.OnFrames(bytes); }
  void OnTopic(std::string_view topic, std::string_view payload) override;  // relay_rooms.cc
  void OnBusState(bool up) override { links_.OnBusState(up); }
  void OnSignal(const InboundTag& tag, Signal signal) override;

  // relay_members.cc
  void OnHandover(const std::string& session_id, const std::string& member_id, std::uint64_t epoch,
                  KeptText text) override;
  void OnHandoverDone(const std::string& session_id, const std::string& member_id,
                      std::uint64_t epoch,
                      std::optional<std::vector<TokenHash>> resume_hashes) override;

  // relay_routes.cc
  bool HasMoved(std::uint64_t tag) override;
  void OnSettled(std::uint64_t tag, Settled settled, Signal signal) override;

  // relay_messages.cc
  void SocketText(ConnectionId id, std::string_view text);

  // relay.cc
  void SetNow(TimePoint now) { now_ = std::max(now_, now); }
  void Tick();
  void EndTurn();
  TimePoint NextDeadline() const;
  void Drain(std::chrono::milliseconds retry_after, std::string_view url);
  bool draining() const { return draining_; }
  std::vector<NodeInfo> Nodes() const;
  const RelayCounters& counters();

 private:
  struct Work {
    enum class Kind {
      kSocketIdle,
      kSocketWait,  // For a resume or a handover.
      kPollTimeout,
      kForgetMember,
      kFormer,   // A handover that it waits for, or its Leave again.
      kUnheard,  // Leaves of joins that were never answered, again.
      kRoute,    // A route is to be asked for again.
      kAnnounce,
      kWrongCode,  // Its answer is due.
      kTokenExpired,
    };
    Kind kind = Kind::kSocketIdle;
    std::uint64_t id = 0;   // Of the socket or poll; the former's epoch.
    std::string member_id;  // Its key.
    std::string to;
  };
  using Deadline = Deadlines<Work>::Handle;

  // Who waits to hear what became of a text: a sender here, or one on another node; or nobody.
  struct Origin {
    std::uint64_t local_tag = 0;
    InboundTag remote;

    bool nobody() const { return local_tag == 0 && remote.seq == 0; }
  };
  // A text for a member here that is not in its socket's buffer yet.
  struct Pending {
    std::string text;
    std::uint64_t epoch = 0;  // Of the place that it was sent to.
    Origin origin;
  };
  enum class SocketState : std::uint8_t {
    kLobby,
    kJoining,
    kAwaitingHandover,
    kAwaitingResume,
    kLive
  };
  // What only a user's socket has.
  struct UserPart {
    Deadline expires;
    TimePoint until = TimePoint::max();
    TokenBucket room_changes;
    bool refreshing = false;  // A newer token is being judged.
    // Until the join is answered: the mark of its message, and that of a leave_room right behind.
    std::string join_message;
    std::optional<std::string> leave_message;
  };
  struct Socket {
    ConnectionId id = 0;
    Member member;  // Without a session while in the lobby.
    SocketState state = SocketState::kJoining;
    bool resumed = false;
    bool wants_no_resume = false;  // Something else came first, while waiting for a handover.
    int routes_in_flight = 0;
    std::uint64_t epoch = 0;    // Set with the join's answer.
    std::string resume_secret;  // For the welcome.
    // Good for one resume, here until it goes live, then for the next socket.
    std::vector<TokenHash> resume_hashes;
    // Message id; while joining or waiting for a handover.
    std::unique_ptr<std::pair<std::string, protocol::Resume>> early_resume;
    std::vector<KeptText> incoming;  // Of a handover that is not complete.
    Given given;                     // Instead, if none comes.
    std::vector<KeptText> tail;      // Numbered; for the client that resumes.
    std::vector<Pending> held;
    std::size_t held_bytes = 0;
    DeliveryLog sent;
    std::uint64_t last_delivery = 0;
    DeliveryId resumed_after;  // What the client had when it resumed.
    TimePoint last_heard{};
    TimePoint last_touch{};
    TokenBucket messages;
    TokenBucket bytes;
    TokenBucket strikes;
    Deadline idle;
    Deadline wait;
    std::unique_ptr<UserPart> user;  // Null: a member of a session.
  };
  // A socket of a member that is gone.
  struct Former {
    std::uint64_t epoch = 0;
    std::vector<KeptText> tail;
    std::vector<TokenHash> resume_hashes;  // Unused.
    std::vector<Pending> late;
    std::vector<KeptText> incoming;
    Given given;
    bool awaiting = false;  // The tail of the one before it is on its way here.
    bool leaving = false;   // Leave is not answered.
    bool for_good = false;  // It said leave_room.
    Place taken_by;         // Where the tail goes once `awaiting` is over; empty: to the store.
    Deadline due;
  };
  // A text on its way from a member here.
  struct Outgoing {
    ConnectionId socket = 0;
    std::string message_id;
    std::string text;
    std::size_t data_bytes = 0;
    TimePoint deadline{};
  };
  // The way from a member here to one other; see relay_routes.cc.
  struct Route {
    // Takes the first of the queue, which is not empty.
    Outgoing Pop() {
      Outgoing first = std::move(queue.front());
      queue.erase(queue.begin());
      queue_bytes -= first.text.size();
      if (queue.empty()) queue = {};  // most never wait again
      return first;
    }

    bool allowed = false;       // The store, or a join, named the target as a counterpart.
    Place place;                // Where the target is, as far as we know; empty: ask the store.
    std::optional<Place> hint;  // Came while something was unsettled.
    Place refused;              // Was there no more, when a text came.
    std::size_t unsettled = 0;  // Sent to `place`.
    std::map<std::uint64_t, Outgoing> rerouted;  // Refused, by tag; in their order.
    std::vector<Outgoing>
        queue;  // Short, and nearly always empty: a deque is never free of charge.
    std::size_t queue_bytes = 0;
    bool asking = false;   // The store, about the first of the queue.
    bool waiting = false;  // Before it is asked again.
    Deadline wait;
  };
  // A handover that was faster than the join's answer.
  struct EarlyHandover {
    std::uint64_t epoch = 0;
    std::vector<KeptText> texts;
    std::optional<std::vector<TokenHash>> resume_hashes;
    bool done = false;
  };
  using Routes = std::map<std::string, std::unique_ptr<Route>, std::less<>>;
  struct InFlight {
    std::string from;
    std::string to;
    Outgoing outgoing;  // Without the text.
  };
  // A member that has, or had a moment ago, a socket on this node.
  struct LocalMember {
    std::string session_id;
    Role role = Role::kDisplay;
    ConnectionId socket = 0;
    int joins_pending = 0;
    std::vector<Pending> early;  // For a join that is not answered.
    std::vector<EarlyHandover> early_handovers;
    std::vector<Former> formers;
    // Sockets that were taken over before their join was answered: epoch, by whom.
    std::vector<std::pair<std::uint64_t, Place>> taken_early;
    // Resume hashes of joins without an answer, which may have happened.
    std::vector<TokenHash> unheard;
    Deadline unheard_due;
    Routes routes;
    std::string sole;  // Who is meant by an empty `to`, if that is known.
    Deadline forget;
  };
  // What comes for a stream or poll before the store has answered.
  struct Opening {
    std::vector<SessionEvent> events;
    std::uint64_t moved_epoch = 0;  // The display moved on with this epoch.
    bool ended = false;             // The session did.
  };
  // A stream or a poll of a waiting display. There may be tens of thousands.
  struct Waiter {
    const std::string* session_id = nullptr;  // In sessions_.
    std::unique_ptr<Opening> opening;         // Null once the store has answered.
    std::uint64_t epoch = 0;                  // With the store's answer.
    std::uint64_t last_id = 0;
  };
  struct PendingPoll {
    Waiter waiter;
    Reply<protocol::PollResponse> reply;
    Deadline timeout;
    bool overdue = false;  // The time-out passed before the store answered.
  };
  // Streams and polls of a session whose token the store has not judged yet.
  struct OpeningWaiters {
    std::vector<StreamId> streams;
    std::vector<PollId> polls;
  };
  struct LocalSession {
    StreamId stream = 0;
    PollId poll = 0;
    std::unique_ptr<OpeningWaiters> opening;  // Null: none.
    std::vector<std::string> members;         // Their keys.
  };

  // Wraps a store's callback so that it does nothing once the relay is gone.
  template <typename F>
  auto Guarded(F function) {
    return [alive = std::weak_ptr<char>(alive_), function = std::move(function)](auto result) {
      if (!alive.expired()) function(std::move(result));
    };
  }
  tl::unexpected<protocol::Problem> Problem(protocol::ProblemCode code, std::string detail = {},
                                            std::optional<std::chrono::seconds> retry = {});
  tl::unexpected<protocol::Problem> Problem(StoreError error);
  std::string Url(std::string_view path) const { return options_.public_url + std::string(path); }
  std::string WsUrl() const;
  // For a welcome.
  std::string Mode() const {
    switch (options_.signaling) {
      case SignalingMode::kPeerToPeer:
        return {};
      case SignalingMode::kRelayed:
        return std::string(protocol::kModeRelayed);
      case SignalingMode::kBoth:
        return std::string(protocol::kModeBoth);
    }
    return {};
  }

  LocalSession& SessionOf(const std::string& session_id) { return sessions_[session_id]; }
  void DropSessionIfEmpty(const std::string& session_id);
  void OnSessionEnded(const NodeMessage& message);

  // Waiters.
  // The waiter waits for the store's answer; its id belongs into what comes back.
  OpeningWaiters& BeginOpening(Waiter& waiter, const std::string& session_id);
  template <typename Function>
  void ForEachOpening(const LocalSession& session, Function function) {
    if (!session.opening) return;
    for (const StreamId id : session.opening->streams) function(*streams_.at(id).opening);
    for (const PollId id : session.opening->polls) function(*polls_.at(id).waiter.opening);
  }
  // It is open, or gone.
  static void EndOpening(LocalSession& session, std::vector<std::uint64_t> OpeningWaiters::*list,
                         std::uint64_t id);
  bool CanWait() const { return streams_.size() + polls_.size() < options_.max_waiters; }
  void OnPollTimeout(PollId id);
  // Takes over from the session's older stream or poll.
  void AdoptStream(StreamId id, const std::string& session_id);
  void AdoptPoll(PollId id, const std::string& session_id);
  void OnEvent(const NodeMessage& message);
  void OnWatchMoved(const NodeMessage& message);
  void OnStreamOpened(StreamId id, StoreResult<OpenedEvents> result, const Reply<void>& reply);
  void OnPollOpened(PollId id, StoreResult<OpenedEvents> result);
  // What is new among `events` for the waiter, which has then seen it.
  std::vector<SessionEvent> Unseen(Waiter& waiter, const std::vector<SessionEvent>& events);
  void SendEvents(StreamId id, const std::vector<SessionEvent>& events);
  void EndStream(StreamId id);
  void CompletePoll(PollId id, protocol::Outcome<protocol::PollResponse> result);

  // What a member is called in members_ and in all that is asked for by `member_id` or `from`
  // below: its id, which in a session is unique of itself; of a room's user, whose name others may
  // choose as well or have in another room, with the room behind it.
  static const std::string& KeyOf(const std::string& session_id, const std::string& member_id,
                                  std::string& space);
  static std::string KeyOf(const std::string& session_id, const std::string& member_id);
  static std::string KeyOf(const Member& member) {
    return KeyOf(member.session_id, member.member_id);
  }
  // The member's id again, as the store, other nodes and clients know it.
  static std::string IdOf(const std::string& key) { return key.substr(0, key.rfind('\n')); }

  // Users and rooms.
  bool MayListen(const Socket& socket, std::string_view room) const;
  static bool IsUserToken(std::string_view token);
  void AuthorizeUser(std::string_view token, Reply<Admitted> reply);
  void UserOpened(Socket& socket, TimePoint until);
  void HandleRoom(Socket& socket, const protocol::EnvelopeView& envelope);
  void JoinRoom(Socket& socket, const std::string& room, std::string message_id);
  void LeaveRoom(Socket& socket, const std::string& message_id);
  // A user who was in a room begins with `resume`: enters the token's room.
  void ResumeRoom(Socket& socket, const std::string& message_id, const protocol::Resume& resume);
  void OnRoomRefused(Socket& socket, StoreError error);
  // Out of the room; the socket stays.
  void ToLobby(Socket& socket);
  void SubscribeRoom(Socket& socket, const std::string& room, std::string_view message_id);
  void UnsubscribeRoom(ConnectionId id, const std::string& room);
  void UnsubscribeAll(ConnectionId id);
  void RefreshToken(Socket& socket, const protocol::EnvelopeView& envelope);
  void OnRefreshed(ConnectionId id, const std::string& message_id, protocol::Outcome<User> user);
  void SetUntil(Socket& socket, TimePoint until);

  // Sockets.
  Socket* FindSocket(ConnectionId id);
  LocalMember* FindMember(const std::string& member_id);
  LocalMember& MemberOf(const Member& member);
  // The socket's member joins its session or room.
  void BeginJoin(Socket& socket);
  void OnJoined(ConnectionId id, const Member& member, StoreResult<Joined> result);
  void Welcome(Socket& socket, const Joined& joined);
  void AwaitResume(Socket& socket);
  void GoLive(Socket& socket);
  // What a numbered text begins with, instead of "{".
  static std::string NumberPrefix(const std::string& id) { return "{\"id\":\"" + id + "\","; }
  // To the socket, numbered and logged; `text` is an envelope without id.
  void SendNow(Socket& socket, const std::string& text);
  // The numbered text itself.
  void Deliver(Socket& socket, DeliveryId id, std::string text);
  // A text of an earlier socket, under its own number.
  void SendAgain(Socket& socket, KeptText kept);
  // False: too much is held, and the socket was closed.
  bool Hold(Socket& socket, Pending pending);
  void Close(ConnectionId id, std::uint16_t code, std::string_view reason);
  // The socket is gone. `leave`: and nothing takes its place.
  void Forget(ConnectionId id, bool leave);
  void ForgetMember(const std::string& member_id);
  void OnForgetDue(const std::string& member_id);
  void OnIdleDue(Socket& socket);

  // Members.
  Former* FindFormer(LocalMember& local, std::uint64_t epoch);
  void EraseFormer(LocalMember& local, std::uint64_t epoch);
  void AddFormer(const std::string& member_id, LocalMember& local, Former former);
  void Leave(const std::string& member_id, std::uint64_t epoch);
  void OnLeft(const std::string& member_id, std::uint64_t epoch, StoreResult<bool> left);
  // Texts for which it was too long nobody could say where they go.
  void GiveUpLate(const std::string& member_id, std::uint64_t epoch);
  void OnFormerDue(const std::string& member_id, std::uint64_t epoch);
  // A join was not answered: if it happened, the store takes the member for being here.
  void OnUnheard(const std::string& member_id, const TokenHash& joined_as);
  void LeaveUnheard(const std::string& member_id, const TokenHash& joined_as);
  void OnUnheardDue(const std::string& member_id);
  void OnTakenOver(const std::string& session_id, const std::string& member_id, std::uint64_t epoch,
                   const Place& by);
  void HandOver(const std::string& member_id, std::uint64_t epoch, const Place& by);
  // The tail that this node's own former has for a join here. False: it is still to come.
  bool TakeFormer(const std::string& member_id, std::uint64_t former, std::uint64_t epoch,
                  Joined& joined, std::vector<KeptText>& tail,
                  std::vector<TokenHash>& resume_hashes);
  static void AddHashes(std::vector<TokenHash>& to, const std::vector<TokenHash>& more);
  // Where to put a handover for a join that is not answered; null when there is none.
  static EarlyHandover* EarlyOf(LocalMember& local, std::uint64_t epoch);
  void ReceiveEarlyHandover(const std::string& member_id, std::uint64_t epoch);
  // `nobody_knew`: nothing came, or nothing was known there.
  void FinishHandover(const std::string& member_id, std::uint64_t epoch, bool nobody_knew = false);
  // Whether a text, numbered or not, tells who came or went.
  static bool IsPresence(std::string_view text);
  // A text for the member: to its socket, or where it waits, or refused.
  void Receive(const std::string& member_id, Pending pending);
  void ReceiveEarly(const std::string& member_id);
  // A notice that found no socket here: to the store, or to the node that it names.
  void RouteNotice(const std::string& session_id, const std::string& member_id, std::string text);
  void Answer(const Origin& origin, bool delivered, std::string text);
  void RefuseAll(std::vector<Pending> pending);

  // Routes.
  void SendSignal(const std::string& from, const std::string& to, Outgoing outgoing);
  Route& RouteOf(LocalMember& from, const std::string& to);
  // The target's socket, if a text for `to` goes into it at once: it is here and live, and nothing
  // waits on the way to it.
  Socket* ReadyTarget(const Socket& from, std::string_view to);
  void Pump(const std::string& from, const std::string& to);
  void AskStore(const std::string& from, const std::string& to, Route& route);
  void OnRouted(const std::string& from, const std::string& to, StoreResult<Routed> routed);
  void Transmit(const std::string& from, const std::string& to, Route& route, Outgoing outgoing);
  void OnRefused(const std::string& from, const std::string& to, Route& route);
  void OnRouteDue(const std::string& from, const std::string& to);
  void OnPlaced(const NodeMessage& message);
  void Succeed(const Outgoing& outgoing, bool kept);
  void Fail(const Outgoing& outgoing, protocol::ProblemCode code, std::string detail);
  void Fail(const Outgoing& outgoing, StoreError error);

  // Nodes.
  void Announce();
  // This node was cut off for longer than its lease.
  void OnGivenUp();
  std::string PeerUrl() const;

  // Messages.
  void Handle(Socket& socket, const protocol::EnvelopeView& envelope);
  // `type`: what its target shall read.
  void RouteMessage(Socket& socket, const protocol::EnvelopeView& envelope, std::string_view type);
  void HandleResume(Socket& socket, const std::string& message_id, const protocol::Resume& resume);
  // The client says up to where it got what was sent.
  static void ConfirmDeliveries(Socket& socket, std::string_view data);
  void Ack(Socket& socket, std::string_view message_id);
  void SendError(Socket& socket, std::string_view message_id, protocol::ProblemCode code,
                 std::string detail = {});
  // An error that also counts against the socket; closes it when there were too many.
  void Strike(Socket& socket, std::string_view message_id, protocol::ProblemCode code,
              std::string detail);

  void ClaimDue();

  const RelayOptions options_;
  Store& store_;
  NodeBus& bus_;
  Registry& registry_;
  RateLimiter& rates_;
  RandomSource& random_;
  RelayOutput& output_;
  UserTokens* const users_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  TimePoint now_{};
  TimePoint store_up_at_{};
  bool draining_ = false;
  SessionEvent draining_event_;  // what each stream is told of it
  std::string draining_text_;    // and each socket
  std::chrono::seconds drain_retry_{1};
  RelayCounters counters_;

  CodeGuard codes_;
  // Answers to wrong codes on their way: one an HTTP connection at most.
  struct WrongCode {
    Reply<protocol::PairResponse> reply;
    Deadline due;
  };
  std::unordered_map<std::uint64_t, WrongCode> wrong_codes_;
  std::uint64_t last_wrong_code_ = 0;
  AddressBuckets registers_;
  AddressBuckets meets_;
  Deadlines<Work> deadlines_;
  std::unordered_map<ConnectionId, Socket> sockets_;
  std::unordered_map<std::string, LocalMember> members_;
  std::unordered_map<std::string, LocalSession> sessions_;
  std::unordered_map<StreamId, Waiter> streams_;
  std::unordered_map<PollId, PendingPoll> polls_;
  const std::uint64_t incarnation_;
  NodeLinks links_;
  Presence presence_;
  Expiry expiry_;
  std::uint64_t last_tag_ = 0;
  std::unordered_map<std::uint64_t, InFlight> in_flight_;
  std::vector<TimePoint> across_;  // When those came that were delivered elsewhere in this turn.
  Deadline announce_;
  std::vector<NodeInfo> nodes_;  // As the registry told last.
  std::size_t users_open_ = 0;
  std::unordered_map<std::string, std::vector<ConnectionId>> listeners_;  // By topic.
  std::unordered_map<ConnectionId, std::vector<std::string>> topics_;     // Of those who listen.
  std::size_t subscriptions_ = 0;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_CORE_RELAY_IMPL_H_

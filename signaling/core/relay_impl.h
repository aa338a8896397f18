// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The relay's state on one node and the parts that work on it: HTTP (relay_http.cc), the waiting
// display's streams and polls (relay_waiters.cc), sockets (relay_sockets.cc), messages of a socket
// (relay_messages.cc). Inside this folder only.
//
// A socket:
//
//   SocketOpened --> kJoining --Join answered--> kLive
//                       |  the member was here before     ^
//                       +--> kAwaitingResume --first text or resume_wait--+
//
// In the first two states what comes for the member is held, so that kept messages, replayed ones
// and new ones arrive in order.
#ifndef PAIRWIRE_SIGNALING_CORE_RELAY_IMPL_H_
#define PAIRWIRE_SIGNALING_CORE_RELAY_IMPL_H_

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "signaling/core/deadlines.h"
#include "signaling/core/delivery_log.h"
#include "signaling/core/relay.h"
#include "signaling/protocol/envelope.h"
#include "signaling/protocol/session_messages.h"

namespace pairwire::relay {

// Routes of one socket that the store has not answered yet.
inline constexpr int kMaxRoutesInFlight = 256;

class Relay::Impl final : public NodeHandler, public NodeBusHandler {
 public:
  Impl(RelayOptions options, Backend backend, RandomSource& random, RelayOutput& output);
  ~Impl();

  // relay_http.cc
  void Register(const protocol::RegisterRequest& request, std::string_view client_ip,
                Reply<protocol::RegisterResponse> reply);
  void Pair(const protocol::PairRequest& request, std::string_view client_ip,
            Reply<protocol::PairResponse> reply);
  void RefuseCode(Reply<protocol::PairResponse> reply);
  void OnWrongCodeDue(std::uint64_t id);
  void EndSession(std::string_view session_id, std::string_view token, Reply<void> reply);
  void Heartbeat(std::string_view display_id, std::string_view token, Reply<void> reply);
  void AuthorizeSocket(std::string_view token, Reply<Member> reply);

  // relay_waiters.cc
  void OpenEventStream(std::string_view session_id, std::string_view token,
                       std::string_view last_event_id, StreamId stream, Reply<void> reply);
  void CloseEventStream(StreamId stream);
  void Poll(std::string_view session_id, std::string_view token, std::string_view after,
            std::chrono::milliseconds timeout, PollId poll, Reply<protocol::PollResponse> reply);
  void CancelPoll(PollId poll);

  // relay_sockets.cc
  void SocketOpened(ConnectionId id, const Member& member);
  void SocketClosed(ConnectionId id);
  void OnNodeMessage(const NodeMessage& message) override;
  // A step says so itself when the store is away.
  void OnStoreState(bool /*up*/) override {}
  // The next Tick asks the store.
  void OnDueHint() override {}
  void OnFrames(std::string_view bytes) override;
  void OnTopic(std::string_view /*topic*/, std::string_view /*payload*/) override {}
  void OnBusState(bool /*up*/) override {}

  // relay_messages.cc
  void SocketText(ConnectionId id, std::string_view text);

  // relay.cc
  void SetNow(TimePoint now) { now_ = std::max(now_, now); }
  void Tick();
  TimePoint NextDeadline() const;
  void Drain(std::chrono::milliseconds retry_after, std::string_view url);
  bool draining() const { return draining_; }
  const RelayCounters& counters();

 private:
  struct Work {
    enum class Kind { kSocketIdle, kResumeWait, kPollTimeout, kForgetMember, kWrongCode };
    Kind kind = Kind::kSocketIdle;
    std::uint64_t id = 0;
    std::string member_id;
  };
  using Deadline = Deadlines<Work>::Handle;

  enum class SocketState { kJoining, kAwaitingResume, kLive };
  struct Socket {
    ConnectionId id = 0;
    Member member;
    SocketState state = SocketState::kJoining;
    std::uint64_t epoch = 0;             // Set with the join's answer.
    std::uint64_t taken_over_epoch = 0;  // Heard while joining: this epoch took over.
    std::string resume_secret;           // For the welcome.
    std::optional<TokenHash> previous_resume_hash;
    std::optional<std::pair<std::string, protocol::Resume>>
        early_resume;  // Message id; while joining.
    std::deque<std::string> held;
    std::size_t held_bytes = 0;
    int routes_in_flight = 0;
    TimePoint last_heard{};
    TokenBucket messages;
    TokenBucket bytes;
    TokenBucket strikes;
    Deadline idle;
    Deadline resume_wait;
  };
  // A member that has, or had a moment ago, a socket on this node.
  struct LocalMember {
    std::string session_id;
    ConnectionId socket = 0;
    DeliveryLog sent;
    std::uint64_t last_delivery = 0;
    std::deque<std::string> late;  // Came to this node just after the socket was lost.
    Deadline forget;
  };
  // A stream or a poll of a waiting display.
  struct Waiter {
    std::string session_id;
    bool open = false;              // The store has answered; until then events are buffered.
    std::uint64_t epoch = 0;        // With the store's answer.
    std::uint64_t moved_epoch = 0;  // Heard while opening: the display moved on with this epoch.
    std::uint64_t last_id = 0;
    std::vector<SessionEvent> buffered;
    bool ended = false;  // The session ended while buffering.
  };
  struct PendingPoll {
    Waiter waiter;
    Reply<protocol::PollResponse> reply;
    Deadline timeout;
    bool overdue = false;  // The time-out passed before the store answered.
  };
  struct LocalSession {
    StreamId stream = 0;
    PollId poll = 0;
    // Streams and polls whose token the store has not judged yet.
    std::vector<StreamId> opening_streams;
    std::vector<PollId> opening_polls;
    std::vector<std::string> members;
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

  LocalSession& SessionOf(const std::string& session_id) { return sessions_[session_id]; }
  void DropSessionIfEmpty(const std::string& session_id);
  void OnSessionEnded(const NodeMessage& message);

  // Waiters.
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

  // Sockets.
  Socket* FindSocket(ConnectionId id);
  LocalMember& MemberOf(const Member& member);
  void OnJoined(ConnectionId id, const Member& member, StoreResult<Joined> result);
  void Welcome(Socket& socket, Joined joined);
  void Hold(Socket& socket, std::string text);
  void GoLive(Socket& socket);
  // To the socket, numbered and logged; or held; `text` is an envelope without id.
  void Deliver(Socket& socket, std::string text);
  void SendNow(Socket& socket, const std::string& text);
  void Close(ConnectionId id, std::uint16_t code, std::string_view reason);
  void Forget(ConnectionId id, bool leave);
  void ForgetMember(const std::string& member_id);
  void OnIdleDue(Socket& socket);
  void OnDeliver(const std::string& member_id, std::string_view text);

  // Messages.
  void Handle(Socket& socket, protocol::Envelope envelope);
  void RouteMessage(Socket& socket, protocol::Envelope envelope);
  void HandleResume(Socket& socket, const std::string& message_id, const protocol::Resume& resume);
  void Ack(Socket& socket, const std::string& message_id);
  void SendError(Socket& socket, const std::string& message_id, protocol::ProblemCode code,
                 std::string detail = {});
  // An error that also counts against the socket; closes it when there were too many.
  void Strike(Socket& socket, const std::string& message_id, protocol::ProblemCode code,
              std::string detail);

  void ClaimDue();

  const RelayOptions options_;
  Store& store_;
  NodeBus& bus_;
  RandomSource& random_;
  RelayOutput& output_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  TimePoint now_{};
  bool draining_ = false;
  std::chrono::seconds drain_retry_{1};
  bool claiming_due_ = false;
  TimePoint claim_due_again_{};  // Not earlier, after a failure.
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
  Deadlines<Work> deadlines_;
  std::unordered_map<ConnectionId, Socket> sockets_;
  std::unordered_map<std::string, LocalMember> members_;
  std::unordered_map<std::string, LocalSession> sessions_;
  std::unordered_map<StreamId, Waiter> streams_;
  std::unordered_map<PollId, PendingPoll> polls_;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_CORE_RELAY_IMPL_H_

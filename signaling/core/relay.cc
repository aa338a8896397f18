// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/core/relay.h"

#include <string>
#include <utility>

#include "signaling/core/relay_impl.h"
#include "signaling/protocol/events.h"

namespace pairwire::relay {
namespace {

auth::ProofOfWork::Secret NewProofSecret(RandomSource& random) {
  auth::ProofOfWork::Secret secret{};
  random.Fill(secret);
  return secret;
}

}  // namespace

Relay::Impl::Impl(RelayOptions options, Backend backend, RandomSource& random, RelayOutput& output,
                  UserTokens* users)
    : options_(std::move(options)),
      store_(backend.store),
      bus_(backend.bus),
      registry_(backend.registry),
      rates_(backend.rates),
      random_(random),
      output_(output),
      users_(users),
      codes_(options_.codes, NewProofSecret(random)),
      registers_(options_.registers_per_address, options_.max_addresses),
      meets_(options_.meets_per_address, options_.max_addresses),
      // Never 0, which stands for none.
      incarnation_(random.NextUint64() | 1),
      links_(options_.node_id, incarnation_, bus_, *this),
      presence_(store_),
      expiry_(options_.expiry, store_, random) {
  store_.Subscribe(options_.node_id, *this);
  bus_.Attach(options_.node_id, *this);
  if (options_.lease.count() > 0) {
    deadlines_.Schedule(announce_, TimePoint{}, {Work::Kind::kAnnounce, 0, {}, {}});
  }
}

Relay::Impl::~Impl() {
  if (options_.lease.count() > 0 && draining_) registry_.Withdraw(options_.node_id);
  bus_.Detach(options_.node_id);
  store_.Unsubscribe(options_.node_id);
}

tl::unexpected<protocol::Problem> Relay::Impl::Problem(protocol::ProblemCode code,
                                                       std::string detail,
                                                       std::optional<std::chrono::seconds> retry) {
  ++counters_.problems[static_cast<std::size_t>(code)];
  return protocol::Refuse(code, std::move(detail), retry);
}

tl::unexpected<protocol::Problem> Relay::Impl::Problem(StoreError error) {
  constexpr std::chrono::seconds kRetry{2};
  switch (error) {
    case StoreError::kUnavailable:
      ++counters_.store_errors;
      return Problem(protocol::ProblemCode::kNotReady, "the store does not answer", kRetry);
    case StoreError::kFull:
      return Problem(protocol::ProblemCode::kNotReady, "the relay is full", kRetry);
    case StoreError::kNotFound:
    case StoreError::kNoTarget:
    case StoreError::kNotAllowed:
      break;
  }
  return Problem(protocol::ProblemCode::kUnauthorized, "no such session, or not a token of it");
}

void Relay::Impl::Tick() {
  while (const auto work = deadlines_.FirstDue(now_)) {
    switch (work->kind) {
      case Work::Kind::kSocketIdle:
        OnIdleDue(*FindSocket(work->id));
        break;
      case Work::Kind::kSocketWait: {
        Socket& socket = *FindSocket(work->id);
        if (socket.state == SocketState::kAwaitingHandover) {
          FinishHandover(KeyOf(socket.member), socket.epoch, /*timed_out=*/true);
        } else {
          GoLive(socket);
        }
        break;
      }
      case Work::Kind::kPollTimeout:
        OnPollTimeout(work->id);
        break;
      case Work::Kind::kWrongCode:
        OnWrongCodeDue(work->id);
        break;
      case Work::Kind::kForgetMember:
        OnForgetDue(work->member_id);
        break;
      case Work::Kind::kFormer:
        OnFormerDue(work->member_id, work->id);
        break;
      case Work::Kind::kUnheard:
        OnUnheardDue(work->member_id);
        break;
      case Work::Kind::kRoute:
        OnRouteDue(work->member_id, work->to);
        break;
      case Work::Kind::kAnnounce:
        Announce();
        break;
      case Work::Kind::kTokenExpired:
        Close(work->id, protocol::kCloseTokenExpired, "the token expired");
        break;
    }
  }
  links_.Tick(now_);
  presence_.Tick(now_);
  if (expiry_.Due(now_)) ClaimDue();
}

TimePoint Relay::Impl::NextDeadline() const {
  return std::min(
      {deadlines_.Next(), links_.NextDeadline(), presence_.NextDeadline(), expiry_.NextDeadline()});
}

void Relay::Impl::ClaimDue() {
  expiry_.Asking();
  store_.ClaimDue(now_, expiry_.batch(), Guarded([this](StoreResult<DueReport> report) {
                    expiry_.Answered(report, now_);
                    if (!report) {
                      ++counters_.store_errors;
                      return;
                    }
                    counters_.sessions_expired += report->expired_sessions;
                    counters_.sessions_ended += report->ended_sessions;
                    counters_.members_departed += report->departed_members;
                    if (expiry_.Due(now_)) ClaimDue();
                  }));
}

void Relay::Impl::Drain(std::chrono::milliseconds retry_after, std::string_view url) {
  draining_ = true;
  drain_retry_ =
      std::max(std::chrono::ceil<std::chrono::seconds>(retry_after), std::chrono::seconds(1));
  SessionEvent& event = draining_event_;
  event.type = protocol::kServerDraining;
  const std::string where = url.empty() ? PeerUrl() : std::string(url);
  event.data = protocol::ToData(protocol::ServerDraining{retry_after, where});
  protocol::Envelope envelope;
  envelope.type = event.type;
  envelope.data = event.data;
  draining_text_ = protocol::ToJson(envelope);
  for (auto& [id, socket] : sockets_) {
    const bool unwelcome = socket.state == SocketState::kJoining && !socket.user;
    if (!unwelcome) output_.SendText(id, draining_text_);  // Welcome() tells the others
  }
  for (auto& [id, waiter] : streams_) {
    if (!waiter.opening) output_.SendEvent(id, event);  // OnStreamOpened() tells the others
  }
  std::vector<PollId> polls;
  for (const auto& [id, poll] : polls_) polls.push_back(id);
  for (const PollId id : polls) CompletePoll(id, protocol::PollResponse{{event}});
  if (options_.lease.count() > 0) Announce();
}

void Relay::Impl::EndTurn() {
  links_.EndTurn();
  // Only now is the time that of the answers.
  for (const TimePoint began : across_) output_.OnSignalAcross(now_ - began);
  across_.clear();
}

const RelayCounters& Relay::Impl::counters() {
  counters_.sockets = sockets_.size();
  counters_.streams = streams_.size();
  counters_.polls = polls_.size();
  counters_.guarded_addresses = codes_.addresses();
  counters_.late_answers = wrong_codes_.size();
  counters_.nodes = nodes_.size();
  counters_.texts_in_flight = in_flight_.size();
  counters_.unsettled_signals = links_.unsettled();
  counters_.held_texts = 0;
  for (const auto& [id, socket] : sockets_) counters_.held_texts += socket.held.size();
  counters_.users = users_open_;
  counters_.room_subscriptions = subscriptions_;
  return counters_;
}

void Relay::Impl::DropSessionIfEmpty(const std::string& session_id) {
  const auto found = sessions_.find(session_id);
  if (found == sessions_.end()) return;
  const LocalSession& session = found->second;
  const bool waited_for = session.stream != 0 || session.poll != 0 || session.opening;
  if (!waited_for && session.members.empty()) sessions_.erase(found);
}

Relay::Relay(RelayOptions options, Backend backend, RandomSource& random, RelayOutput& output,
             UserTokens* users)
    : impl_(std::make_unique<Impl>(std::move(options), backend, random, output, users)) {}
Relay::~Relay() = default;

void Relay::Register(const protocol::RegisterRequest& request, std::string_view client_ip,
                     TimePoint now, Reply<protocol::RegisterResponse> reply) {
  impl_->SetNow(now);
  impl_->Register(request, client_ip, std::move(reply));
}
void Relay::Pair(const protocol::PairRequest& request, std::string_view client_ip, TimePoint now,
                 Reply<protocol::PairResponse> reply) {
  impl_->SetNow(now);
  impl_->Pair(request, client_ip, std::move(reply));
}
void Relay::EndSession(std::string_view session_id, std::string_view token, TimePoint now,
                       Reply<void> reply) {
  impl_->SetNow(now);
  impl_->EndSession(session_id, token, std::move(reply));
}
void Relay::Heartbeat(std::string_view display_id, std::string_view token, TimePoint now,
                      Reply<void> reply) {
  impl_->SetNow(now);
  impl_->Heartbeat(display_id, token, std::move(reply));
}
void Relay::OpenEventStream(std::string_view session_id, std::string_view token,
                            std::string_view last_event_id, StreamId stream, TimePoint now,
                            Reply<void> reply) {
  impl_->SetNow(now);
  impl_->OpenEventStream(session_id, token, last_event_id, stream, std::move(reply));
}
void Relay::CloseEventStream(StreamId stream) { impl_->CloseEventStream(stream); }
void Relay::Poll(std::string_view session_id, std::string_view token, std::string_view after,
                 std::chrono::milliseconds timeout, PollId poll, TimePoint now,
                 Reply<protocol::PollResponse> reply) {
  impl_->SetNow(now);
  impl_->Poll(session_id, token, after, timeout, poll, std::move(reply));
}
void Relay::CancelPoll(PollId poll) { impl_->CancelPoll(poll); }
void Relay::AuthorizeSocket(std::string_view token, TimePoint now, Reply<Admitted> reply) {
  impl_->SetNow(now);
  impl_->AuthorizeSocket(token, std::move(reply));
}
void Relay::SocketOpened(ConnectionId connection, const Member& member, TimePoint now,
                         TimePoint until) {
  impl_->SetNow(now);
  impl_->SocketOpened(connection, member, until);
}
void Relay::SocketText(ConnectionId connection, std::string_view text, TimePoint now) {
  impl_->SetNow(now);
  impl_->SocketText(connection, text);
}
void Relay::SocketClosed(ConnectionId connection, TimePoint now) {
  impl_->SetNow(now);
  impl_->SocketClosed(connection);
}
void Relay::Tick(TimePoint now) {
  impl_->SetNow(now);
  impl_->Tick();
}
void Relay::EndTurn(TimePoint now) {
  impl_->SetNow(now);
  impl_->EndTurn();
}
TimePoint Relay::NextDeadline() const { return impl_->NextDeadline(); }
void Relay::Drain(std::chrono::milliseconds retry_after, std::string_view url, TimePoint now) {
  impl_->SetNow(now);
  impl_->Drain(retry_after, url);
}
bool Relay::draining() const { return impl_->draining(); }
std::vector<NodeInfo> Relay::Nodes() const { return impl_->Nodes(); }
const RelayCounters& Relay::counters() const { return impl_->counters(); }

}  // namespace pairwire::relay

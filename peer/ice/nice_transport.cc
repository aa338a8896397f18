// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/nice_transport.h"

#include <utility>

#include "peer/base/check.h"
#include "peer/base/log.h"
#include "peer/ice/agent.h"
#include "peer/ice/candidate.h"
#include "peer/ice/local_addresses.h"

namespace pairwire::ice {
namespace {

using std::chrono::milliseconds;

// RFC 8839 section 5.4.
constexpr std::size_t kMinUfrag = 4;
constexpr std::size_t kMinPassword = 22;
constexpr std::size_t kMaxCredential = 256;

// Once a pair works, libnice's check timer (each Ta: 200 wake-ups a second) has nothing left to do.
constexpr milliseconds kReadyIdleTimeout{50};

bool IsCredential(std::string_view text, std::size_t min_size) {
  return text.size() >= min_size && text.size() <= kMaxCredential && IsIceChars(text);
}

// RFC 7983 section 7: DTLS 20..63, RTP and RTCP 128..191. Everything else on this path is STUN or
// TURN, which libnice takes for itself when it is well-formed, or noise.
bool IsForOwner(ByteSpan packet) {
  if (packet.empty()) return false;
  const std::uint8_t first = packet[0];
  return (first >= 20 && first <= 63) || (first >= 128 && first <= 191);
}

}  // namespace

class NiceTransport::Sink final : public AgentSink {
 public:
  explicit Sink(NiceTransport& transport) : transport_(transport) {}

  void OnAgentCandidate(std::string line) override { transport_.OnCandidate(line); }
  void OnAgentGatheringDone() override { transport_.Queue(GatheringDoneEvent{}); }
  void OnAgentState(AgentState state) override { transport_.OnAgentState(state); }
  void OnAgentSelectedPair(std::string local, std::string remote, bool relayed) override {
    transport_.OnSelectedPair(local, remote, relayed);
  }
  void OnAgentPacket(ByteSpan packet) override { transport_.OnPacket(packet); }
  void OnAgentIdle() override { transport_.Deliver(); }

 private:
  NiceTransport& transport_;
};

NiceTransport::NiceTransport(IceRuntime& runtime, NiceTransportOptions options, Credentials local,
                             Events& events)
    : runtime_(runtime),
      options_(std::move(options)),
      events_(events),
      id_(runtime.NextId()),
      local_credentials_(std::move(local)),
      sink_(std::make_unique<Sink>(*this)),
      patience_timer_(runtime.loop(), [this] {
        patience_over_ = true;
        FailIfOver("no pair worked in time");
      }) {}

NiceTransport::~NiceTransport() {
  if (agent_ == nullptr) return;
  // libnice's dispatch may be below us on the stack: only let go here, close later.
  agent_->Detach();
  runtime_.Bury(std::move(agent_));
}

Result<void> NiceTransport::CheckOptions() const {
  const auto begin = options_.port_range_begin;
  const auto end = options_.port_range_end;
  if ((begin == 0) != (end == 0) || begin > end) {
    return Fail(Errc::kInvalidArgument, "port range: both ends or none, begin <= end");
  }
  if (options_.pacing < milliseconds(1) || options_.pacing > milliseconds(1000)) {
    return Fail(Errc::kInvalidArgument, "ICE pacing outside 1..1000 ms");
  }
  return {};
}

Result<void> NiceTransport::Gather() {
  PAIRWIRE_CHECK(runtime_.loop().IsCurrent());
  if (std::exchange(gather_called_, true)) {
    return Fail(Errc::kInvalidState, "candidates were gathered before");
  }
  if (auto valid = CheckOptions(); !valid) return valid;
  auto addresses = LocalAddresses(options_.bind_addresses);
  if (!addresses) return tl::unexpected(addresses.error());

  AgentOptions agent_options;
  agent_options.port_range_begin = options_.port_range_begin;
  agent_options.port_range_end = options_.port_range_end;
  agent_options.ice_tcp = options_.ice_tcp;
  agent_options.pacing = options_.pacing;
  agent_options.stun_transmissions = options_.stun_transmissions;
  agent_options.idle_timeout = options_.connecting_idle_timeout;
  auto agent = Agent::Create(runtime_.loop(), agent_options, sink_.get());
  if (!agent) return tl::unexpected(agent.error());
  agent_ = std::move(*agent);
  agent_->SetLocalCredentials(local_credentials_);
  agent_->SetControlling(role_ == Role::kControlling);

  // The candidates come back before this call returns.
  if (auto gathering = agent_->Gather(*addresses); !gathering) {
    agent_->Detach();
    runtime_.Bury(std::move(agent_));
    queue_.clear();
    return gathering;
  }
  StartChecks();
  return {};
}

void NiceTransport::SetRole(Role role) {
  PAIRWIRE_CHECK(runtime_.loop().IsCurrent());
  if (agent_ != nullptr && role != role_)
    Note("the role came after Gather; left to conflict repair");
  role_ = role;
}

Result<void> NiceTransport::SetRemoteCredentials(const Credentials& credentials) {
  PAIRWIRE_CHECK(runtime_.loop().IsCurrent());
  if (!IsCredential(credentials.ufrag, kMinUfrag) ||
      !IsCredential(credentials.password, kMinPassword)) {
    return Fail(Errc::kInvalidArgument, "ICE credentials: wrong size or characters");
  }
  if (remote_credentials_) {
    if (*remote_credentials_ == credentials) return {};
    return Fail(Errc::kInvalidState,
                "ICE credentials were given before; a restart is not supported");
  }
  remote_credentials_ = credentials;
  StartChecks();
  return {};
}

Result<void> NiceTransport::AddRemoteCandidate(std::string_view line) {
  PAIRWIRE_CHECK(runtime_.loop().IsCurrent());
  if (remote_candidates_ >= kMaxRemoteCandidates) {
    return Fail(Errc::kLimitExceeded, "more than 64 remote candidates");
  }
  const auto candidate = ParseCandidate(line);
  if (!candidate) return tl::unexpected(candidate.error());
  ++remote_candidates_;
  const Usability usability = Judge(*candidate);
  if (usability != Usability::kUsable) {
    ++counters_.candidates_ignored;
    Note(std::string("remote candidate ignored: ").append(ToString(usability)));
    return {};
  }
  pending_candidates_.push_back(ToLibniceLine(*candidate));
  if (checks_started_) UsePendingCandidates();
  return {};
}

void NiceTransport::SetRemoteCandidatesDone() {
  PAIRWIRE_CHECK(runtime_.loop().IsCurrent());
  if (std::exchange(remote_done_, true)) return;
  StartPatience();
}

bool NiceTransport::Send(ByteSpan packet) {
  PAIRWIRE_CHECK(runtime_.loop().IsCurrent());
  const bool usable = agent_ != nullptr && !packet.empty();
  switch (usable ? agent_->Send(packet) : Agent::SendStatus::kWouldBlock) {
    case Agent::SendStatus::kSent:
      ++counters_.packets_sent;
      return true;
    case Agent::SendStatus::kWouldBlock:
      ++counters_.send_would_block;
      return false;
    case Agent::SendStatus::kError:
      ++counters_.send_errors;
      return false;
  }
  return false;
}

Stats NiceTransport::stats() const {
  Stats stats;
  stats.packets_sent = counters_.packets_sent;
  stats.packets_received = counters_.packets_received;
  return stats;
}

std::string NiceTransport::failure_reason() const { return {}; }

std::uint64_t NiceTransport::context_iterations() const {
  return agent_ == nullptr ? 0 : agent_->context().iterations();
}

// libnice wants this order: gather, credentials, candidates. Ours is free, so the latter two wait
// here.
void NiceTransport::StartChecks() {
  if (checks_started_ || agent_ == nullptr || !remote_credentials_) return;
  checks_started_ = true;
  agent_->SetRemoteCredentials(*remote_credentials_);
  UsePendingCandidates();
  StartPatience();
}

void NiceTransport::UsePendingCandidates() {
  bool any = false;
  for (const std::string& line : std::exchange(pending_candidates_, {})) {
    if (agent_->AddRemoteCandidate(line)) {
      any = true;
    } else {
      // TCP while it is switched off.
      ++counters_.candidates_ignored;
      Note("remote candidate refused by libnice");
    }
  }
  if (any && state_ == State::kNew) SetState(State::kChecking, "first remote candidate");
}

void NiceTransport::StartPatience() {
  if (!checks_started_ || !remote_done_) return;
  if (state_ == State::kNew) SetState(State::kChecking, "end of candidates");
  if (!patience_over_ && !patience_timer_.active()) patience_timer_.Start(options_.patience);
}

void NiceTransport::FailIfOver(const char* reason) {
  if (state_ != State::kNew && state_ != State::kChecking) return;
  if (remote_done_ && patience_over_ && !agent_connecting_) SetState(State::kFailed, reason);
}

void NiceTransport::OnAgentState(AgentState state) {
  agent_connecting_ = state == AgentState::kConnecting;
  const bool connected = state_ == State::kConnected || state_ == State::kCompleted;
  switch (state) {
    case AgentState::kDisconnected:
    case AgentState::kGathering:
      return;
    case AgentState::kConnecting:
      if (state_ == State::kFailed) agent_->SetIdleTimeout(options_.connecting_idle_timeout);
      if (!connected && state_ != State::kChecking) SetState(State::kChecking, "checks run");
      return;
    case AgentState::kConnected:
      if (!connected) SetState(State::kConnected, "a pair works");
      return;
    case AgentState::kReady:
      patience_timer_.Stop();
      agent_->SetIdleTimeout(kReadyIdleTimeout);
      if (state_ != State::kCompleted) SetState(State::kCompleted, "a pair is nominated");
      return;
    case AgentState::kFailed:
      if (connected) {
        SetState(State::kFailed, "the selected pair died");
      } else {
        FailIfOver("no pair works");
      }
      return;
  }
}

void NiceTransport::OnCandidate(std::string_view line) {
  // Through our own parser: what we send is then what we would take.
  const auto candidate = ParseCandidate(line);
  if (!candidate) return Note("libnice wrote a candidate that is none");
  Queue(CandidateEvent{ToString(*candidate)});
}

void NiceTransport::OnSelectedPair(std::string_view local, std::string_view remote, bool relayed) {
  const auto local_candidate = ParseCandidate(local);
  const auto remote_candidate = ParseCandidate(remote);
  CandidatePair pair;
  if (local_candidate) pair.local = ToString(*local_candidate);
  if (remote_candidate) pair.remote = ToString(*remote_candidate);
  pair.relayed = relayed;
  Queue(std::move(pair));
}

void NiceTransport::OnPacket(ByteSpan packet) {
  if (!IsForOwner(packet)) {
    ++counters_.packets_dropped;
    return;
  }
  // The owner learns that a pair works before it sees what came over it.
  const auto alive = safety_.Watch();
  Deliver();
  if (!*alive) return;
  ++counters_.packets_received;
  events_.OnIcePacket(packet);
}

void NiceTransport::SetState(State state, const char* reason) {
  if (LogWanted(LogLevel::kDebug)) Note(std::string("-> ").append(ToString(state)) + ": " + reason);
  state_ = state;
  Queue(state);
}

void NiceTransport::Queue(Event event) {
  queue_.push_back(std::move(event));
  if (std::exchange(delivery_posted_, true)) return;
  runtime_.loop().Post(safety_.Wrap([this] {
    delivery_posted_ = false;
    Deliver();
  }));
}

void NiceTransport::Deliver() {
  const auto alive = safety_.Watch();
  while (*alive && !queue_.empty()) {
    const Event event = std::move(queue_.front());
    queue_.pop_front();
    if (const auto* candidate = std::get_if<CandidateEvent>(&event)) {
      events_.OnIceCandidate(candidate->line);
    } else if (const auto* state = std::get_if<State>(&event)) {
      events_.OnIceState(*state);
    } else if (const auto* pair = std::get_if<CandidatePair>(&event)) {
      events_.OnIceSelectedPair(*pair);
    } else {
      events_.OnIceGatheringDone();
    }
  }
}

void NiceTransport::Note(std::string_view text) const {
  if (!LogWanted(LogLevel::kDebug)) return;
  Log(LogLevel::kDebug, "ice" + std::to_string(id_) + "[" + std::string(ToString(state_)) +
                            "]: " + std::string(text));
}

}  // namespace pairwire::ice

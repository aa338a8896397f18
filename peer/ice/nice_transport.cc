// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/nice_transport.h"

#include <utility>

#include "peer/base/check.h"
#include "peer/base/log.h"
#include "peer/ice/agent.h"
#include "peer/ice/candidate.h"
#include "peer/ice/consent.h"
#include "peer/udp/port_split.h"

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

}  // namespace

class NiceTransport::Sink final : public AgentSink {
 public:
  explicit Sink(NiceTransport& transport) : transport_(transport) {}

  void OnAgentCandidate(std::string line, std::string stun_server) override {
    transport_.OnCandidate(line, stun_server);
  }
  void OnAgentGatheringDone() override { transport_.OnAgentGatheringDone(); }
  void OnAgentState(AgentState state) override { transport_.OnAgentState(state); }
  void OnAgentSelectedPair(std::string local, std::string remote, bool relayed) override {
    transport_.OnSelectedPair(local, remote, relayed);
  }
  void OnAgentPacket(ByteSpan packet) override {
    // Everything else on this path is STUN or TURN, which libnice takes for itself when it is
    // well-formed, or noise.
    if (packet.empty() || !udp::IsForTwin(packet[0])) {
      ++transport_.counters_.packets_dropped;
    } else {
      transport_.OnPackets({&packet, 1});
    }
  }
  bool OnAgentStun(ByteSpan bytes, const udp::SocketAddress& from) override {
    return transport_.OnStun(bytes, from);
  }
  bool OnAgentDatagram(ByteSpan bytes, const udp::SocketAddress& from) override {
    return transport_.TakeStun(bytes, from);
  }
  void OnAgentIdle() override { transport_.Deliver(); }

 private:
  NiceTransport& transport_;
};

class NiceTransport::ConsentSink final : public Consent::Sink {
 public:
  explicit ConsentSink(NiceTransport& transport) : transport_(transport) {}

  void SendConsentRequest(ByteSpan request) override { transport_.SendStun(request); }
  void OnConsentAwaiting(bool awaiting) override {
    transport_.consent_awaits_ = awaiting;
    transport_.WatchStun();
  }
  void OnConsentDisconnected() override {
    transport_.SetState(State::kDisconnected, "nothing received");
  }
  void OnConsentRecovered() override {
    if (transport_.state_ == State::kDisconnected) {
      transport_.SetState(transport_.path_state_, "the other end is back");
    }
  }
  void OnConsentExpired() override {
    const auto silence =
        std::chrono::duration_cast<std::chrono::seconds>(transport_.consent_->since_answer());
    transport_.FailConnected("the other end stopped answering " + std::to_string(silence.count()) +
                             " s ago");
  }

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
      servers_(
          options_.stun, options_.turn_servers,
          [this](ServerError error) { Queue(std::move(error)); }, [this] { CheckGathered(); }),
      consent_sink_(std::make_unique<ConsentSink>(*this)),
      gather_timer_(runtime.loop(), [this] { EndGathering(); }),
      ask_timer_(runtime.loop(), [this] { AskServers(); }),
      settle_timer_(runtime.loop(), [this] { EndGathering(); }),
      checks_timer_(runtime.loop(), [this] { WatchStun(); }),
      patience_timer_(runtime.loop(), [this] {
        patience_over_ = true;
        FailIfOver("no pair worked in time");
      }) {}

NiceTransport::~NiceTransport() {
  if (agent_ == nullptr) return;
  consent_.reset();
  servers_.Clear();
  fast_path_.reset();
  // libnice's dispatch may be below us on the stack: only let go here, close later.
  agent_->Detach();
  runtime_.Bury(std::move(agent_));
}

Result<void> NiceTransport::OpenAgent(const AgentOptions& options) {
  auto agent = Agent::Create(runtime_.loop(), options, sink_.get());
  if (!agent) return tl::unexpected(agent.error());
  agent_ = std::move(*agent);
  if (options.share_ports) {
    fast_path_ =
        std::make_unique<FastPath>(runtime_.loop(), runtime_.udp_buffers(),
                                   static_cast<FastPathSink&>(*this), options_.fast_path_options);
  }
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
  if (usability == Usability::kMdnsName && options_.resolver != nullptr &&
      name_lookups_ < kMaxNameLookups) {
    ResolveName(*candidate);
  } else {
    UseRemoteCandidate(*candidate);
  }
  return {};
}

void NiceTransport::UseRemoteCandidate(const Candidate& candidate) {
  const Usability usability = Judge(candidate);
  if (usability != Usability::kUsable) {
    ++counters_.candidates_ignored;
    return Note(std::string("remote candidate ignored: ").append(ToString(usability)));
  }
  pending_candidates_.push_back(ToLibniceLine(candidate));
  if (checks_started_) UsePendingCandidates();
}

void NiceTransport::ResolveName(Candidate candidate) {
  ++name_lookups_;
  const std::string name = candidate.address;
  options_.resolver->Resolve(
      name, [this, alive = safety_.Watch(),
             candidate = std::move(candidate)](const std::optional<std::string>& address) mutable {
        if (!*alive || !address) return;
        // Whoever answers on the local network is no more trusted than the candidate itself.
        candidate.address = *address;
        UseRemoteCandidate(candidate);
      });
}

void NiceTransport::SetRemoteCandidatesDone() {
  PAIRWIRE_CHECK(runtime_.loop().IsCurrent());
  if (std::exchange(remote_done_, true)) return;
  StartPatience();
}

bool NiceTransport::Send(ByteSpan packet) {
  PAIRWIRE_CHECK(runtime_.loop().IsCurrent());
  const bool usable = agent_ != nullptr && !packet.empty() && !stopped_;
  if (usable && fast_path_ != nullptr && fast_path_->active() && udp::IsForTwin(packet[0])) {
    return fast_path_->Send(packet);  // counts for itself
  }
  switch (usable ? agent_->Send(packet) : Agent::SendStatus::kWouldBlock) {
    case Agent::SendStatus::kSent:
      ++counters_.packets_sent;
      counters_.bytes_sent += packet.size();
      return true;
    case Agent::SendStatus::kWouldBlock:
      ++counters_.send_would_block;
      return false;
    case Agent::SendStatus::kError:
      ++counters_.send_errors;
      if (consent_ != nullptr) consent_->Hint();
      return false;
  }
  return false;
}

Stats NiceTransport::stats() const {
  const Counters all = counters();
  Stats stats;
  stats.packets_sent = all.packets_sent;
  stats.packets_received = all.packets_received;
  stats.bytes_sent = all.bytes_sent;
  stats.bytes_received = all.bytes_received;
  stats.local_candidates = local_lines_;
  if (agent_ != nullptr) {
    for (const std::string& line : agent_->RemoteLines()) {
      if (const auto candidate = ParseCandidate(line)) {
        stats.remote_candidates.push_back(ToString(*candidate));
      }
    }
  }
  stats.selected = selected_;
  stats.selected_pair_changes = counters_.pair_changes;
  if (consent_ != nullptr) {
    stats.consent_requests_sent = consent_->requests_sent();
    stats.responses_received = consent_->responses_received();
    stats.current_round_trip_time = consent_->round_trip_time();
    stats.total_round_trip_time = consent_->total_round_trip_time();
  }
  return stats;
}

std::string NiceTransport::failure_reason() const {
  return state_ == State::kFailed ? failure_reason_ : std::string();
}

std::uint64_t NiceTransport::context_iterations() const {
  return agent_ == nullptr ? 0 : agent_->context().iterations();
}

bool NiceTransport::context_has_timer() const {
  return agent_ != nullptr && agent_->context().has_timer();
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
  if (!pending_candidates_.empty()) ExpectChecks();
  for (const std::string& line : std::exchange(pending_candidates_, {})) {
    if (agent_->AddRemoteCandidate(line)) {
      any = true;
      ++remote_used_;
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
  if (!remote_done_ || !patience_over_ || agent_connecting_ || !gathering_done_) return;
  failure_reason_ = ReasonForNoPair();
  SetState(State::kFailed, reason);
}

std::string NiceTransport::ReasonForNoPair() const {
  const std::string trouble = servers_.Trouble();
  const std::string because = trouble.empty() ? std::string() : " (" + trouble + ")";
  if (local_lines_.empty() && options_.relay_only) {
    return "only relayed candidates may be used and no TURN server gave one" + because;
  }
  if (local_lines_.empty()) return "this machine has no address that the other end could use";
  if (remote_candidates_ == 0) return "the other end sent no candidate" + because;
  if (remote_used_ == 0) return "the other end sent no candidate that can be used here" + because;
  return "no pair of candidates works" + because;
}

void NiceTransport::FailConnected(std::string reason) {
  stopped_ = true;
  failure_reason_ = std::move(reason);
  if (consent_ != nullptr) consent_->Stop();
  SetState(State::kFailed, failure_reason_.c_str());
}

void NiceTransport::StartConsent() {
  // Consent's requests keep the bindings of NATs (RFC 8445 section 11).
  if (!options_.lite) agent_->SilenceKeepalives();
  if (consent_ == nullptr) {
    ConsentOptions options;
    options.consent_timeout = options_.consent_timeout;
    options.disconnected_timeout = options_.disconnected_timeout;
    options.passive = options_.lite;
    consent_ = std::make_unique<Consent>(runtime_.loop(), runtime_.random(), options,
                                         local_credentials_, *remote_credentials_,
                                         role_ == Role::kControlling, *consent_sink_);
  }
  consent_->Start();
}

void NiceTransport::OnAgentState(AgentState state) {
  agent_connecting_ = state == AgentState::kConnecting;
  if (stopped_) return;
  const bool disconnected = state_ == State::kDisconnected;
  const bool connected = state_ == State::kConnected || state_ == State::kCompleted || disconnected;
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
      path_state_ = State::kCompleted;
      if (state_ != State::kCompleted && !disconnected) {
        SetState(State::kCompleted, "a pair is nominated");
      }
      StartConsent();
      return;
    case AgentState::kFailed:
      if (connected) {
        FailConnected("the selected path was closed");
      } else {
        FailIfOver("no pair works");
      }
      return;
  }
}

void NiceTransport::OnSelectedPair(std::string_view local, std::string_view remote, bool relayed) {
  const auto local_candidate = ParseCandidate(local);
  const auto remote_candidate = ParseCandidate(remote);
  CandidatePair pair;
  if (local_candidate) pair.local = ToString(*local_candidate);
  if (remote_candidate) pair.remote = ToString(*remote_candidate);
  pair.relayed = relayed;
  ++counters_.pair_changes;
  selected_ = pair;
  if (fast_path_ != nullptr) {
    fast_path_->Select(agent_->direct_path());
    agent_->TakeStun();
    ExpectChecks();
  }
  // The check that nominated it was an answer; the first pair's consent starts when libnice is
  // ready.
  if (consent_ != nullptr) consent_->Start();
  Queue(std::move(pair));
}

void NiceTransport::OnPackets(std::span<const ByteSpan> packets) {
  if (stopped_) return;  // the owner knows it as failed
  if (consent_ != nullptr) consent_->OnPacket();
  // The owner learns that a pair works before it sees what came over it.
  const auto alive = safety_.Watch();
  Deliver();
  if (!*alive) return;
  counters_.packets_received += packets.size();
  for (const ByteSpan packet : packets) counters_.bytes_received += packet.size();
  events_.OnIcePackets(packets);
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
    } else if (const auto* error = std::get_if<ServerError>(&event)) {
      events_.OnIceServerError(*error);
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

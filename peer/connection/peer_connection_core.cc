// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/connection/peer_connection_core.h"

#include <utility>
#include <vector>

#include "peer/base/log.h"
#include "peer/connection/connection_state.h"
#include "peer/connection/diagnosis.h"
#include "peer/connection/sctp_setup.h"
#include "peer/ice/candidate.h"

namespace pairwire {
namespace {

// More servers than these are not configured (8 TURN and one STUN).
constexpr std::size_t kMaxServerErrors = 16;

// The fingerprints that we can judge; the others are for newer stacks than this one (RFC 8122
// section 5).
Result<std::vector<dtls::Fingerprint>> UsableFingerprints(
    const std::vector<sdp::Fingerprint>& fingerprints) {
  std::vector<dtls::Fingerprint> usable;
  for (const auto& text : fingerprints) {
    auto fingerprint = dtls::ParseFingerprint(text.algorithm, text.value);
    if (fingerprint) {
      usable.push_back(std::move(*fingerprint));
    } else if (fingerprint.error().code != Errc::kUnsupported) {
      return tl::unexpected(fingerprint.error());
    }
  }
  return usable;
}

// Negotiation judges everything but the fingerprints' values. They are looked at before it sees the
// description, so that a bad one changes nothing.
Result<void> CheckFingerprints(const SessionDescription& description) {
  if (description.type == SdpType::kRollback) return {};
  const auto parsed = sdp::Parse(description.sdp);
  if (!parsed) return tl::unexpected(parsed.error());
  for (const auto& section : parsed->media) {
    if (auto usable = UsableFingerprints(section.fingerprints); !usable) {
      return tl::unexpected(usable.error());
    }
  }
  return {};
}

void Answer(const PeerConnection::DoneCallback& done, Result<void> result) {
  if (done) done(std::move(result));
}

}  // namespace

PeerConnectionCore::PeerConnectionCore(NetworkCore& network, PeerConfiguration configuration,
                                       PeerConnectionEvents events, dtls::Certificate certificate,
                                       std::shared_ptr<PeerShared> shared)
    : network_(network),
      configuration_(std::move(configuration)),
      events_(std::move(events)),
      certificate_(std::move(certificate)),
      shared_(std::move(shared)),
      ice_setup_(network, configuration_),
      connect_timer_(network.loop(),
                     [this] {
                       End(PeerConnectionState::kFailed,
                           Error{Errc::kTimedOut, "no connection within the connect timeout"});
                     }),
      writable_(network.loop()) {
  stack_ = std::make_unique<TransportStack>(
      network_.loop(), configuration_, certificate_,
      [this](ice::Credentials local, ice::Events& transport_events) {
        return ice_setup_.Make(std::move(local), transport_events);
      },
      UsrsctpFactory(network_, configuration_), static_cast<TransportStackEvents&>(*this));
  const std::string fingerprint = ToString(certificate_.fingerprint());
  const auto blank = fingerprint.find(' ');
  LocalParameters local;
  // RFC 8866 section 5.2 asks for a number; below 2^63, as RFC 8829 section 5.2.1 does.
  local.session_id = std::to_string(network_.random().NextUint64() >> 1);
  local.ice_lite = configuration_.ice_lite;
  local.fingerprint = {fingerprint.substr(0, blank), fingerprint.substr(blank + 1)};
  local.max_message_size = configuration_.max_message_size;
  local.sctp_burst = LocalBurst(configuration_);
  negotiation_.emplace(std::move(local), [this] {
    auto made = ice::MakeCredentials(network_.random());
    return IceParameters{std::move(made.ufrag), std::move(made.password)};
  });
}

PeerConnectionCore::~PeerConnectionCore() = default;

void PeerConnectionCore::CreateOffer(const OfferOptions& options,
                                     const PeerConnection::DescriptionCallback& done) {
  auto offer = negotiation_->CreateOffer(options);
  if (!detached_ && done) done(std::move(offer));
}

void PeerConnectionCore::CreateAnswer(const PeerConnection::DescriptionCallback& done) {
  auto answer = negotiation_->CreateAnswer();
  if (!detached_ && done) done(std::move(answer));
}

void PeerConnectionCore::SetLocalImplicit(const PeerConnection::DescriptionCallback& done) {
  auto description = negotiation_->CreateImplicit();
  if (description) {
    if (auto applied = ApplyLocal(*description); !applied) {
      description = tl::unexpected(applied.error());
    }
  }
  if (!detached_ && done) done(std::move(description));
}

void PeerConnectionCore::SetLocal(const SessionDescription& description,
                                  const PeerConnection::DoneCallback& done) {
  auto result = ApplyLocal(description);
  if (!detached_) Answer(done, std::move(result));
}

Result<void> PeerConnectionCore::ApplyLocal(const SessionDescription& description) {
  auto applied = negotiation_->SetLocal(description);
  if (!applied) return tl::unexpected(applied.error());
  auto carried = Carry(*applied);
  AfterNegotiation();
  return carried;
}

void PeerConnectionCore::SetRemote(const SessionDescription& description,
                                   const PeerConnection::DoneCallback& done) {
  auto result = [&]() -> Result<void> {
    if (phase_ != Phase::kOpen) return Fail(Errc::kClosed, "the connection is closed");
    if (auto checked = CheckFingerprints(description); !checked) return checked;
    auto applied = negotiation_->SetRemote(description);
    if (!applied) return tl::unexpected(applied.error());
    auto carried = Carry(*applied);
    AfterNegotiation();
    return carried;
  }();
  if (!detached_) Answer(done, std::move(result));
}

Result<void> PeerConnectionCore::Carry(const Applied& applied) {
  if (applied.drop_gathering) {
    stack_->paths().DropSuccessor();
    latest_generation_ = generation_in_force_;
  }
  // Before gathering: libnice takes no role later.
  if (applied.ice_controlling) SetIceRole(*applied.ice_controlling);
  if (applied.gather) {
    if (auto gathering = StartGathering(*applied.gather); !gathering) return gathering;
  }
  if (applied.dtls_client) {
    stack_->SetDtlsRole(*applied.dtls_client ? dtls::Role::kClient : dtls::Role::kServer);
  }
  if (applied.max_message_size) shared_->budget->max_message_size = *applied.max_message_size;
  if (applied.remote) {
    generation_in_force_ = latest_generation_;
    remote_ufrag_ = applied.remote->ice_ufrag;
    if (auto started = StartRemote(*applied.remote, applied.remote_is_restart); !started) {
      End(PeerConnectionState::kFailed, started.error());
      return started;
    }
  }
  for (const auto& candidate : applied.remote_candidates) {
    // A candidate that is of no use costs a pair, not the connection.
    static_cast<void>(stack_->paths().AddRemoteCandidate(generation_in_force_, candidate));
  }
  if (applied.remote_candidates_done) stack_->paths().SetRemoteCandidatesDone(generation_in_force_);
  if (applied.rejected) {
    const Error error{Errc::kUnsupported, "the other end refused the data section"};
    End(PeerConnectionState::kFailed, error);
  }
  return {};
}

void PeerConnectionCore::SetIceRole(bool controlling) {
  ice_role_ = controlling ? ice::Role::kControlling : ice::Role::kControlled;
  stack_->paths().SetRole(*ice_role_);
}

Result<void> PeerConnectionCore::StartGathering(const LocalGeneration& generation) {
  // Whoever offers first controls, unless the other end turns out to be lite or to have offered as
  // well; ICE repairs that rare conflict.
  if (!ice_role_) SetIceRole(!configuration_.ice_lite);
  const bool first = latest_generation_ == 0;
  latest_generation_ = generation.number;
  local_ufrag_ = generation.ice.ufrag;
  auto gathering =
      stack_->paths().Start(generation.number, {generation.ice.ufrag, generation.ice.pwd});
  if (gathering) {
    SetGatheringState(IceGatheringState::kGathering);
  } else if (first) {
    End(PeerConnectionState::kFailed, gathering.error());
  }
  // Else the old path is as good or bad as it was, and the next restart may find an address.
  return gathering;
}

Result<void> PeerConnectionCore::StartRemote(const RemoteParameters& remote, bool is_restart) {
  auto set = stack_->paths().SetRemoteCredentials(generation_in_force_,
                                                  {remote.ice_ufrag, remote.ice_pwd});
  if (!set || is_restart) return set;
  auto fingerprints = UsableFingerprints(remote.fingerprints);
  if (!fingerprints) return tl::unexpected(fingerprints.error());
  shared_->budget->max_message_size = remote.max_message_size;
  connect_timer_.Start(configuration_.connect_timeout);
  stack_->SetRemote({.fingerprints = std::move(*fingerprints),
                     .max_message_size = remote.max_message_size,
                     .sctp_port = remote.sctp_port,
                     .sctp_burst = remote.sctp_burst});
  return {};
}

void PeerConnectionCore::AfterNegotiation() {
  UpdateDescriptions();
  if (phase_ != Phase::kOpen) return;
  SetSignalingState(negotiation_->state());
  // Each return to stable asks anew whether another exchange is due (W3C section 4.4.1.5).
  negotiation_needed_ = false;
  UpdateNegotiationNeeded();
}

void PeerConnectionCore::UpdateDescriptions() {
  auto current_local = negotiation_->current_local_description();
  auto pending_local = negotiation_->pending_local_description();
  auto current_remote = negotiation_->current_remote_description();
  auto pending_remote = negotiation_->pending_remote_description();
  const auto can_trickle = negotiation_->can_trickle_ice_candidates();
  const std::lock_guard lock(shared_->mutex);
  shared_->snapshot.current_local = std::move(current_local);
  shared_->snapshot.pending_local = std::move(pending_local);
  shared_->snapshot.current_remote = std::move(current_remote);
  shared_->snapshot.pending_remote = std::move(pending_remote);
  shared_->snapshot.can_trickle = can_trickle;
}

// W3C section 4.7.3: once until the need is met, in the stable state, after what runs now.
void PeerConnectionCore::UpdateNegotiationNeeded() {
  if (phase_ != Phase::kOpen || negotiation_->state() != SignalingState::kStable) return;
  const bool needed = negotiation_->negotiation_needed();
  if (std::exchange(negotiation_needed_, needed) == needed || !needed) return;
  if (std::exchange(negotiation_event_posted_, true)) return;
  network_.loop().Post(safety_.Wrap([this] {
    negotiation_event_posted_ = false;
    // Else the next return to stable looks again.
    if (phase_ != Phase::kOpen || !negotiation_needed_) return;
    if (negotiation_->state() != SignalingState::kStable) return;
    if (!detached_ && events_.on_negotiation_needed) events_.on_negotiation_needed();
  }));
}

void PeerConnectionCore::RestartIce() {
  if (phase_ != Phase::kOpen) return;
  negotiation_->RequestIceRestart();
  UpdateNegotiationNeeded();
}

void PeerConnectionCore::OnNetworkChange(
    const std::function<bool(const std::string&)>& has_address) {
  if (phase_ != Phase::kOpen || !configuration_.restart_on_network_change) return;
  const auto selected = stack_->paths().stats().selected;
  if (!selected) return;
  const auto local = ice::ParseCandidate(selected->local);
  // The address of the socket: a server-reflexive or relayed candidate names it as related.
  const bool lost = local && !has_address(local->related_address.value_or(local->address));
  const bool works = ice_state_ == ice::State::kConnected || ice_state_ == ice::State::kCompleted;
  if (lost || !works) RestartIce();
}

void PeerConnectionCore::AddIceCandidate(const IceCandidate& candidate,
                                         const PeerConnection::DoneCallback& done) {
  auto result = [&]() -> Result<void> {
    auto action = negotiation_->AddRemoteCandidate(candidate);
    if (!action) return tl::unexpected(action.error());
    Result<void> added;
    if (action->candidate && stack_) {
      added = stack_->paths().AddRemoteCandidate(generation_in_force_, *action->candidate);
    }
    if (action->done && stack_) stack_->paths().SetRemoteCandidatesDone(generation_in_force_);
    UpdateDescriptions();
    return added;
  }();
  if (!detached_) Answer(done, std::move(result));
}

void PeerConnectionCore::OnLocalCandidate(std::uint32_t generation, const std::string& candidate) {
  const auto dressed = negotiation_->AddLocalCandidate(generation, candidate);
  if (!dressed) return;
  UpdateDescriptions();
  if (!detached_ && events_.on_ice_candidate) events_.on_ice_candidate(*dressed);
}

void PeerConnectionCore::OnGatheringDone(std::uint32_t generation) {
  const auto end = negotiation_->AddLocalCandidate(generation, {});
  if (!end) return;
  UpdateDescriptions();
  if (!detached_ && events_.on_ice_candidate) events_.on_ice_candidate(*end);
  if (phase_ == Phase::kOpen) SetGatheringState(IceGatheringState::kComplete);
}

void PeerConnectionCore::OnIceServerError(const ice::ServerError& error) {
  const IceServerError shown{error.url, error.code, error.reason};
  if (server_errors_.size() < kMaxServerErrors) server_errors_.push_back(shown);
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->snapshot.diagnosis.servers = server_errors_;
  }
  if (!detached_ && events_.on_ice_candidate_error) events_.on_ice_candidate_error(shown);
}

void PeerConnectionCore::OnIceState(ice::State state) {
  ice_state_ = state;
  std::optional<Error> reason;
  if (state == ice::State::kFailed) {
    connect_timer_.Stop();
    const auto stats = stack_->paths().stats();
    // A path that worked did not need another.
    const std::string trouble = was_connected_ ? std::string() : ice_setup_.TunnelTrouble();
    Diagnosis diagnosis = DiagnoseIce({.was_connected = was_connected_,
                                       .local_candidates = stats.local_candidates.size(),
                                       .remote_candidates = stats.remote_candidates.size(),
                                       .servers = server_errors_,
                                       .ice_says = stack_->paths().failure_reason() +
                                                   (trouble.empty() ? "" : " (" + trouble + ")")});
    reason = Error{Errc::kIceFailed, diagnosis.text};
    SetDiagnosis(std::move(diagnosis));
  } else if (state == ice::State::kConnected || state == ice::State::kCompleted) {
    was_connected_ = true;
    SetDiagnosis({FailureCause::kNone, {}, server_errors_});
  }
  SetIceState(ToIceConnectionState(state));
  if (phase_ == Phase::kOpen) {
    SetConnectionState(FoldConnectionState(ice_state_, dtls_state_), reason);
  }
}

void PeerConnectionCore::OnDtlsState(dtls::State state) {
  dtls_state_ = state;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->snapshot.dtls = ToDtlsTransportState(state);
    if (state == dtls::State::kConnected) {
      shared_->snapshot.remote_certificates = stack_->dtls().remote_certificates();
    }
  }
  if (state == dtls::State::kConnected) connect_timer_.Stop();
  SetConnectionState(FoldConnectionState(ice_state_, dtls_state_), std::nullopt);
}

void PeerConnectionCore::OnSctpState(sctp::AssociationState state) {
  const std::lock_guard lock(shared_->mutex);
  shared_->snapshot.sctp = ToSctpTransportState(state);
}

void PeerConnectionCore::OnSctpStalled(sctp::StallCause cause) {
  const DataStallCause told = ToDataStallCause(cause);
  if (LogWanted(LogLevel::kInfo)) {
    Log(LogLevel::kInfo, "pc" + std::to_string(shared_->id) + " sctp: data stalled, cause " +
                             std::string(ToString(told)));
  }
  if (!detached_ && events_.on_data_stalled) events_.on_data_stalled(told);
}

void PeerConnectionCore::OnSctpResumed() {
  if (LogWanted(LogLevel::kInfo)) {
    Log(LogLevel::kInfo, "pc" + std::to_string(shared_->id) + " sctp: data resumed");
  }
  if (!detached_ && events_.on_data_resumed) events_.on_data_resumed();
}

void PeerConnectionCore::SetDiagnosis(Diagnosis diagnosis) {
  const std::lock_guard lock(shared_->mutex);
  shared_->snapshot.diagnosis = std::move(diagnosis);
}

void PeerConnectionCore::OnSelectedPair(const ice::CandidatePair& pair) {
  const std::lock_guard lock(shared_->mutex);
  shared_->snapshot.pair = SelectedCandidatePair{pair.local, pair.remote, pair.relayed};
}

void PeerConnectionCore::OnTransportEnded(const Error& error) {
  // A copy: ending destroys the transports, and with them whose error this may be.
  const Error reason = error;
  End(reason.code == Errc::kPeerLeft ? PeerConnectionState::kClosed : PeerConnectionState::kFailed,
      reason);
}

void PeerConnectionCore::Close() {
  if (phase_ != Phase::kOpen) return;
  phase_ = Phase::kClosing;
  connect_timer_.Stop();
  negotiation_->Close();
  for (const auto& [id, channel] : channels_) {
    DrainMailbox(*channel);
    channel->state.store(DataChannelState::kClosing, std::memory_order_release);
  }
  stack_->Close([this] { End(PeerConnectionState::kClosed, std::nullopt); });
}

void PeerConnectionCore::Detach() {
  detached_ = true;
  for (const auto& [id, channel] : channels_) channel->detached = true;
  if (phase_ == Phase::kEnded) {
    network_.RemoveLater(shared_->id);
  } else {
    Close();
  }
}

// Everything below is gone; channels hear of it first, the connection's own state comes last.
void PeerConnectionCore::End(PeerConnectionState state, const std::optional<Error>& error) {
  if (phase_ == Phase::kEnded) return;
  phase_ = Phase::kEnded;
  connect_timer_.Stop();
  negotiation_->Close();
  const auto channels = std::exchange(channels_, {});
  for (const auto& [id, channel] : channels) {
    std::optional<Error> reason = error;
    const std::size_t waiting = channel->buffered.load(std::memory_order_relaxed);
    if (reason && reason->code == Errc::kPeerLeft && waiting == 0) reason.reset();
    if (!reason && waiting > 0) {
      reason = Error{Errc::kClosed, std::to_string(waiting) + " bytes were not acknowledged"};
    }
    FinishChannel(channel, reason);
  }
  // Not now: this may be one of its own calls.
  network_.loop().Post(safety_.Wrap([this] {
    stack_.reset();
    if (detached_) network_.RemoveLater(shared_->id);
  }));
  SetDiagnosis(DiagnoseEnd(error, server_errors_));
  UpdateDescriptions();
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->snapshot.sctp = SctpTransportState::kClosed;
    if (shared_->snapshot.dtls != DtlsTransportState::kFailed) {
      shared_->snapshot.dtls = DtlsTransportState::kClosed;
    }
  }
  SetSignalingState(SignalingState::kClosed);
  if (state == PeerConnectionState::kClosed) SetIceState(IceConnectionState::kClosed);
  SetConnectionState(state, error);
}

void PeerConnectionCore::SetConnectionState(PeerConnectionState state,
                                            const std::optional<Error>& error) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->snapshot.connection == state) return;
    shared_->snapshot.connection = state;
  }
  if (LogWanted(LogLevel::kInfo)) {
    Log(LogLevel::kInfo, "pc" + std::to_string(shared_->id) + "[" + std::string(ToString(state)) +
                             "]" + (error ? ": " + ToString(*error) : std::string()));
  }
  if (!detached_ && events_.on_connection_state_change) {
    events_.on_connection_state_change(state, error);
  }
}

void PeerConnectionCore::SetSignalingState(SignalingState state) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->snapshot.signaling == state) return;
    shared_->snapshot.signaling = state;
  }
  if (!detached_ && events_.on_signaling_state_change) events_.on_signaling_state_change(state);
}

void PeerConnectionCore::SetGatheringState(IceGatheringState state) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->snapshot.gathering == state) return;
    shared_->snapshot.gathering = state;
  }
  if (!detached_ && events_.on_ice_gathering_state_change) {
    events_.on_ice_gathering_state_change(state);
  }
}

void PeerConnectionCore::SetIceState(IceConnectionState state) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->snapshot.ice == state) return;
    shared_->snapshot.ice = state;
  }
  if (!detached_ && events_.on_ice_connection_state_change) {
    events_.on_ice_connection_state_change(state);
  }
}

}  // namespace pairwire

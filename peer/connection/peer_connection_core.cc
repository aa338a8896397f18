// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/connection/peer_connection_core.h"

#include <utility>
#include <vector>

#include "peer/base/log.h"
#include "peer/connection/connection_state.h"
#include "peer/connection/transport_factories.h"

namespace pairwire {
namespace {

// TransportStack has one ICE transport.
constexpr std::uint32_t kOnlyGeneration = 1;

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
      connect_timer_(network.loop(), [this] {
        End(PeerConnectionState::kFailed,
            Error{Errc::kTimedOut, "no connection within the connect timeout"});
      }) {
  stack_ = std::make_unique<TransportStack>(
      network_.loop(), configuration_, certificate_, NiceIceFactory(network_, configuration_),
      UsrsctpFactory(network_, configuration_), static_cast<TransportStackEvents&>(*this));
  const std::string fingerprint = ToString(certificate_.fingerprint());
  const auto blank = fingerprint.find(' ');
  LocalParameters local;
  // RFC 8866 section 5.2 asks for a number; below 2^63, as RFC 8829 section 5.2.1 does.
  local.session_id = std::to_string(network_.random().NextUint64() >> 1);
  local.fingerprint = {fingerprint.substr(0, blank), fingerprint.substr(blank + 1)};
  local.max_message_size = configuration_.max_message_size;
  local.ice_lite = configuration_.ice_lite;
  // The first generation is the transport's that there is.
  negotiation_.emplace(std::move(local), [this, first = true]() mutable -> IceParameters {
    if (std::exchange(first, false)) {
      const auto& own = stack_->local_credentials();
      return {own.ufrag, own.password};
    }
    const auto fresh = ice::MakeCredentials(network_.random());
    return {fresh.ufrag, fresh.password};
  });
}

PeerConnectionCore::~PeerConnectionCore() = default;

void PeerConnectionCore::CreateOffer(const PeerConnection::DescriptionCallback& done) {
  auto offer = negotiation_->CreateOffer();
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
  if (applied.ice_controlling) {
    stack_->SetIceRole(*applied.ice_controlling ? ice::Role::kControlling : ice::Role::kControlled);
  }
  if ((applied.gather && applied.gather->number > kOnlyGeneration) || applied.remote_is_restart) {
    const Error error{Errc::kUnsupported, "ICE restart is not supported yet"};
    End(PeerConnectionState::kFailed, error);
    return tl::unexpected(error);
  }
  if (applied.gather) {
    if (auto gathering = stack_->Gather(); !gathering) {
      End(PeerConnectionState::kFailed, gathering.error());
      return gathering;
    }
    SetGatheringState(IceGatheringState::kGathering);
  }
  if (applied.dtls_client) {
    stack_->SetDtlsRole(*applied.dtls_client ? dtls::Role::kClient : dtls::Role::kServer);
  }
  if (applied.remote) {
    if (auto started = StartRemote(*applied.remote); !started) {
      End(PeerConnectionState::kFailed, started.error());
      return started;
    }
  }
  if (applied.max_message_size) shared_->budget->max_message_size = *applied.max_message_size;
  for (const auto& candidate : applied.remote_candidates) {
    // A candidate that is of no use costs a pair, not the connection.
    static_cast<void>(stack_->AddRemoteCandidate(candidate));
  }
  if (applied.remote_candidates_done) stack_->SetRemoteCandidatesDone();
  if (applied.rejected) {
    const Error error{Errc::kUnsupported, "the other end refused the data section"};
    End(PeerConnectionState::kFailed, error);
  }
  return {};
}

Result<void> PeerConnectionCore::StartRemote(const RemoteParameters& remote) {
  auto fingerprints = UsableFingerprints(remote.fingerprints);
  if (!fingerprints) return tl::unexpected(fingerprints.error());
  shared_->budget->max_message_size = remote.max_message_size;
  connect_timer_.Start(configuration_.connect_timeout);
  return stack_->SetRemote({.ice = {remote.ice_ufrag, remote.ice_pwd},
                            .fingerprints = std::move(*fingerprints),
                            .max_message_size = remote.max_message_size,
                            .sctp_port = remote.sctp_port});
}

void PeerConnectionCore::AfterNegotiation() {
  UpdateDescriptions();
  if (phase_ == Phase::kOpen) SetSignalingState(negotiation_->state());
}

void PeerConnectionCore::UpdateDescriptions() {
  auto local = negotiation_->local_description();
  auto remote = negotiation_->remote_description();
  const std::lock_guard lock(shared_->mutex);
  shared_->snapshot.local = std::move(local);
  shared_->snapshot.remote = std::move(remote);
}

void PeerConnectionCore::AddIceCandidate(const IceCandidate& candidate,
                                         const PeerConnection::DoneCallback& done) {
  auto result = [&]() -> Result<void> {
    auto action = negotiation_->AddRemoteCandidate(candidate);
    if (!action) return tl::unexpected(action.error());
    Result<void> added;
    if (action->candidate && stack_) added = stack_->AddRemoteCandidate(*action->candidate);
    if (action->done && stack_) stack_->SetRemoteCandidatesDone();
    UpdateDescriptions();
    return added;
  }();
  if (!detached_) Answer(done, std::move(result));
}

void PeerConnectionCore::OnLocalCandidate(const std::string& candidate) {
  const auto dressed = negotiation_->AddLocalCandidate(kOnlyGeneration, candidate);
  UpdateDescriptions();
  if (dressed && !detached_ && events_.on_ice_candidate) events_.on_ice_candidate(*dressed);
}

void PeerConnectionCore::OnGatheringDone() {
  const auto end = negotiation_->AddLocalCandidate(kOnlyGeneration, {});
  UpdateDescriptions();
  if (end && !detached_ && events_.on_ice_candidate) events_.on_ice_candidate(*end);
  if (phase_ == Phase::kOpen) SetGatheringState(IceGatheringState::kComplete);
}

void PeerConnectionCore::OnIceState(ice::State state) {
  ice_state_ = state;
  SetIceState(ToIceConnectionState(state));
  // kFailed is told once, with its reason, by OnTransportEnded.
  if (phase_ == Phase::kOpen && state != ice::State::kFailed) {
    SetConnectionState(FoldConnectionState(ice_state_, dtls_state_), std::nullopt);
  }
}

void PeerConnectionCore::OnDtlsState(dtls::State state) {
  dtls_state_ = state;
  if (state == dtls::State::kConnected) connect_timer_.Stop();
  SetConnectionState(FoldConnectionState(ice_state_, dtls_state_), std::nullopt);
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
  UpdateDescriptions();
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

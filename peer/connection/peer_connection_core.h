// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PeerConnectionCore: the loop's side of a PeerConnection: carries out what Negotiation decides on
// a TransportStack, keeps the channels, and calls the application.
//
//   open --Close / handle gone--> closing (draining, at most 2 s) --> ended
//     +------ transport ended -----------------------------------------^
//
// ICE that failed does not end it: everything above waits for a restart.
//
// It is destroyed only through NetworkCore::RemoveLater, so an application callback may do
// anything, also drop the handle: `this` outlives the call. Loop thread only.
#ifndef PAIRWIRE_PEER_CONNECTION_PEER_CONNECTION_CORE_H_
#define PAIRWIRE_PEER_CONNECTION_PEER_CONNECTION_CORE_H_

#include <pairwire/peer_connection.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "peer/connection/data_channel_impl.h"
#include "peer/connection/ice_setup.h"
#include "peer/connection/negotiation.h"
#include "peer/connection/network_core.h"
#include "peer/connection/peer_connection_impl.h"
#include "peer/connection/transport_stack.h"
#include "peer/connection/writable_queue.h"

namespace pairwire {

class PeerConnectionCore final : private TransportStackEvents {
 public:
  PeerConnectionCore(NetworkCore& network, PeerConfiguration configuration,
                     PeerConnectionEvents events, dtls::Certificate certificate,
                     std::shared_ptr<PeerShared> shared);
  ~PeerConnectionCore();

  // The PeerConnection's methods; the callbacks are called before these return.
  void CreateOffer(const OfferOptions& options, const PeerConnection::DescriptionCallback& done);
  void CreateAnswer(const PeerConnection::DescriptionCallback& done);
  void SetLocalImplicit(const PeerConnection::DescriptionCallback& done);
  void SetLocal(const SessionDescription& description, const PeerConnection::DoneCallback& done);
  void SetRemote(const SessionDescription& description, const PeerConnection::DoneCallback& done);
  void AddIceCandidate(const IceCandidate& candidate, const PeerConnection::DoneCallback& done);
  void RestartIce();
  void GetStats(const std::function<void(StatsReport)>& done);
  void OpenChannel(const std::shared_ptr<ChannelImpl>& channel);
  void Close();

  // The machine's addresses changed; `has_address(text)` tells which it has now.
  void OnNetworkChange(const std::function<bool(const std::string&)>& has_address);

  // The handle is gone: no callback starts any more, and the connection closes in the background.
  void Detach();

  // The DataChannel's methods.
  // Hands a message over at once, behind those in the mailbox. Errors as DataChannel::Send; the
  // second moves from `data` when it is accepted and has to wait.
  Result<void> SendNow(ChannelImpl& channel, ByteSpan data, bool is_text);
  Result<void> SendNow(ChannelImpl& channel, sctp::Payload& data, bool is_text);
  void WaitUntilWritable(const std::shared_ptr<ChannelImpl>& channel, std::size_t bytes,
                         WritableQueue::Done done);
  void DrainMailbox(ChannelImpl& channel);
  void ChannelSubscribed(const std::shared_ptr<ChannelImpl>& channel);
  void PauseChannel(ChannelImpl& channel, bool paused);
  void CloseChannel(ChannelImpl& channel);
  void DetachChannel(const std::shared_ptr<ChannelImpl>& channel);

 private:
  enum class Phase { kOpen, kClosing, kEnded };

  // TransportStackEvents
  void OnLocalCandidate(std::uint32_t generation, const std::string& candidate) override;
  void OnGatheringDone(std::uint32_t generation) override;
  void OnIceState(ice::State state) override;
  void OnIceServerError(const ice::ServerError& error) override;
  void OnDtlsState(dtls::State state) override;
  void OnSelectedPair(const ice::CandidatePair& pair) override;
  void OnSctpState(sctp::AssociationState state) override;
  void OnSctpStalled(sctp::StallCause cause) override;
  void OnSctpResumed() override;
  void OnTransportEnded(const Error& error) override;
  void OnChannelIncoming(sctp::ChannelId id, const sctp::ChannelOptions& options) override;
  void OnChannelOpen(sctp::ChannelId id) override;
  void OnChannelMessage(sctp::ChannelId id, ByteSpan data, bool is_text) override;
  void OnChannelBufferedAmount(sctp::ChannelId id, std::size_t bytes) override;
  void OnChannelClosed(sctp::ChannelId id, const std::optional<Error>& error) override;

  Result<void> ApplyLocal(const SessionDescription& description);
  Result<void> Carry(const Applied& applied);
  void SetIceRole(bool controlling);
  Result<void> StartGathering(const LocalGeneration& generation);
  Result<void> StartRemote(const RemoteParameters& remote, bool is_restart);
  void AfterNegotiation();
  void UpdateDescriptions();
  void UpdateNegotiationNeeded();
  void SetDiagnosis(Diagnosis diagnosis);
  void SetConnectionState(PeerConnectionState state, const std::optional<Error>& error);
  void SetSignalingState(SignalingState state);
  void SetGatheringState(IceGatheringState state);
  void SetIceState(IceConnectionState state);
  void End(PeerConnectionState state, const std::optional<Error>& error);

  Result<void> CheckSendNow(ChannelImpl& channel);
  void PublishWaiting();
  std::shared_ptr<ChannelImpl> FindChannel(sctp::ChannelId id);
  void AnnounceOpen(ChannelImpl& channel);
  void FinishChannel(const std::shared_ptr<ChannelImpl>& channel,
                     const std::optional<Error>& error);
  void PostBufferedAmountLow(const std::shared_ptr<ChannelImpl>& channel);

  NetworkCore& network_;
  const PeerConfiguration configuration_;
  const PeerConnectionEvents events_;
  const dtls::Certificate certificate_;
  const std::shared_ptr<PeerShared> shared_;

  IceSetup ice_setup_;
  Phase phase_ = Phase::kOpen;
  bool detached_ = false;
  // ICE generations (negotiation.h): the one gathered for last, and the one whose other half is
  // settled.
  std::uint32_t latest_generation_ = 0;
  std::uint32_t generation_in_force_ = 0;
  std::string local_ufrag_;   // of the former
  std::string remote_ufrag_;  // of the latter
  std::optional<ice::Role> ice_role_;
  bool negotiation_needed_ = false;  // W3C [[NegotiationNeeded]]
  bool negotiation_event_posted_ = false;
  bool was_connected_ = false;
  std::vector<IceServerError> server_errors_;  // one a server
  ice::State ice_state_ = ice::State::kNew;
  dtls::State dtls_state_ = dtls::State::kNew;
  Timer connect_timer_;
  std::unordered_map<sctp::ChannelId, std::shared_ptr<ChannelImpl>> channels_;
  WritableQueue writable_;
  std::unique_ptr<TransportStack> stack_;
  std::optional<Negotiation> negotiation_;
  TaskSafety safety_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_PEER_CONNECTION_CORE_H_

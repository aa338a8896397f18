// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TransportStack: owns ICE, DTLS and the channels of one connection and carries bytes and states
// between them. The boxes do not know one another; this is the only place that does.
//
//   ICE pair selected -> DTLS starts -> SCTP starts -> channels open
//   Close: channels drain -> SCTP shuts down -> DTLS close_notify -> ICE goes, within close_timeout
//
// It knows nothing of SDP or handles. Loop thread only.
#ifndef PAIRWIRE_PEER_CONNECTION_TRANSPORT_STACK_H_
#define PAIRWIRE_PEER_CONNECTION_TRANSPORT_STACK_H_

#include <pairwire/bytes.h>
#include <pairwire/configuration.h>
#include <pairwire/result.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "peer/base/loop.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "peer/connection/ice_paths.h"
#include "peer/connection/packet_capture.h"
#include "peer/dtls/dtls_transport.h"
#include "sctp/channel_mux.h"

namespace pairwire {

// Called from the loop's own frame (see the boxes' own events). Channel events are
// ChannelMuxEvents'.
class TransportStackEvents {
 public:
  virtual void OnLocalCandidate(std::uint32_t generation, const std::string& candidate) = 0;
  virtual void OnGatheringDone(std::uint32_t generation) = 0;
  // kFailed is not the end: an ICE restart may revive what is above.
  virtual void OnIceState(ice::State state) = 0;
  virtual void OnIceServerError(const ice::ServerError& error) = 0;
  virtual void OnDtlsState(dtls::State state) = 0;
  virtual void OnSelectedPair(const ice::CandidatePair& pair) = 0;
  virtual void OnSctpState(sctp::AssociationState state) = 0;
  // As AssociationEvents' of the same names.
  virtual void OnSctpStalled(sctp::StallCause) {}
  virtual void OnSctpResumed() {}
  // Once: nothing works any more and nothing follows. kPeerLeft: the other end ended it in order.
  virtual void OnTransportEnded(const Error& error) = 0;

  virtual void OnChannelIncoming(sctp::ChannelId id, const sctp::ChannelOptions& options) = 0;
  virtual void OnChannelOpen(sctp::ChannelId id) = 0;
  virtual void OnChannelMessage(sctp::ChannelId id, ByteSpan data, bool is_text) = 0;
  virtual void OnChannelBufferedAmount(sctp::ChannelId id, std::size_t bytes) = 0;
  virtual void OnChannelClosed(sctp::ChannelId id, const std::optional<Error>& error) = 0;

 protected:
  ~TransportStackEvents() = default;
};

struct RemoteTransport {
  std::vector<dtls::Fingerprint> fingerprints = {};
  std::size_t max_message_size = 0;  // 0: no limit
  std::uint16_t sctp_port = sctp::kSctpPort;
  std::uint16_t sctp_burst = 0;  // 0: the other end is not one of ours
};

// The DTLS part of a configuration.
dtls::Options DtlsOptions(const PeerConfiguration& configuration);

class TransportStack final : private IcePathsEvents,
                             private dtls::Events,
                             private sctp::ChannelMuxEvents {
 public:
  // `remote` is what the other end's description says; valid during the call.
  using AssociationFactory = std::function<std::unique_ptr<sctp::Association>(
      sctp::AssociationEvents&, const RemoteTransport& remote)>;

  TransportStack(Loop& loop, const PeerConfiguration& configuration,
                 const dtls::Certificate& certificate, IcePaths::Factory make_ice,
                 AssociationFactory make_association, TransportStackEvents& events);
  ~TransportStack();  // Silent and at once.

  // ICE, generation by generation.
  IcePaths& paths() { return paths_; }

  // Once. The DTLS role may come before or after.
  void SetRemote(RemoteTransport remote);
  void SetDtlsRole(dtls::Role role);

  sctp::ChannelMux& channels() { return *mux_; }
  const sctp::ChannelMux& channels() const { return *mux_; }
  const dtls::DtlsTransport& dtls() const { return *dtls_; }

  // Ends everything in order, within close_timeout, then calls `done` from the loop's frame. Events
  // other than those of the channels that are being drained stop.
  void Close(std::function<void()> done);

 private:
  enum class Phase { kOpen, kClosing, kEnded };

  // IcePathsEvents
  void OnPathCandidate(std::uint32_t generation, const std::string& candidate) override;
  void OnPathGatheringDone(std::uint32_t generation) override;
  void OnPathState(ice::State state) override;
  void OnPathPair(const ice::CandidatePair& pair) override;
  void OnPathServerError(const ice::ServerError& error) override;
  void OnPathPackets(std::span<const ByteSpan> packets) override;
  void OnPathPacket(ByteSpan packet);
  void OnPathDatagramTooLarge(std::size_t bytes) override;
  // dtls::Events
  void OnDtlsPacket(ByteSpan packet) override;
  void OnDtlsState(dtls::State state, const Error& error) override;
  void OnDtlsData(ByteSpan data) override;
  // sctp::ChannelMuxEvents
  void OnMuxPacket(ByteSpan packet) override;
  void OnMuxState(sctp::AssociationState state, const Error& error) override;
  void OnMuxStalled(sctp::StallCause cause) override;
  void OnMuxResumed() override;
  void OnChannelIncoming(sctp::ChannelId id, const sctp::ChannelOptions& options) override;
  void OnChannelOpen(sctp::ChannelId id) override;
  void OnChannelMessage(sctp::ChannelId id, ByteSpan data, bool is_text) override;
  void OnChannelBufferedAmount(sctp::ChannelId id, std::size_t bytes) override;
  void OnChannelClosed(sctp::ChannelId id, const std::optional<Error>& error) override;

  void MaybeStartDtls();
  void End(Error error);
  void FinishClose();

  dtls::Options MakeDtlsOptions(const PeerConfiguration& configuration);

  Loop& loop_;
  const std::chrono::milliseconds close_timeout_;
  PacketCapture capture_;
  TransportStackEvents& events_;
  const AssociationFactory make_association_;

  Phase phase_ = Phase::kOpen;
  bool has_pair_ = false;
  bool dtls_started_ = false;
  bool mux_started_ = false;
  bool sctp_was_connected_ = false;
  std::optional<RemoteTransport> remote_;
  std::optional<dtls::Role> dtls_role_;
  std::function<void()> close_done_;
  Timer close_timer_;

  // From the top down, so that destruction runs in that order too: the last declared goes first.
  IcePaths paths_;
  std::unique_ptr<dtls::DtlsTransport> dtls_;
  std::unique_ptr<sctp::ChannelMux> mux_;
  TaskSafety safety_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_TRANSPORT_STACK_H_

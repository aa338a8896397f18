// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PeerConnection: one encrypted connection to one other peer (W3C RTCPeerConnection, RFC 8829).
//
// A handle: move-only, callable from any thread, also from inside any callback. The connection
// lives on its Network's loop. Calls are carried out in the order in which they are made (W3C's
// operations chain). Destroying the handle closes the connection; after the destructor returns no
// callback of it, nor of its channels, starts, and off the loop thread none is running.
//
// Where W3C returns a promise, a method takes a callback; it runs on the loop thread, exactly once
// unless the handle was destroyed first.
#ifndef PAIRWIRE_PEER_CONNECTION_H_
#define PAIRWIRE_PEER_CONNECTION_H_

#include <pairwire/bytes.h>
#include <pairwire/configuration.h>
#include <pairwire/data_channel.h>
#include <pairwire/diagnosis.h>
#include <pairwire/ice_candidate.h>
#include <pairwire/result.h>
#include <pairwire/session_description.h>
#include <pairwire/stats.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire {

// W3C RTCPeerConnectionState.
enum class PeerConnectionState { kNew, kConnecting, kConnected, kDisconnected, kFailed, kClosed };
// W3C RTCSignalingState.
enum class SignalingState {
  kStable,
  kHaveLocalOffer,
  kHaveRemoteOffer,
  kHaveLocalPranswer,
  kHaveRemotePranswer,
  kClosed
};
// W3C RTCIceGatheringState.
enum class IceGatheringState { kNew, kGathering, kComplete };
// W3C RTCIceConnectionState.
enum class IceConnectionState {
  kNew,
  kChecking,
  kConnected,
  kCompleted,
  kDisconnected,
  kFailed,
  kClosed
};

// W3C RTCDtlsTransportState.
enum class DtlsTransportState { kNew, kConnecting, kConnected, kClosed, kFailed };
// W3C RTCSctpTransportState.
enum class SctpTransportState { kConnecting, kConnected, kClosed };

// Why nothing that was sent is acknowledged.
enum class DataStallCause {
  kPath,     // nothing comes back: the path loses all packets, or only the large ones
  kReceiver  // the other end's receive window is closed: its application does not read
};

std::string_view ToString(PeerConnectionState state);
std::string_view ToString(SignalingState state);
std::string_view ToString(IceGatheringState state);
std::string_view ToString(IceConnectionState state);
std::string_view ToString(DtlsTransportState state);
std::string_view ToString(SctpTransportState state);
std::string_view ToString(DataStallCause cause);

// W3C RTCOfferOptions.
struct OfferOptions {
  // New ICE credentials, new sockets, new paths; DTLS, SCTP and the channels go on as they are.
  bool ice_restart = false;
};

// The pair of addresses that carries the traffic.
struct SelectedCandidatePair {
  std::string local;     // candidate line, "candidate:…"
  std::string remote;    // candidate line
  bool relayed = false;  // true when either end is a relayed candidate (TURN)
};

// Called on the loop thread, one at a time, with no lock held; every method of Pairwire may be
// called from inside, also the destruction of the handle. They must not block. Any of them may be
// empty.
struct PeerConnectionEvents {
  // An offer is due: a first channel was made, RestartIce was called, or this machine's network
  // changed. Fires in the stable state only, once until the next exchange (W3C section 4.7.3).
  std::function<void()> on_negotiation_needed = nullptr;
  // A local candidate to send to the other end; an empty `candidate` string ends them (RFC 8838).
  std::function<void(const IceCandidate&)> on_ice_candidate = nullptr;
  // A STUN or TURN server gave nothing; once a server and gathering.
  std::function<void(const IceServerError&)> on_ice_candidate_error = nullptr;
  std::function<void(IceGatheringState)> on_ice_gathering_state_change = nullptr;
  std::function<void(IceConnectionState)> on_ice_connection_state_change = nullptr;
  std::function<void(SignalingState)> on_signaling_state_change = nullptr;
  // With the reason for kFailed and for a kClosed that the other end caused; else the error is
  // empty. kFailed with kIceFailed is not the end: RestartIce may revive the connection, whose
  // channels wait; after any other error it is.
  std::function<void(PeerConnectionState, std::optional<Error>)> on_connection_state_change =
      nullptr;
  // The other end opened a channel. Keep the handle and Subscribe to it, here or later.
  std::function<void(DataChannel)> on_data_channel = nullptr;
  // Something that was sent waits, and nothing at all was acknowledged for data_stall_after: once
  // for each stall, with the cause as it looks then. Nothing is given up: SCTP goes on trying, also
  // with smaller packets, and whether the other end is there at all is for
  // on_connection_state_change to say. Meant for showing it, sending less, or RestartIce.
  std::function<void(DataStallCause)> on_data_stalled = nullptr;
  // The stall is over: something was acknowledged, or nothing waits any more. Does not follow when
  // the connection ends first.
  std::function<void()> on_data_resumed = nullptr;
};

class PeerConnection {
 public:
  using DescriptionCallback = std::function<void(Result<SessionDescription>)>;
  using DoneCallback = std::function<void(Result<void>)>;

  // An empty handle: every call answers kClosed.
  PeerConnection();
  PeerConnection(PeerConnection&&) noexcept;
  PeerConnection& operator=(PeerConnection&&) noexcept;
  ~PeerConnection();

  // Makes a description; nothing changes until SetLocalDescription. kInvalidState in the wrong
  // signalling state.
  void CreateOffer(DescriptionCallback done);
  void CreateOffer(OfferOptions options, DescriptionCallback done);
  void CreateAnswer(DescriptionCallback done);

  // Applies the description that fits the signalling state (W3C's parameterless form), starts
  // gathering, and answers with what was applied.
  void SetLocalDescription(DescriptionCallback done);
  // Applies a description made by CreateOffer or CreateAnswer, or a rollback.
  void SetLocalDescription(SessionDescription description, DoneCallback done);

  // Applies the other end's description. Errors: kParseError, kLimitExceeded, kUnsupported,
  // kInvalidArgument (it does not fit the description that it answers or follows), kInvalidState
  // (wrong signalling state); the connection is then as it was.
  void SetRemoteDescription(SessionDescription description, DoneCallback done);

  // Adds a candidate of the other end; one that comes before the description waits for it (at most
  // 64 do). Candidates that can not be used (unknown transport, name that is no address) are
  // ignored, as W3C asks; kParseError only for text that is no candidate at all, kInvalidArgument
  // for one that names no section of the remote description.
  void AddIceCandidate(IceCandidate candidate, DoneCallback done = {});

  // The next offer restarts ICE (RFC 8445 section 9): new credentials and sockets, no loss above.
  // on_negotiation_needed follows; the request stays until an exchange with it is complete.
  void RestartIce();

  // Answers with a report of this moment.
  void GetStats(std::function<void(StatsReport)> done);

  // Makes a channel, before or after connecting. It opens when the connection is up.
  DataChannel CreateDataChannel(std::string_view label, DataChannelInit init = {});

  // Closes channels, SCTP, DTLS (close_notify) and ICE in this order, in the background, within 2
  // s. Returns at once. on_connection_state_change(kClosed) follows.
  void Close();

  // Snapshots; they may lag behind the loop by the callbacks not yet run.
  PeerConnectionState connection_state() const;
  SignalingState signaling_state() const;
  IceGatheringState ice_gathering_state() const;
  IceConnectionState ice_connection_state() const;
  DtlsTransportState dtls_state() const;
  SctpTransportState sctp_state() const;
  // The last description applied at each end, with the candidates known so far; empty before.
  // Pending while an exchange is under way, then current (W3C section 4.4.2).
  std::optional<SessionDescription> local_description() const;
  std::optional<SessionDescription> remote_description() const;
  std::optional<SessionDescription> current_local_description() const;
  std::optional<SessionDescription> current_remote_description() const;
  std::optional<SessionDescription> pending_local_description() const;
  std::optional<SessionDescription> pending_remote_description() const;
  // Whether the other end takes candidates one by one (RFC 8838); empty before its description.
  std::optional<bool> can_trickle_ice_candidates() const;
  // Empty before a pair is selected.
  std::optional<SelectedCandidatePair> selected_candidate_pair() const;
  // The other end's certificates as DER (W3C getRemoteCertificates); empty before DTLS is up.
  std::vector<Bytes> remote_certificates() const;
  // Why it does not work; kNone while nothing is wrong. Also after Close.
  Diagnosis Diagnose() const;

 private:
  friend class Network;
  struct Impl;
  explicit PeerConnection(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;  // Shared with the loop: either side may go first.
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/connection/transport_stack.h"

#include <utility>

#include "peer/base/check.h"

namespace pairwire {
namespace {

// RFC 7983 section 7: the first byte tells DTLS from the rest.
bool LooksLikeDtls(ByteSpan packet) {
  return !packet.empty() && packet[0] >= 20 && packet[0] <= 63;
}

sctp::ChannelMuxOptions MuxOptions(const PeerConfiguration& configuration) {
  return {.max_channels = configuration.max_channels,
          .max_incoming_label = configuration.max_label_length,
          .max_buffered_amount = configuration.max_buffered_amount,
          .max_receive_buffer = configuration.max_receive_buffer,
          .max_message_size = configuration.max_message_size,
          .max_reassembly = configuration.max_reassembly};
}

}  // namespace

dtls::Options DtlsOptions(const PeerConfiguration& configuration) {
  dtls::Options options;
  options.ciphers = configuration.dtls_ciphers;
  options.retransmission_timeout = configuration.dtls_retransmission_timeout;
  options.handshake_timeout = configuration.connect_timeout;
  return options;
}

TransportStack::TransportStack(Loop& loop, const PeerConfiguration& configuration,
                               const dtls::Certificate& certificate, IcePaths::Factory make_ice,
                               AssociationFactory make_association, TransportStackEvents& events)
    : loop_(loop),
      close_timeout_(configuration.close_timeout),
      capture_(configuration),
      events_(events),
      make_association_(std::move(make_association)),
      close_timer_(loop, [this] { FinishClose(); }),
      paths_(loop, std::move(make_ice), *this),
      dtls_(std::make_unique<dtls::DtlsTransport>(loop, certificate, MakeDtlsOptions(configuration),
                                                  static_cast<dtls::Events&>(*this))),
      mux_(std::make_unique<sctp::ChannelMux>(loop, MuxOptions(configuration),
                                              static_cast<sctp::ChannelMuxEvents&>(*this))) {}

TransportStack::~TransportStack() = default;

dtls::Options TransportStack::MakeDtlsOptions(const PeerConfiguration& configuration) {
  dtls::Options options = DtlsOptions(configuration);
  if (capture_.wants_keys()) {
    options.on_key_log = [this](std::string_view line) { capture_.OnKeys(line); };
  }
  return options;
}

void TransportStack::SetRemote(RemoteTransport remote) {
  remote_ = std::move(remote);
  MaybeStartDtls();
}

void TransportStack::SetDtlsRole(dtls::Role role) {
  dtls_role_ = role;
  MaybeStartDtls();
}

// As soon as a pair works and both ends are known. Not earlier: a ClientHello without a path is
// lost and costs a retransmission timeout.
void TransportStack::MaybeStartDtls() {
  if (dtls_started_ || !has_pair_ || !remote_ || !dtls_role_ || phase_ != Phase::kOpen) return;
  dtls_started_ = true;
  if (auto started = dtls_->Start(*dtls_role_, remote_->fingerprints); !started) {
    End(started.error());
  }
}

void TransportStack::OnPathCandidate(std::uint32_t generation, const std::string& candidate) {
  if (phase_ == Phase::kOpen) events_.OnLocalCandidate(generation, candidate);
}

void TransportStack::OnPathGatheringDone(std::uint32_t generation) {
  if (phase_ == Phase::kOpen) events_.OnGatheringDone(generation);
}

void TransportStack::OnPathState(ice::State state) {
  if (phase_ == Phase::kOpen) events_.OnIceState(state);
}

void TransportStack::OnPathServerError(const ice::ServerError& error) {
  if (phase_ == Phase::kOpen) events_.OnIceServerError(error);
}

void TransportStack::OnPathPair(const ice::CandidatePair& pair) {
  if (phase_ != Phase::kOpen) return;
  has_pair_ = true;
  capture_.OnPair(pair);
  if (mux_started_) mux_->OnPathChanged();
  const auto alive = safety_.Watch();
  events_.OnSelectedPair(pair);
  if (*alive) MaybeStartDtls();
}

void TransportStack::OnPathPackets(std::span<const ByteSpan> packets) {
  const auto alive = safety_.Watch();
  const bool batch = mux_started_;
  if (batch) mux_->BeginBatch(packets.size());
  for (const ByteSpan packet : packets) {
    OnPathPacket(packet);
    if (!*alive) return;
  }
  if (batch) mux_->EndBatch();
}

void TransportStack::OnPathPacket(ByteSpan packet) {
  // Anything else (RTP) has no taker in a data-only connection.
  if (!LooksLikeDtls(packet)) return;
  capture_.OnPacket(capture::Direction::kReceived, packet);
  dtls_->ReceivePacket(packet);
}

void TransportStack::OnPathDatagramTooLarge(std::size_t bytes) {
  // Handshake flights are never so large.
  if (mux_started_ && bytes > dtls::kRecordOverhead) {
    mux_->OnPacketTooLarge(bytes - dtls::kRecordOverhead);
  }
}

void TransportStack::OnDtlsPacket(ByteSpan packet) {
  // False means lost, as on any path: DTLS and SCTP send again.
  if (paths_.Send(packet)) capture_.OnPacket(capture::Direction::kSent, packet);
}

void TransportStack::OnDtlsState(dtls::State state, const Error& error) {
  if (phase_ == Phase::kEnded) return;
  if (state == dtls::State::kConnected && phase_ == Phase::kOpen) {
    // SCTP starts inside this event, before the first decrypted packet is handed on: the other
    // end's INIT may come with its last flight.
    mux_started_ = true;
    const auto started = mux_->Start(
        [this](sctp::AssociationEvents& events) { return make_association_(events, *remote_); },
        *dtls_role_ == dtls::Role::kClient, remote_->max_message_size, remote_->sctp_burst != 0);
    if (!started) End(started.error());
  }
  if (state == dtls::State::kFailed) End(error);
  if (state == dtls::State::kClosed) End({Errc::kPeerLeft, "the other end closed the connection"});
  if (phase_ == Phase::kOpen) {
    loop_.Post(safety_.Wrap([this, state] {
      if (phase_ == Phase::kOpen) events_.OnDtlsState(state);
    }));
  }
}

void TransportStack::OnDtlsData(ByteSpan data) {
  if (mux_started_) mux_->ReceivePacket(data);
}

void TransportStack::OnMuxPacket(ByteSpan packet) {
  // Fails only when DTLS is not connected any more, and then the association is about to hear of
  // it.
  static_cast<void>(dtls_->Send(packet));
}

void TransportStack::OnMuxState(sctp::AssociationState state, const Error& error) {
  if (state == sctp::AssociationState::kConnected) {
    sctp_was_connected_ = true;
    if (phase_ == Phase::kOpen) events_.OnSctpState(state);
    return;
  }
  if (phase_ == Phase::kClosing) {
    FinishClose();
    return;
  }
  if (state == sctp::AssociationState::kClosed) {
    End({Errc::kPeerLeft, "the other end shut the association down"});
  } else if (state == sctp::AssociationState::kFailed) {
    // Browsers abort the association when their page closes the connection: after it was up, an
    // abort is the other end leaving.
    End(sctp_was_connected_ ? Error{Errc::kPeerLeft, "the other end aborted the association"}
                            : error);
  }
}

void TransportStack::OnMuxStalled(sctp::StallCause cause) {
  if (phase_ == Phase::kOpen) events_.OnSctpStalled(cause);
}

void TransportStack::OnMuxResumed() {
  if (phase_ == Phase::kOpen) events_.OnSctpResumed();
}

void TransportStack::OnChannelIncoming(sctp::ChannelId id, const sctp::ChannelOptions& options) {
  events_.OnChannelIncoming(id, options);
}
void TransportStack::OnChannelOpen(sctp::ChannelId id) { events_.OnChannelOpen(id); }
void TransportStack::OnChannelMessage(sctp::ChannelId id, ByteSpan data, bool is_text) {
  events_.OnChannelMessage(id, data, is_text);
}
void TransportStack::OnChannelBufferedAmount(sctp::ChannelId id, std::size_t bytes) {
  events_.OnChannelBufferedAmount(id, bytes);
}
void TransportStack::OnChannelClosed(sctp::ChannelId id, const std::optional<Error>& error) {
  events_.OnChannelClosed(id, error);
}

// The first reason counts. Told from the loop's frame, because DTLS may be in the middle of a call.
void TransportStack::End(Error error) {
  if (phase_ == Phase::kClosing) {
    loop_.Post(safety_.Wrap([this] { FinishClose(); }));
    return;
  }
  if (phase_ == Phase::kEnded) return;
  phase_ = Phase::kEnded;
  loop_.Post(safety_.Wrap([this, error = std::move(error)] { events_.OnTransportEnded(error); }));
}

void TransportStack::Close(std::function<void()> done) {
  PAIRWIRE_CHECK(!close_done_);
  close_done_ = std::move(done);
  if (phase_ == Phase::kEnded || !mux_started_) {
    // Nothing that could be drained. A handshake under way is told by close_notify all the same.
    phase_ = Phase::kClosing;
    loop_.Post(safety_.Wrap([this] { FinishClose(); }));
    return;
  }
  phase_ = Phase::kClosing;
  close_timer_.Start(close_timeout_);
  mux_->CloseAll();
}

void TransportStack::FinishClose() {
  if (phase_ == Phase::kEnded) return;
  phase_ = Phase::kEnded;
  close_timer_.Stop();
  dtls_->Close();
  const auto done = std::exchange(close_done_, nullptr);
  loop_.Post(safety_.Wrap([done] { done(); }));
}

}  // namespace pairwire

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/peer_session_link.h"

#include <utility>

#include "peer/session/session_impl.h"
#include "signaling/client/webrtc_signal.h"

namespace pairwire {

using delivery::Lane;
using delivery::Negotiation;
using delivery::NegotiationKind;

PeerSessionLink::PeerSessionLink(Loop& loop, std::unique_ptr<PeerLink> link)
    : loop_(loop),
      link_(std::move(link)),
      fingerprints_(link_->fingerprints()),
      drain_(loop, [this] { CloseConnection(); }) {}

void PeerSessionLink::Start(SessionLinkEvents events) {
  events_ = std::move(events);
  PeerLinkEvents on;
  on.on_frame = [this](std::size_t lane, ByteSpan bytes) {
    const auto on_frame = events_.on_frame;
    if (on_frame && !closed_) on_frame(static_cast<Lane>(lane), bytes);
  };
  on.on_buffered_amount_low = [this] {
    if (events_.on_room && !closed_) events_.on_room();
  };
  on.on_quiet = [this](bool quiet) {
    if (std::exchange(quiet_, quiet) == quiet || closed_) return;
    const auto alive = safety_.Watch();
    if (events_.on_quiet) events_.on_quiet(quiet);
    if (*alive && !quiet && !closed_ && events_.on_path) events_.on_path(path());
  };
  on.on_negotiation_needed = [this] {
    if (events_.on_negotiation_needed && !closed_) events_.on_negotiation_needed();
  };
  on.on_local = [this](const SessionDescription& description) { OnDescription(description); };
  on.on_refused = [this] {
    if (events_.on_refused && !closed_) events_.on_refused();
  };
  on.on_candidate = [this](const IceCandidate& candidate) {
    if (events_.on_negotiation && !closed_) {
      events_.on_negotiation({NegotiationKind::kCandidate, ToCandidateData(candidate).text});
    }
  };
  on.on_data_channel = [this](DataChannel channel) {
    if (events_.on_data_channel && !closed_) events_.on_data_channel(std::move(channel));
  };
  on.on_ended = [this](std::optional<Error> error) { End(std::move(error)); };
  on.on_gone = [this] {
    if (closing_connection_) loop_.Post(safety_.Wrap([this] { Closed(); }));
  };
  for (const Lane lane : {Lane::kControl, Lane::kState, Lane::kStream}) {
    const std::size_t window = Room(lane);
    link_->lane(static_cast<std::size_t>(lane)).SetBufferedAmountLowThreshold(window / 2);
  }
  const auto alive = safety_.Watch();
  link_->SetEvents(std::move(on));
  if (*alive) link_->ResumeMessages();
}

void PeerSessionLink::Send(Lane lane, SharedBytes frame) {
  if (ended_ || closed_) return;
  const auto sent = link_->lane(static_cast<std::size_t>(lane)).Send(std::move(frame));
  // The lanes that lose anyway may lose this one, too.
  if (sent || lane != Lane::kControl) return;
  loop_.Post(safety_.Wrap([this, error = sent.error()] { End(error); }));
}

std::size_t PeerSessionLink::Room(Lane lane) const {
  std::size_t window = kControlWindow;
  if (lane == Lane::kState) window = kStateWindow;
  if (lane == Lane::kStream) window = kStreamWindow;
  const std::size_t buffered = Waiting(lane);
  return buffered < window ? window - buffered : 0;
}

std::size_t PeerSessionLink::Waiting(Lane lane) const {
  return link_->lane(static_cast<std::size_t>(lane)).buffered_amount();
}

SessionPath PeerSessionLink::path() const { return PathOf(*link_); }

std::string PeerSessionLink::remote_description() const {
  const auto description = link_->connection().current_remote_description();
  return description ? description->sdp : std::string();
}

void PeerSessionLink::RestartIce() { link_->connection().RestartIce(); }

void PeerSessionLink::Renegotiate(bool restart) { link_->Renegotiate(restart); }

void PeerSessionLink::ApplyRemote(const Negotiation& negotiation) {
  switch (negotiation.kind) {
    case NegotiationKind::kOffer:
      link_->TakeRemote({SdpType::kOffer, negotiation.text});
      return;
    case NegotiationKind::kAnswer:
      link_->TakeRemote({SdpType::kAnswer, negotiation.text});
      return;
    case NegotiationKind::kRollback:
      link_->TakeRemote({SdpType::kRollback, {}});
      return;
    case NegotiationKind::kCandidate: {
      const auto candidate = ParseCandidateData({negotiation.text});
      if (candidate) link_->AddCandidate(*candidate);
      return;
    }
    case NegotiationKind::kWantRestart:
      return;
  }
}

void PeerSessionLink::RollBack() { link_->RollBack(); }

DataChannel PeerSessionLink::CreateDataChannel(std::string_view label, DataChannelInit init) {
  return link_->connection().CreateDataChannel(label, std::move(init));
}

void PeerSessionLink::OnDescription(const SessionDescription& description) {
  if (!events_.on_negotiation || closed_) return;
  const bool offer = description.type == SdpType::kOffer;
  events_.on_negotiation(
      {offer ? NegotiationKind::kOffer : NegotiationKind::kAnswer, description.sdp});
}

void PeerSessionLink::End(std::optional<Error> error) {
  if (std::exchange(ended_, true)) return;
  if (closed_) {
    // Not from inside what the link is doing.
    loop_.Post(safety_.Wrap([this] { CloseConnection(); }));
    return;
  }
  const auto on_ended = events_.on_ended;
  if (on_ended) on_ended(std::move(error));
}

void PeerSessionLink::Close(std::function<void()> closed) {
  closed_ = std::move(closed);
  if (ended_) {
    loop_.Post(safety_.Wrap([this] { CloseConnection(); }));
    return;
  }
  // The control lane closes when what it carries has arrived; the others carry nothing of worth.
  drain_.Start(kDrain);
  link_->lane(0).Close();
}

// The link stays until the connection is gone: channels that the application has of it would never
// hear that they are closed, else.
void PeerSessionLink::CloseConnection() {
  drain_.Stop();
  if (std::exchange(closing_connection_, true)) return;
  const PeerConnectionState state = link_->connection().connection_state();
  if (state == PeerConnectionState::kClosed || state == PeerConnectionState::kFailed) {
    Closed();
  } else {
    link_->connection().Close();
  }
}

void PeerSessionLink::Closed() {
  const auto closed = std::exchange(closed_, [] {});
  if (closed) closed();
}

}  // namespace pairwire

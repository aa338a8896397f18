// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/peer_link.h"

#include <pairwire/network.h>

#include <algorithm>
#include <utility>

#include "peer/base/log.h"
#include "peer/dtls/certificate.h"

namespace pairwire {
namespace {

struct LaneSpec {
  std::string_view label;
  bool reliable;
  DataChannelPriority priority;
};
// By delivery::Lane.
constexpr std::array<LaneSpec, PeerLink::kLanes> kLaneSpecs{{
    {PeerLink::kLabel, true, DataChannelPriority::kHigh},
    {"pairwire.state", false, DataChannelPriority::kMedium},
    {"pairwire.stream", false, DataChannelPriority::kLow},
}};

}  // namespace

Result<std::unique_ptr<PeerLink>> PeerLink::Create(Network& network,
                                                   PeerConfiguration configuration, LinkForm form,
                                                   PeerLinkEvents events) {
  std::unique_ptr<PeerLink> link(new PeerLink(form, std::move(events)));
  Result<PeerConnection> connection =
      network.CreatePeerConnection(std::move(configuration), link->ConnectionEvents());
  if (!connection) return tl::unexpected(std::move(connection.error()));
  link->connection_ = std::move(*connection);
  return link;
}

// The connection's callbacks end with its handle, which is ours: `this` is enough in them.
PeerConnectionEvents PeerLink::ConnectionEvents() {
  PeerConnectionEvents on;
  on.on_ice_candidate = [this](const IceCandidate& candidate) {
    const auto events = events_;
    if (events->on_candidate) events->on_candidate(candidate);
  };
  on.on_connection_state_change = [this](PeerConnectionState state, std::optional<Error> error) {
    OnConnectionState(state, error);
  };
  on.on_data_channel = [this](DataChannel channel) { OnIncomingChannel(std::move(channel)); };
  if (form_ == LinkForm::kLanes) {
    on.on_negotiation_needed = [this] {
      const auto events = events_;
      // The first offer and its answer are made without being asked for.
      if (described_ && events->on_negotiation_needed) events->on_negotiation_needed();
    };
  }
  return on;
}

void PeerLink::OpenChannel(std::size_t lane) {
  if (form_ == LinkForm::kPlain) {
    AdoptChannel(lane, connection_.CreateDataChannel(kLabel));
    return;
  }
  const LaneSpec& spec = kLaneSpecs[lane];
  DataChannelInit init;
  init.protocol = kProtocol;
  init.ordered = spec.reliable;
  if (!spec.reliable) init.max_retransmits = 0;
  init.priority = spec.priority;
  AdoptChannel(lane, connection_.CreateDataChannel(spec.label, std::move(init)));
}

void PeerLink::Offer() {
  const std::size_t channels = form_ == LinkForm::kPlain ? 1 : kLanes;
  for (std::size_t lane = 0; lane < channels; ++lane) OpenChannel(lane);
  connection_.SetLocalDescription(
      [this, alive = safety_.Watch()](Result<SessionDescription> description) {
        if (*alive) OnDescription(std::move(description));
      });
}

void PeerLink::Answer(const std::string& offer) {
  connection_.SetRemoteDescription(
      {SdpType::kOffer, offer}, [this, alive = safety_.Watch()](Result<void> applied) {
        if (!*alive) return;
        if (!applied) {
          End(applied.error());
          return;
        }
        connection_.SetLocalDescription([this, alive](Result<SessionDescription> description) {
          if (*alive) OnDescription(std::move(description));
        });
      });
}

void PeerLink::TakeAnswer(const std::string& answer) {
  connection_.SetRemoteDescription({SdpType::kAnswer, answer},
                                   [this, alive = safety_.Watch()](Result<void> applied) {
                                     if (*alive && !applied) End(applied.error());
                                   });
}

void PeerLink::AddCandidate(const IceCandidate& candidate) {
  // One that can not be used is no reason to give up: others may do.
  connection_.AddIceCandidate(candidate);
}

void PeerLink::ResumeMessages() {
  const auto alive = safety_.Watch();
  for (DataChannel& channel : channels_) {
    if (*alive) channel.ResumeReceiving();
  }
}

std::optional<auth::Fingerprints> PeerLink::fingerprints() const {
  const auto local = connection_.current_local_description();
  const auto own = local ? auth::OnlyFingerprint(local->sdp) : std::nullopt;
  const std::vector<Bytes> remote = connection_.remote_certificates();
  if (!own || remote.empty()) return std::nullopt;
  const auto peer = dtls::FingerprintOf(remote.front(), dtls::HashAlgorithm::kSha256);
  if (!peer || peer->value.size() != auth::Fingerprint256{}.size()) return std::nullopt;
  auth::Fingerprints fingerprints{*own, {}};
  std::copy(peer->value.begin(), peer->value.end(), fingerprints.peer.begin());
  return fingerprints;
}

void PeerLink::OnOpen(std::size_t lane) {
  if (std::exchange(open_[lane], true) || ended_) return;
  if (form_ == LinkForm::kLanes && !(open_[0] && open_[1] && open_[2])) return;
  const auto events = events_;
  if (events->on_linked) events->on_linked();
}

void PeerLink::AdoptChannel(std::size_t lane, DataChannel incoming) {
  adopted_[lane] = true;
  DataChannel& channel = channels_[lane];
  channel = std::move(incoming);
  channel.PauseReceiving();
  DataChannelEvents on;
  on.on_open = [this, lane] { OnOpen(lane); };
  on.on_message = [this, lane](const Message& message) {
    const auto events = events_;
    if (events->on_message) events->on_message(message);
    if (events->on_frame) events->on_frame(lane, message.data);
  };
  on.on_buffered_amount_low = [this] {
    const auto events = events_;
    if (events->on_buffered_amount_low) events->on_buffered_amount_low();
  };
  on.on_closed = [this](std::optional<Error> error) { End(std::move(error)); };
  channel.Subscribe(std::move(on));
}

std::optional<std::size_t> PeerLink::LaneOf(const DataChannel& channel) const {
  if (form_ == LinkForm::kPlain) {
    if (channel.label() != kLabel || adopted_[0]) return std::nullopt;
    return 0;
  }
  if (channel.protocol() != kProtocol) return std::nullopt;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const LaneSpec& spec = kLaneSpecs[lane];
    // A lane that is weaker than it has to be breaks promises; stronger ones do not.
    const bool fits = !spec.reliable || (channel.ordered() && !channel.max_retransmits() &&
                                         !channel.max_packet_life_time());
    if (channel.label() == spec.label && fits && !adopted_[lane]) return lane;
  }
  return std::nullopt;
}

void PeerLink::OnIncomingChannel(DataChannel channel) {
  if (const auto lane = LaneOf(channel)) {
    AdoptChannel(*lane, std::move(channel));
    return;
  }
  // One lane twice, or one that is none: nobody's. Without a handle it closes.
  if (form_ == LinkForm::kLanes && channel.protocol() == kProtocol) return;
  const auto events = events_;
  if (events->on_data_channel) {
    events->on_data_channel(std::move(channel));
  } else if (waiting_.size() < kMaxWaitingChannels) {
    waiting_.push_back(std::move(channel));
  }
}

void PeerLink::SetEvents(PeerLinkEvents replacement) {
  const auto events = std::make_shared<const PeerLinkEvents>(std::move(replacement));
  events_ = events;
  if (!events->on_data_channel) return;
  const auto alive = safety_.Watch();
  std::vector<DataChannel> waiting = std::exchange(waiting_, {});
  for (DataChannel& channel : waiting) {
    events->on_data_channel(std::move(channel));
    if (!*alive) return;
  }
}

void PeerLink::OnDescription(Result<SessionDescription> description) {
  if (!description) {
    End(description.error());
    return;
  }
  described_ = true;
  const auto events = events_;
  if (events->on_description) events->on_description(description->sdp);
}

void PeerLink::Renegotiate(bool restart) {
  if (!restart) {
    connection_.SetLocalDescription(
        [this, alive = safety_.Watch()](Result<SessionDescription> description) {
          if (*alive) OnLocal(std::move(description));
        });
    return;
  }
  if (connection_.signaling_state() == SignalingState::kHaveLocalOffer) RollBack();
  connection_.CreateOffer({.ice_restart = true}, [this, alive = safety_.Watch()](
                                                     Result<SessionDescription> offer) {
    if (!*alive) return;
    if (!offer) {
      Refused(offer.error());
      return;
    }
    connection_.SetLocalDescription(*offer, [this, alive, offer = *offer](Result<void> applied) {
      if (!*alive) return;
      if (applied) {
        OnLocal(offer);
      } else {
        Refused(applied.error());
      }
    });
  });
}

void PeerLink::TakeRemote(SessionDescription description) {
  const bool offer = description.type == SdpType::kOffer;
  connection_.SetRemoteDescription(std::move(description),
                                   [this, offer, alive = safety_.Watch()](Result<void> applied) {
                                     if (!*alive) return;
                                     if (!applied) {
                                       Refused(applied.error());
                                     } else if (offer) {
                                       Renegotiate(false);
                                     }
                                   });
}

void PeerLink::RollBack() {
  connection_.SetLocalDescription({SdpType::kRollback, {}}, [](Result<void>) {});
}

void PeerLink::OnLocal(Result<SessionDescription> description) {
  if (!description) {
    Refused(description.error());
    return;
  }
  const auto events = events_;
  if (events->on_local) events->on_local(*description);
}

void PeerLink::Refused(const Error& error) {
  if (LogWanted(LogLevel::kWarning)) {
    Log(LogLevel::kWarning, "session: a later description was not applied: " + ToString(error));
  }
  const auto events = events_;
  if (events->on_refused) events->on_refused();
}

void PeerLink::OnConnectionState(PeerConnectionState state, const std::optional<Error>& error) {
  switch (state) {
    case PeerConnectionState::kNew:
    case PeerConnectionState::kConnecting:
      return;
    case PeerConnectionState::kConnected: {
      const auto events = events_;
      if (events->on_quiet) events->on_quiet(false);
      return;
    }
    case PeerConnectionState::kDisconnected: {  // may heal; consent turns it into kFailed
      const auto events = events_;
      if (events->on_quiet) events->on_quiet(true);
      return;
    }
    case PeerConnectionState::kFailed:
    case PeerConnectionState::kClosed:
      OnConnectionOver(state, error);
      return;
  }
}

void PeerLink::OnConnectionOver(PeerConnectionState state, std::optional<Error> error) {
  if (state == PeerConnectionState::kFailed && !error) {
    error = Error{Errc::kIceFailed, "the connection to the other end was lost"};
  }
  const auto alive = safety_.Watch();
  End(std::move(error));
  if (!*alive) return;
  const auto events = events_;
  if (events->on_gone) events->on_gone();
}

void PeerLink::End(std::optional<Error> error) {
  if (std::exchange(ended_, true)) return;
  const auto events = events_;
  if (events->on_ended) events->on_ended(std::move(error));
}

}  // namespace pairwire

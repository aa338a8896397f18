// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/peer_link.h"

#include <pairwire/network.h>

#include <utility>

namespace pairwire {

Result<std::unique_ptr<PeerLink>> PeerLink::Create(Network& network,
                                                   PeerConfiguration configuration,
                                                   PeerLinkEvents events) {
  std::unique_ptr<PeerLink> link(new PeerLink(std::move(events)));
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
  return on;
}

void PeerLink::Offer() {
  AdoptChannel(connection_.CreateDataChannel(kLabel));
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

void PeerLink::AdoptChannel(DataChannel channel) {
  has_channel_ = true;
  channel_ = std::move(channel);
  channel_.PauseReceiving();
  DataChannelEvents on;
  on.on_open = [this] {
    const auto events = events_;
    if (events->on_linked && !ended_) events->on_linked();
  };
  on.on_message = [this](const Message& message) {
    const auto events = events_;
    if (events->on_message) events->on_message(message);
  };
  on.on_buffered_amount_low = [this] {
    const auto events = events_;
    if (events->on_buffered_amount_low) events->on_buffered_amount_low();
  };
  on.on_closed = [this](std::optional<Error> error) { End(std::move(error)); };
  channel_.Subscribe(std::move(on));
}

void PeerLink::OnIncomingChannel(DataChannel channel) {
  if (!has_channel_ && channel.label() == kLabel) {
    AdoptChannel(std::move(channel));
    return;
  }
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
  const auto events = events_;
  if (events->on_description) events->on_description(description->sdp);
}

void PeerLink::OnConnectionState(PeerConnectionState state, const std::optional<Error>& error) {
  switch (state) {
    case PeerConnectionState::kNew:
    case PeerConnectionState::kConnecting:
    case PeerConnectionState::kConnected:
    case PeerConnectionState::kDisconnected:  // may heal; consent freshness turns it into kFailed
      return;
    case PeerConnectionState::kFailed:
      End(error.value_or(Error{Errc::kIceFailed, "the connection to the other end was lost"}));
      return;
    case PeerConnectionState::kClosed:
      End(error);
      return;
  }
}

void PeerLink::End(std::optional<Error> error) {
  if (std::exchange(ended_, true)) return;
  const auto events = events_;
  if (events->on_ended) events->on_ended(std::move(error));
}

}  // namespace pairwire

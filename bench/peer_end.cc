// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/peer_end.h"

#include <string>
#include <utility>

namespace pairwire::bench {

Json ToJson(const IceCandidate& candidate) {
  Json signal = {{"candidate", candidate.candidate}};
  if (candidate.sdp_mid) signal["mid"] = *candidate.sdp_mid;
  if (candidate.sdp_mline_index) signal["index"] = *candidate.sdp_mline_index;
  if (candidate.username_fragment) signal["ufrag"] = *candidate.username_fragment;
  return signal;
}

IceCandidate CandidateFromJson(const Json& signal) {
  IceCandidate candidate{.candidate = signal.value("candidate", "")};
  if (signal.contains("mid")) candidate.sdp_mid = signal.value("mid", "");
  if (signal.contains("index")) candidate.sdp_mline_index = signal.value("index", 0);
  if (signal.contains("ufrag")) candidate.username_fragment = signal.value("ufrag", "");
  return candidate;
}

Result<std::unique_ptr<PeerEnd>> PeerEnd::Create(Network& network, PeerConfiguration configuration,
                                                 PeerEndEvents events) {
  std::unique_ptr<PeerEnd> end(new PeerEnd(std::move(events)));
  PeerConnectionEvents handlers;
  handlers.on_ice_candidate = [end = end.get()](const IceCandidate& candidate) {
    end->events_.on_signal(ToJson(candidate));
  };
  handlers.on_data_channel = [end = end.get()](DataChannel channel) {
    if (end->events_.on_channel) end->events_.on_channel(std::move(channel));
  };
  handlers.on_connection_state_change = [end = end.get()](PeerConnectionState state,
                                                          const std::optional<Error>& error) {
    if (state != PeerConnectionState::kFailed && state != PeerConnectionState::kClosed) return;
    end->OnFailed(error.value_or(Error{Errc::kClosed, "the connection closed"}));
  };
  auto connection = network.CreatePeerConnection(std::move(configuration), std::move(handlers));
  if (!connection) return tl::unexpected<Error>(connection.error());
  end->connection_ = *std::move(connection);
  return end;
}

void PeerEnd::Offer() { SetLocal(); }

void PeerEnd::SetLocal() {
  connection_.SetLocalDescription([this](Result<SessionDescription> description) {
    if (!description) return OnFailed(description.error());
    events_.on_signal({{std::string(ToString(description->type)), description->sdp}});
  });
}

void PeerEnd::OnSignal(const Json& signal) {
  const auto failed = [this](const Result<void>& done) {
    if (!done) OnFailed(done.error());
  };
  if (signal.contains("offer")) {
    connection_.SetRemoteDescription({SdpType::kOffer, signal.value("offer", "")}, failed);
    SetLocal();
  } else if (signal.contains("answer")) {
    connection_.SetRemoteDescription({SdpType::kAnswer, signal.value("answer", "")}, failed);
  } else if (signal.contains("candidate")) {
    connection_.AddIceCandidate(CandidateFromJson(signal), failed);
  }
}

void PeerEnd::OnFailed(const Error& error) {
  if (std::exchange(failed_, true)) return;
  events_.on_failed(error);
}

}  // namespace pairwire::bench

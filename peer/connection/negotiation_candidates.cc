// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Negotiation's half about candidates (RFC 8838, RFC 8840), and the descriptions that show them.
#include <algorithm>
#include <string_view>
#include <utility>

#include "peer/connection/negotiation.h"

namespace pairwire {

CandidateTarget Negotiation::TargetOf(const RemoteSide& side) {
  return {side.description, side.data->index, side.data->transport_index};
}

std::optional<IceCandidate> Negotiation::AddLocalCandidate(std::uint32_t generation,
                                                           const std::string& line) {
  const LocalGeneration* known = generations_.AddCandidate(generation, line);
  if (known == nullptr) return std::nullopt;
  IceCandidate dressed{line, "0", 0, known->ice.ufrag};
  const LocalSide* local = LatestLocal();
  const sdp::Description* description = nullptr;
  std::size_t index = 0;
  if (local != nullptr && local->data_index) {
    description = &local->description;
    index = TransportOf(*description, *local->data_index);
  } else if (pending_remote_ && pending_remote_->data) {
    // Ours was rolled back while it gathered: the answer will have the other end's section.
    description = &pending_remote_->description;
    index = pending_remote_->data->transport_index;
  }
  if (description != nullptr) {
    dressed.sdp_mid = description->media[index].mid;
    dressed.sdp_mline_index = static_cast<int>(index);
  }
  return dressed;
}

Result<Negotiation::CandidateAction> Negotiation::AddRemoteCandidate(
    const IceCandidate& candidate) {
  if (state_ == SignalingState::kClosed) {
    return Fail(Errc::kClosed, "the connection is closed");
  }
  auto clean = RemoteCandidates::Clean(candidate);
  if (!clean) return tl::unexpected(std::move(clean).error());
  CandidateAction action;
  std::optional<CandidateTarget> in_force;
  std::optional<CandidateTarget> pending;
  if (const RemoteSide* latest = LatestRemote()) {
    const auto known = RemoteCandidates::CheckSection(latest->description, *clean);
    if (!known) return tl::unexpected(known.error());
    if (!latest->data) return action;
    const bool is_settled = settled_ && !latest->restarts;
    (is_settled ? in_force : pending).emplace(TargetOf(*latest));
    if (settled_ && latest->restarts && current_remote_ && current_remote_->data) {
      in_force.emplace(TargetOf(*current_remote_));
    }
  }
  const auto* pending_target = pending ? &*pending : nullptr;
  switch (remote_candidates_.RouteOf(*clean, in_force ? &*in_force : nullptr, pending_target)) {
    case RemoteCandidates::Route::kIgnore:
      return action;
    case RemoteCandidates::Route::kWait: {
      auto waits = remote_candidates_.Wait(std::move(*clean), pending_target);
      if (!waits) return tl::unexpected(std::move(waits).error());
      return action;
    }
    case RemoteCandidates::Route::kNow:
      break;
  }
  if (clean->candidate.empty()) {
    remote_candidates_.SetDone();
    action.done = true;
    return action;
  }
  const auto is_new = remote_candidates_.Learn(clean->candidate);
  if (!is_new) return tl::unexpected(is_new.error());
  if (*is_new) action.candidate = std::move(clean->candidate);
  return action;
}

SessionDescription Negotiation::Print(const LocalSide& side) const {
  sdp::Description description = side.description;
  if (side.data_index) {
    auto& section = description.media[TransportOf(description, *side.data_index)];
    // A generation that was made for this description and has not started has none.
    if (const auto* entry = generations_.Find(side.generation)) {
      section.candidates = entry->candidates;
      section.end_of_candidates = entry->done;
    }
  }
  return {side.type, sdp::Serialize(description)};
}

SessionDescription Negotiation::Print(const RemoteSide& side) const {
  sdp::Description description = side.description;
  if (side.data && !side.retired) {
    auto& section = description.media[side.data->transport_index];
    section.candidates = remote_candidates_.Preview(TargetOf(side), settled_ && side.restarts,
                                                    section.end_of_candidates);
  }
  return {side.type, sdp::Serialize(description)};
}

// Its generation is over: it keeps the candidates that it had.
void Negotiation::Retire(RemoteSide& side) {
  auto& section = side.description.media[side.data->transport_index];
  section.candidates = remote_candidates_.known();
  section.end_of_candidates = remote_candidates_.done();
  side.retired = true;
}

std::optional<SessionDescription> Negotiation::current_local_description() const {
  if (!current_local_) return std::nullopt;
  return Print(*current_local_);
}

std::optional<SessionDescription> Negotiation::pending_local_description() const {
  if (!pending_local_) return std::nullopt;
  return Print(*pending_local_);
}

std::optional<SessionDescription> Negotiation::current_remote_description() const {
  if (!current_remote_) return std::nullopt;
  return Print(*current_remote_);
}

std::optional<SessionDescription> Negotiation::pending_remote_description() const {
  if (!pending_remote_) return std::nullopt;
  return Print(*pending_remote_);
}

std::optional<SessionDescription> Negotiation::local_description() const {
  return pending_local_ ? pending_local_description() : current_local_description();
}

std::optional<SessionDescription> Negotiation::remote_description() const {
  return pending_remote_ ? pending_remote_description() : current_remote_description();
}

std::optional<bool> Negotiation::can_trickle_ice_candidates() const {
  const RemoteSide* remote = LatestRemote();
  if (remote == nullptr) return std::nullopt;
  // Whole words; libdatachannel joins them by commas.
  const auto says_trickle = [](std::string_view option) {
    while (!option.empty()) {
      const std::size_t comma = option.find(',');
      if (option.substr(0, comma) == "trickle") return true;
      option.remove_prefix(comma == std::string_view::npos ? option.size() : comma + 1);
    }
    return false;
  };
  const auto& media = remote->description.media;
  return std::any_of(media.begin(), media.end(), [&](const sdp::MediaSection& section) {
    const auto& options = section.ice_options;
    return std::any_of(options.begin(), options.end(), says_trickle);
  });
}

}  // namespace pairwire

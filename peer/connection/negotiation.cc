// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/connection/negotiation.h"

#include <string_view>
#include <utility>

namespace pairwire {
namespace {

tl::unexpected<Error> Closed() { return Fail(Errc::kClosed, "the connection is closed"); }

tl::unexpected<Error> WrongState(std::string_view what, SignalingState state) {
  return Fail(Errc::kInvalidState,
              std::string(what) + " is not possible in " + std::string(ToString(state)));
}

bool IsCandidateLine(std::string_view line) {
  return line.starts_with("a=candidate:") || line == "a=end-of-candidates";
}

// The lines of `text` that are no candidates, with CRLF: applications may have sent candidates
// along or not, and may have kept the text with other line ends.
std::string WithoutCandidates(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!IsCandidateLine(line)) out.append(line).append("\r\n");
  }
  return out;
}

bool IsSameText(const std::string& text, const sdp::Description& made) {
  return WithoutCandidates(text) == sdp::Serialize(made);
}

tl::unexpected<Error> Modified() {
  return Fail(
      Errc::kInvalidArgument,
      "the description was modified, or made before the last change: only what CreateOffer or "
      "CreateAnswer made can be set");
}

}  // namespace

Negotiation::Negotiation(LocalParameters local) : local_(std::move(local)) {}

const Negotiation::LocalSide* Negotiation::LatestLocal() const {
  if (pending_local_) return &*pending_local_;
  return current_local_ ? &*current_local_ : nullptr;
}

const Negotiation::RemoteSide* Negotiation::LatestRemote() const {
  if (pending_remote_) return &*pending_remote_;
  return current_remote_ ? &*current_remote_ : nullptr;
}

Negotiation::LocalSide Negotiation::NextOffer() const {
  const sdp::Description* previous = current_local_ ? &current_local_->description : nullptr;
  return {SdpType::kOffer, MakeOffer(local_, version_ + 1, previous, data_index_),
          data_index_.value_or(0)};
}

Negotiation::LocalSide Negotiation::NextAnswer() const {
  LocalSide side;
  side.type = SdpType::kAnswer;
  auto setup = sdp::Setup::kActive;
  if (pending_remote_->data) {
    side.data_index = pending_remote_->data->index;
    std::optional<bool> was_client;
    if (settled_) was_client = settled_->dtls_client;
    if (!AnswerAsClient(pending_remote_->data->setup, was_client)) setup = sdp::Setup::kPassive;
  }
  side.description =
      MakeAnswer(local_, version_ + 1, pending_remote_->description, side.data_index, setup);
  return side;
}

SessionDescription Negotiation::Print(const LocalSide& side) const {
  sdp::Description description = side.description;
  if (side.data_index) {
    auto& section = description.media[*side.data_index];
    section.candidates = local_candidates_;
    section.end_of_candidates = local_candidates_done_;
  }
  return {side.type, sdp::Serialize(description)};
}

Result<SessionDescription> Negotiation::CreateOffer() const {
  switch (state_) {
    case SignalingState::kStable:
    case SignalingState::kHaveLocalOffer:
      return Print(NextOffer());
    case SignalingState::kHaveRemoteOffer:
    case SignalingState::kHaveLocalPranswer:
    case SignalingState::kHaveRemotePranswer:
      return WrongState("an offer", state_);
    case SignalingState::kClosed:
      break;
  }
  return Closed();
}

Result<SessionDescription> Negotiation::CreateAnswer() const {
  switch (state_) {
    case SignalingState::kHaveRemoteOffer:
    case SignalingState::kHaveLocalPranswer:
      return Print(NextAnswer());
    case SignalingState::kStable:
    case SignalingState::kHaveLocalOffer:
    case SignalingState::kHaveRemotePranswer:
      return WrongState("an answer", state_);
    case SignalingState::kClosed:
      break;
  }
  return Closed();
}

Result<SessionDescription> Negotiation::CreateImplicit() const {
  const bool answers =
      state_ == SignalingState::kHaveRemoteOffer || state_ == SignalingState::kHaveLocalPranswer;
  return answers ? CreateAnswer() : CreateOffer();
}

Result<Applied> Negotiation::SetLocal(const SessionDescription& description) {
  if (state_ == SignalingState::kClosed) return Closed();
  switch (description.type) {
    case SdpType::kOffer:
      return SetLocalOffer(description);
    case SdpType::kPranswer:
    case SdpType::kAnswer:
      return SetLocalAnswer(description);
    case SdpType::kRollback:
      break;
  }
  if (state_ != SignalingState::kHaveLocalOffer) return WrongState("rollback of our offer", state_);
  pending_local_.reset();
  SetState(SignalingState::kStable);
  return Applied{};
}

Result<Applied> Negotiation::SetRemote(const SessionDescription& description) {
  if (state_ == SignalingState::kClosed) return Closed();
  const bool stable = state_ == SignalingState::kStable;
  const bool have_local = state_ == SignalingState::kHaveLocalOffer;
  const bool have_remote = state_ == SignalingState::kHaveRemoteOffer;
  if (description.type == SdpType::kRollback) {
    if (!have_remote) return WrongState("rollback of the other end's offer", state_);
    pending_remote_.reset();
    SetState(SignalingState::kStable);
    return Applied{};
  }
  const bool is_offer = description.type == SdpType::kOffer;
  const bool answerable = have_local || state_ == SignalingState::kHaveRemotePranswer;
  if (is_offer && !(stable || have_local || have_remote)) {
    return WrongState("an offer of the other end", state_);
  }
  if (!is_offer && !answerable) return WrongState("an answer of the other end", state_);
  auto parsed = sdp::Parse(description.sdp);
  if (!parsed) return tl::unexpected(std::move(parsed).error());
  if (is_offer) return SetRemoteOffer(std::move(*parsed));
  return SetRemoteAnswer(description.type, std::move(*parsed));
}

Result<Applied> Negotiation::SetLocalOffer(const SessionDescription& description) {
  if (state_ != SignalingState::kStable && state_ != SignalingState::kHaveLocalOffer) {
    return WrongState("an offer of ours", state_);
  }
  // The same offer once more changes nothing.
  if (pending_local_ && IsSameText(description.sdp, pending_local_->description)) return Applied{};
  LocalSide offer = NextOffer();
  if (!IsSameText(description.sdp, offer.description)) return Modified();
  Applied applied;
  ApplyLocal(std::move(offer), applied);
  SetState(SignalingState::kHaveLocalOffer);
  return applied;
}

Result<Applied> Negotiation::SetLocalAnswer(const SessionDescription& description) {
  if (state_ != SignalingState::kHaveRemoteOffer && state_ != SignalingState::kHaveLocalPranswer) {
    return WrongState("an answer of ours", state_);
  }
  // A pranswer may become the answer as it is.
  const bool again = pending_local_ && IsSameText(description.sdp, pending_local_->description);
  LocalSide answer = again ? *pending_local_ : NextAnswer();
  if (!again && !IsSameText(description.sdp, answer.description)) return Modified();
  answer.type = description.type;
  Applied applied;
  if (pending_remote_->data) {
    const auto setup = answer.description.media[*answer.data_index].setup;
    Settle(*pending_remote_, false, setup == sdp::Setup::kActive, applied);
  }
  const auto data_index = answer.data_index;
  ApplyLocal(std::move(answer), applied);
  if (description.type == SdpType::kPranswer) {
    SetState(SignalingState::kHaveLocalPranswer);
    return applied;
  }
  applied.rejected = data_index_ && !data_index;
  FinishExchange(data_index);
  return applied;
}

Result<Applied> Negotiation::SetRemoteOffer(sdp::Description description) {
  if (current_local_) {
    const auto follows = CheckOfferFollows(current_local_->description, data_index_, description);
    if (!follows) return tl::unexpected(follows.error());
  }
  RemoteSide remote{SdpType::kOffer, std::move(description), std::nullopt};
  // The data section that there is, while it lives; else the first.
  const auto index = FindData(remote.description, data_index_);
  if (index) {
    auto data = ReadData(remote.description, *index);
    if (!data) return tl::unexpected(std::move(data).error());
    if (settled_) {
      const bool client = AnswerAsClient(data->setup, settled_->dtls_client);
      if (const auto same = CheckSame(*data, client); !same) return tl::unexpected(same.error());
    }
    remote.data = std::move(*data);
  }
  Applied applied;
  pending_local_.reset();  // implicit rollback, if there is something to roll back
  pending_remote_ = std::move(remote);
  if (settled_) TakeCandidates(*pending_remote_, applied);
  SetState(SignalingState::kHaveRemoteOffer);
  return applied;
}

Result<Applied> Negotiation::SetRemoteAnswer(SdpType type, sdp::Description description) {
  const auto fits = CheckAnswerFits(pending_local_->description, description);
  if (!fits) return tl::unexpected(fits.error());
  RemoteSide remote{type, std::move(description), std::nullopt};
  const std::size_t index = *pending_local_->data_index;
  bool client = false;
  if (!remote.description.media[index].IsRejected()) {
    auto data = ReadData(remote.description, index);
    if (!data) return tl::unexpected(std::move(data).error());
    const auto role = ClientByAnswer(data->setup);
    if (!role) return tl::unexpected(role.error());
    client = *role;
    if (const auto same = CheckSame(*data, client); !same) return tl::unexpected(same.error());
    remote.data = std::move(*data);
  }
  Applied applied;
  pending_remote_ = std::move(remote);
  if (pending_remote_->data) Settle(*pending_remote_, true, client, applied);
  if (type == SdpType::kPranswer) {
    SetState(SignalingState::kHaveRemotePranswer);
    return applied;
  }
  applied.rejected = !pending_remote_->data;
  FinishExchange(applied.rejected ? std::nullopt : std::optional(index));
  return applied;
}

Result<void> Negotiation::CheckSame(const RemoteData& data, bool dtls_client) const {
  if (!settled_) return {};
  const auto& before = settled_->remote;
  const auto& now = data.parameters;
  if (now.ice_ufrag != before.ice_ufrag || now.ice_pwd != before.ice_pwd) {
    return Fail(Errc::kUnsupported,
                "the other end asks for an ICE restart, which is not supported yet");
  }
  if (now.fingerprints != before.fingerprints) {
    return Fail(Errc::kUnsupported,
                "the other end's fingerprints changed: a new DTLS association is "
                "not supported");
  }
  if (dtls_client != settled_->dtls_client) {
    return Fail(Errc::kUnsupported,
                "a=setup would change the DTLS roles of a connection that is up");
  }
  if (now.sctp_port != before.sctp_port) {
    return Fail(Errc::kUnsupported, "a=sctp-port changed: a new SCTP association is not supported");
  }
  return {};
}

void Negotiation::ApplyLocal(LocalSide side, Applied& applied) {
  version_ = side.description.session_version;
  // Without a data section there is nothing to gather for.
  if (side.data_index) applied.start_gathering = !std::exchange(gathering_started_, true);
  pending_local_ = std::move(side);
}

void Negotiation::Settle(const RemoteSide& remote, bool we_offered, bool dtls_client,
                         Applied& applied) {
  if (!settled_) {
    settled_ = Settled{remote.data->parameters, dtls_client};
    applied.remote = remote.data->parameters;
    // RFC 8445 section 6.1.1: the end that made the offer controls, but a lite end never does.
    applied.ice_controlling = we_offered || remote.data->parameters.ice_lite;
    applied.dtls_client = dtls_client;
  }
  TakeCandidates(remote, applied);
}

void Negotiation::TakeCandidates(const RemoteSide& remote, Applied& applied) {
  if (!remote.data) return;
  const bool was_done = remote_candidates_.done();
  applied.remote_candidates = remote_candidates_.Release(
      {remote.description, remote.data->index, remote.data->transport_index});
  applied.remote_candidates_done = remote_candidates_.done() && !was_done;
}

void Negotiation::FinishExchange(std::optional<std::size_t> data_index) {
  current_local_ = std::exchange(pending_local_, std::nullopt);
  current_remote_ = std::exchange(pending_remote_, std::nullopt);
  data_index_ = data_index;
  SetState(SignalingState::kStable);
}

IceCandidate Negotiation::AddLocalCandidate(const std::string& line) {
  if (line.empty()) {
    local_candidates_done_ = true;
  } else if (local_candidates_.size() < sdp::kMaxCandidates) {
    // More than this would make our own description one that the other end refuses.
    local_candidates_.push_back(line);
  }
  IceCandidate dressed{line, "0", 0, local_.ice_ufrag};
  const LocalSide* local = LatestLocal();
  if (local != nullptr && local->data_index) {
    dressed.sdp_mid = local->description.media[*local->data_index].mid;
    dressed.sdp_mline_index = static_cast<int>(*local->data_index);
  } else if (pending_remote_ && pending_remote_->data) {
    // Ours was rolled back while it gathered: the answer will have the other end's section.
    dressed.sdp_mid = pending_remote_->description.media[pending_remote_->data->index].mid;
    dressed.sdp_mline_index = static_cast<int>(pending_remote_->data->index);
  }
  return dressed;
}

Result<Negotiation::CandidateAction> Negotiation::AddRemoteCandidate(
    const IceCandidate& candidate) {
  if (state_ == SignalingState::kClosed) return Closed();
  auto clean = RemoteCandidates::Clean(candidate);
  if (!clean) return tl::unexpected(std::move(clean).error());
  CandidateAction action;
  const RemoteSide* remote =
      settled_ ? LatestRemote() : (pending_remote_ ? &*pending_remote_ : nullptr);
  if (remote != nullptr) {
    const auto known = RemoteCandidates::CheckSection(remote->description, *clean);
    if (!known) return tl::unexpected(known.error());
    if (!remote->data) return action;
    const CandidateTarget target{remote->description, remote->data->index,
                                 remote->data->transport_index};
    if (!RemoteCandidates::Belongs(target, *clean)) return action;
  }
  if (!settled_) {
    if (auto waits = remote_candidates_.Wait(std::move(*clean)); !waits) {
      return tl::unexpected(std::move(waits).error());
    }
    return action;
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

std::optional<SessionDescription> Negotiation::local_description() const {
  const LocalSide* side = LatestLocal();
  if (side == nullptr) return std::nullopt;
  return Print(*side);
}

std::optional<SessionDescription> Negotiation::remote_description() const {
  const RemoteSide* side = LatestRemote();
  if (side == nullptr) return std::nullopt;
  sdp::Description description = side->description;
  if (side->data) {
    auto& section = description.media[side->data->transport_index];
    section.candidates = remote_candidates_.Preview(
        {side->description, side->data->index, side->data->transport_index},
        section.end_of_candidates);
  }
  return SessionDescription{side->type, sdp::Serialize(description)};
}

void Negotiation::Close() { SetState(SignalingState::kClosed); }

}  // namespace pairwire

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

Negotiation::Negotiation(LocalParameters local, std::function<IceParameters()> make_ice)
    : local_(std::move(local)), generations_(std::move(make_ice)) {}

const Negotiation::LocalSide* Negotiation::LatestLocal() const {
  if (pending_local_) return &*pending_local_;
  return current_local_ ? &*current_local_ : nullptr;
}

const Negotiation::RemoteSide* Negotiation::LatestRemote() const {
  if (pending_remote_) return &*pending_remote_;
  return current_remote_ ? &*current_remote_ : nullptr;
}

// Something was applied: what was made before does not fit any more.
void Negotiation::Changed() {
  last_offer_.reset();
  last_answer_.reset();
}

bool Negotiation::RestartsNext(OfferOptions options) const {
  if (!settled_ || !data_index_) return false;
  if (replace_up_to_ && generations_.latest() <= *replace_up_to_) return true;
  // A restart that is on its way already serves (W3C: other than in currentLocalDescription).
  return options.ice_restart && !generations_.has_pending();
}

const Negotiation::LocalSide& Negotiation::NextOffer(OfferOptions options) {
  const auto& generation = generations_.For(RestartsNext(options));
  const sdp::Description* previous = current_local_ ? &current_local_->description : nullptr;
  last_offer_ = LocalSide{SdpType::kOffer,
                          MakeOffer(local_, generation.ice, version_ + 1, previous, data_index_),
                          data_index_.value_or(0), generation.number};
  return *last_offer_;
}

const Negotiation::LocalSide& Negotiation::NextAnswer() {
  const auto& data = pending_remote_->data;
  LocalSide side;
  side.type = SdpType::kAnswer;
  auto setup = sdp::Setup::kActive;
  IceParameters ice;
  if (data) {
    side.data_index = data->index;
    std::optional<bool> was_client;
    if (settled_) was_client = settled_->dtls_client;
    if (!AnswerAsClient(data->setup, was_client)) setup = sdp::Setup::kPassive;
    // RFC 8829 section 5.3.1: a restart is answered by one.
    const auto& generation = generations_.For(pending_remote_->restarts);
    side.generation = generation.number;
    ice = generation.ice;
  }
  side.description =
      MakeAnswer(local_, ice, version_ + 1, pending_remote_->description, side.data_index, setup);
  last_answer_ = std::move(side);
  return *last_answer_;
}

Result<SessionDescription> Negotiation::CreateOffer(OfferOptions options) {
  switch (state_) {
    case SignalingState::kStable:
    case SignalingState::kHaveLocalOffer:
      return Print(NextOffer(options));
    case SignalingState::kHaveRemoteOffer:
    case SignalingState::kHaveLocalPranswer:
    case SignalingState::kHaveRemotePranswer:
      return WrongState("an offer", state_);
    case SignalingState::kClosed:
      break;
  }
  return Closed();
}

Result<SessionDescription> Negotiation::CreateAnswer() {
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

Result<SessionDescription> Negotiation::CreateImplicit() {
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
  return Rollback();
}

Result<Applied> Negotiation::SetRemote(const SessionDescription& description) {
  if (state_ == SignalingState::kClosed) return Closed();
  if (description.type == SdpType::kRollback) return Rollback();
  const bool have_local = state_ == SignalingState::kHaveLocalOffer;
  const bool is_offer = description.type == SdpType::kOffer;
  const bool offerable =
      have_local || state_ == SignalingState::kStable || state_ == SignalingState::kHaveRemoteOffer;
  const bool answerable = have_local || state_ == SignalingState::kHaveRemotePranswer;
  if (is_offer && !offerable) return WrongState("an offer of the other end", state_);
  if (!is_offer && !answerable) return WrongState("an answer of the other end", state_);
  auto parsed = sdp::Parse(description.sdp);
  if (!parsed) return tl::unexpected(std::move(parsed).error());
  if (is_offer) return SetRemoteOffer(std::move(*parsed));
  return SetRemoteAnswer(description.type, std::move(*parsed));
}

// RFC 8829 section 5.7: the same from either end.
Result<Applied> Negotiation::Rollback() {
  if (state_ != SignalingState::kHaveLocalOffer && state_ != SignalingState::kHaveRemoteOffer) {
    return WrongState("rollback", state_);
  }
  Applied applied;
  ForgetRemoteOffer();
  pending_local_.reset();
  pending_remote_.reset();
  applied.drop_gathering = generations_.Rollback();
  Changed();
  SetState(SignalingState::kStable);
  return applied;
}

Result<Applied> Negotiation::SetLocalOffer(const SessionDescription& description) {
  if (state_ != SignalingState::kStable && state_ != SignalingState::kHaveLocalOffer) {
    return WrongState("an offer of ours", state_);
  }
  // The same offer once more changes nothing.
  if (pending_local_ && IsSameText(description.sdp, pending_local_->description)) return Applied{};
  if (description.sdp.empty() && !last_offer_) NextOffer({});
  const bool fits = last_offer_ && (description.sdp.empty() ||
                                    IsSameText(description.sdp, last_offer_->description));
  if (!fits) return Modified();
  Applied applied;
  ApplyLocal(*last_offer_, applied);
  Changed();
  SetState(SignalingState::kHaveLocalOffer);
  return applied;
}

Result<Applied> Negotiation::SetLocalAnswer(const SessionDescription& description) {
  if (state_ != SignalingState::kHaveRemoteOffer && state_ != SignalingState::kHaveLocalPranswer) {
    return WrongState("an answer of ours", state_);
  }
  // A pranswer may become the answer as it is.
  const bool again = pending_local_ && IsSameText(description.sdp, pending_local_->description);
  if (description.sdp.empty() && !last_answer_) NextAnswer();
  const bool fits = last_answer_ && (description.sdp.empty() ||
                                     IsSameText(description.sdp, last_answer_->description));
  if (!again && !fits) return Modified();
  LocalSide answer = again ? *pending_local_ : *last_answer_;
  answer.type = description.type;
  Applied applied;
  const auto data_index = answer.data_index;
  const bool is_client =
      data_index && answer.description.media[*data_index].setup == sdp::Setup::kActive;
  ApplyLocal(std::move(answer), applied);
  if (pending_remote_->data) Settle(*pending_remote_, false, is_client, applied);
  Changed();
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
      if (const auto same = CheckSame(*data); !same) return tl::unexpected(same.error());
      const auto restarts = IsRestart(*data);
      if (!restarts) return tl::unexpected(restarts.error());
      remote.restarts = *restarts;
    }
    remote.data = std::move(*data);
  }
  Applied applied;
  // Implicit rollback, if there is something to roll back; the other end's earlier offer goes too.
  const bool same_ufrag =
      pending_remote_ && pending_remote_->data && remote.data &&
      pending_remote_->data->parameters.ice_ufrag == remote.data->parameters.ice_ufrag;
  if (!same_ufrag) ForgetRemoteOffer();
  pending_local_.reset();
  applied.drop_gathering = generations_.Rollback();
  pending_remote_ = std::move(remote);
  if (settled_ && !pending_remote_->restarts) TakeCandidates(*pending_remote_, applied);
  Changed();
  SetState(SignalingState::kHaveRemoteOffer);
  return applied;
}

Result<Applied> Negotiation::SetRemoteAnswer(SdpType type, sdp::Description description) {
  const std::size_t index = *pending_local_->data_index;
  const auto fits = CheckAnswerFits(pending_local_->description, index, description);
  if (!fits) return tl::unexpected(fits.error());
  RemoteSide remote{type, std::move(description), std::nullopt};
  bool client = false;
  if (!remote.description.media[index].IsRejected()) {
    auto data = ReadData(remote.description, index);
    if (!data) return tl::unexpected(std::move(data).error());
    const auto role = ClientByAnswer(data->setup);
    if (!role) return tl::unexpected(role.error());
    client = *role;
    if (const auto same = CheckSame(*data); !same) return tl::unexpected(same.error());
    const auto restarts = IsRestartAnswered(*data);
    if (!restarts) return tl::unexpected(restarts.error());
    remote.restarts = *restarts;
    remote.data = std::move(*data);
  }
  Applied applied;
  pending_remote_ = std::move(remote);
  if (pending_remote_->data) Settle(*pending_remote_, true, client, applied);
  Changed();
  if (type == SdpType::kPranswer) {
    SetState(SignalingState::kHaveRemotePranswer);
    return applied;
  }
  applied.rejected = !pending_remote_->data;
  FinishExchange(applied.rejected ? std::nullopt : std::optional(index));
  return applied;
}

void Negotiation::ApplyLocal(LocalSide side, Applied& applied) {
  version_ = side.description.session_version;
  // Without a data section there is nothing to gather for.
  if (side.data_index) {
    const auto started = generations_.Start(side.generation);
    applied.drop_gathering |= started.dropped;
    applied.gather = started.gather;
  }
  pending_local_ = std::move(side);
}

void Negotiation::ForgetRemoteOffer() {
  if (!pending_remote_ || !pending_remote_->data) return;
  // Those for the generation in force stay: rolling back an offer does not undo it.
  if (settled_ && !pending_remote_->restarts) return;
  remote_candidates_.Forget(TargetOf(*pending_remote_));
}

void Negotiation::FinishExchange(std::optional<std::size_t> data_index) {
  current_local_ = std::exchange(pending_local_, std::nullopt);
  current_remote_ = std::exchange(pending_remote_, std::nullopt);
  data_index_ = data_index;
  generations_.Complete();
  remote_candidates_.ForgetWaiting();
  if (replace_up_to_ && generations_.latest() > *replace_up_to_) replace_up_to_.reset();
  SetState(SignalingState::kStable);
}

void Negotiation::RequestIceRestart() {
  const LocalSide* local = LatestLocal();
  if (state_ == SignalingState::kClosed || local == nullptr || !local->data_index) return;
  replace_up_to_ = generations_.latest();
}

bool Negotiation::negotiation_needed() const {
  if (state_ != SignalingState::kStable) return false;
  if (replace_up_to_ && settled_ && data_index_) return true;
  // An offer of ours that was refused is not repeated by itself.
  return wants_data_ && !(current_local_ && current_local_->data_index);
}

void Negotiation::Close() { SetState(SignalingState::kClosed); }

}  // namespace pairwire

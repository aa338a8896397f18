// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "peer/auth/auth_failed.h"
#include "peer/auth/pairing_exchange.h"
#include "peer/base/log.h"

namespace pairwire::auth {

std::string_view ToString(DisplayExchangeState state) {
  switch (state) {
    case DisplayExchangeState::kWaiting:
      return "waiting";
    case DisplayExchangeState::kOffering:
      return "offering";
    case DisplayExchangeState::kAwaitingAnswer:
      return "awaiting_answer";
    case DisplayExchangeState::kEstablished:
      return "established";
    case DisplayExchangeState::kFailed:
      return "failed";
  }
  return "";
}

DisplayExchange::DisplayExchange(CodeGuard& guard, Features features, RandomSource& random)
    : PairingEnd(PairingRole::kDisplay, std::move(features), random), guard_(&guard) {}

DisplayExchange::DisplayExchange(SplitCode meeting, Features features, RandomSource& random)
    : PairingEnd(PairingRole::kDisplay, std::move(features), random),
      guard_(nullptr),
      meeting_(std::move(meeting)) {}

DisplayExchange::~DisplayExchange() { LetGoOfGuard(); }

void DisplayExchange::LetGoOfGuard() {
  if (run_) guard_->FailRun(*run_);
  run_.reset();
  guard_ = nullptr;
}

void DisplayExchange::SetState(DisplayExchangeState state, std::string_view reason) {
  if (LogWanted(LogLevel::kDebug)) {
    Log(LogLevel::kDebug, "display exchange[" + std::string(ToString(state_)) + "] -> " +
                              std::string(ToString(state)) + ": " + std::string(reason));
  }
  state_ = state;
}

void DisplayExchange::EnterFailed(std::string_view reason) {
  LetGoOfGuard();
  meeting_ = {};
  reply_.clear();
  WipeAll();
  SetState(DisplayExchangeState::kFailed, reason);
}

bool DisplayExchange::may_seal() const {
  return state_ == DisplayExchangeState::kAwaitingAnswer || established();
}

const PairingSecret* DisplayExchange::SecretFor(TimePoint now, const AssociatedData& data,
                                                const PairingSessionId& session_id) {
  if (guard_ == nullptr) {
    return data.secret == meeting_.secret.kind ? &meeting_.secret : nullptr;
  }
  const auto run = guard_->Charge(now, session_id);
  if (!run) return nullptr;
  run_ = *run;
  return data.secret == SecretKind::kUrl ? &guard_->url_secret() : &guard_->letters();
}

Result<void> DisplayExchange::HandleHello(TimePoint now, std::string_view text) {
  if (state_ != DisplayExchangeState::kWaiting) return FailWith("a second hello");
  const auto hello = DecodeHello(text);
  if (!hello) return FailWith("the hello is malformed");
  const auto data = DecodeAssociatedData(hello->data);
  if (!data || data->role != PairingRole::kController) {
    return FailWith("the hello is of another version or role");
  }
  // Paid before there is anything that a guess could be tried on.
  const PairingSecret* const secret = SecretFor(now, *data, hello->session_id);
  if (secret == nullptr) return FailWith("no run: busy, repeated, or no code is open");
  const std::string& lookup = guard_ == nullptr ? meeting_.lookup : guard_->lookup();
  const Bytes own_data = EncodeAssociatedData({role_, own_features_, SecretKind::kLetters});
  CpaceRun cpace(CpaceRun::Role::kResponder, AsBytes(secret->text.view()),
                 ChannelIdentifier(lookup), hello->session_id, own_data, *random_);
  random_ = nullptr;
  const CpacePoint share = cpace.share();
  const auto outcome = cpace.Finish(hello->share, hello->data);
  if (!outcome) return FailWith("the share leads to the identity");
  channel_.emplace(role_, DeriveSessionKeys(outcome->key, hello->session_id, outcome->transcript));
  expected_tag_ = outcome->peer_tag;
  peer_features_ = data->features;
  reply_ = EncodeReply({share, own_data, outcome->own_tag});
  SetState(DisplayExchangeState::kOffering, "a controller knocks");
  return {};
}

Result<PakeMessage> DisplayExchange::Offer(std::string_view room, std::string_view sdp,
                                           const Fingerprint256& own) {
  if (state_ != DisplayExchangeState::kOffering) return WrongState();
  auto box = SealDescription(BoxKind::kOffer, room, sdp, own);
  if (!box) return tl::unexpected(box.error());
  room_ = room;
  SetState(DisplayExchangeState::kAwaitingAnswer, "offered");
  return PakeMessage{std::exchange(reply_, {}), std::move(*box)};
}

Result<PairingDescription> DisplayExchange::HandleAnswer(TimePoint now, const PakeMessage& answer) {
  if (state_ != DisplayExchangeState::kAwaitingAnswer) {
    // Before there is an offer nobody can answer it, and after the answer there is no second one.
    return FailWith("an answer out of turn");
  }
  const auto tag = DecodeConfirmation(answer.pake);
  if (!tag || !EqualInConstantTime(*tag, *expected_tag_)) {
    return FailWith("the controller does not know the code");
  }
  auto description = OpenDescription(BoxKind::kAnswer, room_, answer.box);
  if (!description) return description;
  if (guard_ != nullptr && !guard_->Succeed(now, *run_)) return FailWith("too late");
  run_.reset();
  LetGoOfGuard();
  meeting_ = {};
  expected_tag_.reset();
  features_ = CommonFeatures(own_features_, peer_features_);
  SetState(DisplayExchangeState::kEstablished, "the controller knows the code");
  return description;
}

}  // namespace pairwire::auth

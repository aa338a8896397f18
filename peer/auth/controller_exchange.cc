// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "peer/auth/auth_failed.h"
#include "peer/auth/pairing_exchange.h"
#include "peer/base/log.h"

namespace pairwire::auth {

std::string_view ToString(ControllerExchangeState state) {
  switch (state) {
    case ControllerExchangeState::kStart:
      return "start";
    case ControllerExchangeState::kAwaitingOffer:
      return "awaiting_offer";
    case ControllerExchangeState::kAnswering:
      return "answering";
    case ControllerExchangeState::kEstablished:
      return "established";
    case ControllerExchangeState::kFailed:
      return "failed";
  }
  return "";
}

ControllerExchange::ControllerExchange(SplitCode code, Features features, RandomSource& random)
    : PairingEnd(PairingRole::kController, std::move(features), random),
      lookup_(std::move(code.lookup)),
      secret_(std::move(code.secret)) {}

void ControllerExchange::SetState(ControllerExchangeState state, std::string_view reason) {
  if (LogWanted(LogLevel::kDebug)) {
    Log(LogLevel::kDebug, "controller exchange[" + std::string(ToString(state_)) + "] -> " +
                              std::string(ToString(state)) + ": " + std::string(reason));
  }
  state_ = state;
}

void ControllerExchange::EnterFailed(std::string_view reason) {
  run_.reset();
  secret_ = {};
  own_tag_.reset();
  WipeAll();
  SetState(ControllerExchangeState::kFailed, reason);
}

bool ControllerExchange::may_seal() const { return established(); }

bool ControllerExchange::may_open() const {
  return state_ == ControllerExchangeState::kAnswering || established();
}

Result<std::string> ControllerExchange::Hello() {
  if (state_ != ControllerExchangeState::kStart) return WrongState();
  random_->Fill(session_id_);
  Bytes data = EncodeAssociatedData({role_, own_features_, secret_.kind});
  run_.emplace(CpaceRun::Role::kInitiator, AsBytes(secret_.text.view()), ChannelIdentifier(lookup_),
               session_id_, data, *random_);
  random_ = nullptr;
  // The run has all it needs.
  secret_ = {};
  SetState(ControllerExchangeState::kAwaitingOffer, "the hello is made");
  return EncodeHello({session_id_, run_->share(), std::move(data)});
}

Result<PairingDescription> ControllerExchange::HandleOffer(std::string_view room,
                                                           const PakeMessage& offer) {
  if (state_ != ControllerExchangeState::kAwaitingOffer) {
    // A second offer of before the session: somebody tries twice.
    return state_ == ControllerExchangeState::kStart ? WrongState() : FailWith("a second offer");
  }
  const auto reply = DecodeReply(offer.pake);
  if (!reply) return FailWith("the reply is malformed");
  const auto data = DecodeAssociatedData(reply->data);
  if (!data || data->role != PairingRole::kDisplay) {
    return FailWith("the reply is of another version or role");
  }
  auto outcome = run_->Finish(reply->share, reply->data);
  run_.reset();
  if (!outcome || !EqualInConstantTime(outcome->peer_tag, reply->tag)) {
    return FailWith("the display does not know the code");
  }
  channel_.emplace(role_, DeriveSessionKeys(outcome->key, session_id_, outcome->transcript));
  own_tag_ = outcome->own_tag;
  auto description = OpenDescription(BoxKind::kOffer, room, offer.box);
  if (!description) return description;
  room_ = room;
  features_ = CommonFeatures(own_features_, data->features);
  SetState(ControllerExchangeState::kAnswering, "the display knows the code");
  return description;
}

Result<PakeMessage> ControllerExchange::Answer(std::string_view sdp, const Fingerprint256& own) {
  if (state_ != ControllerExchangeState::kAnswering) return WrongState();
  auto box = SealDescription(BoxKind::kAnswer, room_, sdp, own);
  if (!box) return tl::unexpected(box.error());
  PakeMessage answer{EncodeConfirmation(*own_tag_), std::move(*box)};
  own_tag_.reset();
  SetState(ControllerExchangeState::kEstablished, "answered");
  return answer;
}

}  // namespace pairwire::auth

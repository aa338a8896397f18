// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the two machines of pairing_exchange.h do alike.
#include <utility>

#include "peer/auth/auth_failed.h"
#include "peer/auth/length_values.h"
#include "peer/auth/pairing_exchange.h"
#include "peer/base/check.h"

namespace pairwire::auth {

PairingEnd::PairingEnd(PairingRole role, Features features, RandomSource& random)
    : role_(role), own_features_(std::move(features)), random_(&random) {
  PAIRWIRE_CHECK(CheckFeatures(own_features_).has_value());
}

tl::unexpected<Error> PairingEnd::FailWith(std::string_view reason) {
  if (!failed()) EnterFailed(reason);
  return AuthFailed();
}

tl::unexpected<Error> PairingEnd::WrongState() const {
  if (failed()) return AuthFailed();
  return Fail(Errc::kInvalidState, "the pairing is not at this point");
}

Bytes PairingEnd::ChannelIdentifier(std::string_view lookup) const {
  return LvCat({AsBytes("pair/1"), AsBytes(ToString(PairingRole::kController)),
                AsBytes(ToString(PairingRole::kDisplay)), AsBytes(lookup)});
}

Result<std::string> PairingEnd::Seal(BoxKind kind, ByteSpan text) {
  if (!may_seal()) return WrongState();
  return channel_->Seal(kind, text);
}

Result<Bytes> PairingEnd::Open(BoxKind kind, std::string_view box) {
  // The order in which messages come is the relay's, not the owner's.
  if (!may_open()) return FailWith("a box before its time");
  auto text = channel_->Open(kind, box);
  if (!text) return FailWith("a box does not open");
  return text;
}

Result<std::string> PairingEnd::SealNext(BoxKind kind, std::string_view room, std::string_view sdp,
                                         const Fingerprint256& own) {
  if (!established()) return WrongState();
  return SealDescription(kind, room, sdp, own);
}

Result<PairingDescription> PairingEnd::OpenNext(BoxKind kind, std::string_view room,
                                                std::string_view box) {
  if (!established()) return FailWith("a description before its time");
  return OpenDescription(kind, room, box);
}

std::optional<Fingerprints> PairingEnd::promised() const {
  if (!own_fingerprint_ || !peer_fingerprint_) return std::nullopt;
  return Fingerprints{*own_fingerprint_, *peer_fingerprint_};
}

Result<BindTag> PairingEnd::OwnBindTag(const Fingerprint256& peer_as_seen) {
  if (!established()) return WrongState();
  if (peer_as_seen != *peer_fingerprint_) return FailWith("DTLS has another certificate");
  return channel_->OwnBindTag(*own_fingerprint_, peer_as_seen);
}

Result<void> PairingEnd::CheckBindTag(ByteSpan tag, const Fingerprint256& peer_as_seen) {
  if (!established()) return WrongState();
  if (peer_as_seen != *peer_fingerprint_ ||
      !channel_->CheckBindTag(tag, *own_fingerprint_, peer_as_seen)) {
    return FailWith("the bind tag is wrong");
  }
  return {};
}

Result<Fingerprints> PairingEnd::RelayNames() const {
  if (!established()) return WrongState();
  const PairingRole peer =
      role_ == PairingRole::kController ? PairingRole::kDisplay : PairingRole::kController;
  return Fingerprints{channel_->RelayName(role_), channel_->RelayName(peer)};
}

Result<ResumeKey> PairingEnd::TakeResumeKey() {
  if (!established() || resume_taken_) return WrongState();
  resume_taken_ = true;
  return channel_->TakeResumeKey();
}

Result<std::string> PairingEnd::SealDescription(BoxKind kind, std::string_view room,
                                                std::string_view sdp, const Fingerprint256& own) {
  if (room.size() > kMaxRoomBytes || sdp.size() > kMaxSdpBytes) {
    return Fail(Errc::kLimitExceeded, "the description or the room's id is too long");
  }
  if (OnlyFingerprint(sdp) != own) {
    return Fail(Errc::kInvalidArgument,
                "the description does not promise this certificate and no other");
  }
  auto box =
      channel_->Seal(kind, EncodeDescription(role_, {own, std::string(room), std::string(sdp)}));
  if (box) own_fingerprint_ = own;
  return box;
}

Result<PairingDescription> PairingEnd::OpenDescription(BoxKind kind, std::string_view room,
                                                       std::string_view box) {
  const auto text = channel_->Open(kind, box);
  if (!text) return FailWith("the description's box does not open");
  const PairingRole sender =
      role_ == PairingRole::kController ? PairingRole::kDisplay : PairingRole::kController;
  auto description = DecodeDescription(sender, *text);
  if (!description) return FailWith("the description contradicts itself");
  if (description->room != room) return FailWith("the description is for another room");
  peer_fingerprint_ = description->fingerprint;
  return std::move(*description);
}

void PairingEnd::WipeAll() {
  channel_.reset();
  expected_tag_.reset();
  features_.clear();
  peer_features_.clear();
  own_fingerprint_.reset();
  peer_fingerprint_.reset();
}

}  // namespace pairwire::auth

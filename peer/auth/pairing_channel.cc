// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/auth/pairing_channel.h"

#include <algorithm>

#include "peer/auth/auth_failed.h"
#include "peer/auth/base64url.h"
#include "peer/auth/length_values.h"

namespace pairwire::auth {
namespace {

BoxKey& KeyOf(PairingRole role, SessionKeys& keys) {
  return role == PairingRole::kController ? keys.controller_to_display : keys.display_to_controller;
}

PairingRole Other(PairingRole role) {
  return role == PairingRole::kController ? PairingRole::kDisplay : PairingRole::kController;
}

}  // namespace

std::string_view ToString(BoxKind kind) {
  switch (kind) {
    case BoxKind::kOffer:
      return "offer";
    case BoxKind::kAnswer:
      return "answer";
    case BoxKind::kCandidate:
      return "candidate";
    case BoxKind::kBye:
      return "bye";
    case BoxKind::kFrame:
      return "frame";
  }
  return "";
}

PairingChannel::PairingChannel(PairingRole role, SessionKeys keys)
    : role_(role),
      sealer_(std::move(KeyOf(role, keys))),
      opener_(std::move(KeyOf(Other(role), keys))),
      bind_(std::move(keys.bind)),
      resume_(std::move(keys.resume)) {}

Result<std::string> PairingChannel::Seal(BoxKind kind, ByteSpan text) {
  auto box = sealer_.Seal(ToString(kind), text);
  if (!box) return tl::unexpected(box.error());
  return ToBase64Url(*box);
}

Result<Bytes> PairingChannel::Open(BoxKind kind, std::string_view box) {
  const auto bytes = FromBase64Url(box, kMaxBoxTextBytes + kBoxTagBytes);
  if (!bytes) {
    opener_.Kill();
    return AuthFailed();
  }
  return opener_.Open(ToString(kind), *bytes);
}

BindTag PairingChannel::TagOf(PairingRole role, const Fingerprint256& own,
                              const Fingerprint256& peer) const {
  return HmacSha512(bind_.bytes(), LvCat({AsBytes(ToString(role)), own, peer}));
}

BindTag PairingChannel::OwnBindTag(const Fingerprint256& own,
                                   const Fingerprint256& peer_as_seen) const {
  return TagOf(role_, own, peer_as_seen);
}

bool PairingChannel::CheckBindTag(ByteSpan tag, const Fingerprint256& own,
                                  const Fingerprint256& peer_as_seen) const {
  return EqualInConstantTime(tag, TagOf(Other(role_), peer_as_seen, own));
}

Fingerprint256 PairingChannel::RelayName(PairingRole role) const {
  // Two items: none of the bind tags, which have three.
  const auto tag = HmacSha512(bind_.bytes(), LvCat({AsBytes("relay"), AsBytes(ToString(role))}));
  Fingerprint256 name{};
  std::copy_n(tag.begin(), name.size(), name.begin());
  return name;
}

}  // namespace pairwire::auth

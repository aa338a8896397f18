// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PairingChannel: what an end has once CPace gave it a key: the boxes in both directions, the tag
// that ties the key to the DTLS connection, and the key of later connections. Pure; one of it in
// each exchange (pairing_exchange.h), which says when it may be used.
#ifndef PAIRWIRE_PEER_AUTH_PAIRING_CHANNEL_H_
#define PAIRWIRE_PEER_AUTH_PAIRING_CHANNEL_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "peer/auth/key_schedule.h"
#include "peer/auth/pairing_messages.h"
#include "peer/auth/sealed_box.h"

namespace pairwire::auth {

// What is in a box; part of what its tag covers.
// kFrame: frames of a session that the relay carries.
enum class BoxKind { kOffer, kAnswer, kCandidate, kBye, kFrame };
std::string_view ToString(BoxKind kind);  // "offer", "answer", "candidate", "bye", "frame"

using BindTag = std::array<std::uint8_t, 64>;

class PairingChannel {
 public:
  PairingChannel(PairingRole role, SessionKeys keys);

  // As BoxSealer and BoxOpener; a box is base64url, the relay's `box`.
  Result<std::string> Seal(BoxKind kind, ByteSpan text);
  Result<Bytes> Open(BoxKind kind, std::string_view box);

  // This end's first message on the control channel, once DTLS is up: HMAC over its role, its own
  // certificate and the one that the other end showed to it.
  BindTag OwnBindTag(const Fingerprint256& own, const Fingerprint256& peer_as_seen) const;
  // The other end's, which has seen our certificate and has its own.
  [[nodiscard]] bool CheckBindTag(ByteSpan tag, const Fingerprint256& own,
                                  const Fingerprint256& peer_as_seen) const;

  // What stands in a HELLO's tag in place of the certificate of `role`, where boxes of this
  // exchange carry the session and there is no DTLS: nobody else can know it, and no other exchange
  // has it.
  Fingerprint256 RelayName(PairingRole role) const;

  // Once; the caller keeps it from then on.
  ResumeKey TakeResumeKey() { return std::move(resume_); }

 private:
  BindTag TagOf(PairingRole role, const Fingerprint256& own, const Fingerprint256& peer) const;

  PairingRole role_;
  BoxSealer sealer_;
  BoxOpener opener_;
  BindKey bind_;
  ResumeKey resume_;
};

}  // namespace pairwire::auth

#endif  // PAIRWIRE_PEER_AUTH_PAIRING_CHANNEL_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// HelloKeeper: what an end remembers of its session from link to link: keys, epochs, counters. It
// says this end's HELLOs and judges the other's. Pure. Not here: what follows from a verdict
// (session_machine.h).
#ifndef PAIRWIRE_PEER_DELIVERY_HELLO_KEEPER_H_
#define PAIRWIRE_PEER_DELIVERY_HELLO_KEEPER_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <cstdint>
#include <map>
#include <optional>

#include "peer/auth/hello_tag.h"
#include "peer/auth/key_ratchet.h"
#include "peer/auth/pairing_messages.h"
#include "peer/auth/session_secrets.h"
#include "peer/base/random.h"
#include "peer/delivery/hello.h"
#include "peer/delivery/session_events.h"

namespace pairwire::delivery {

class HelloKeeper {
 public:
  // Of an authenticated pairing. `features` as auth::CheckFeatures wants them (checked).
  HelloKeeper(auth::PairingRole role, auth::ResumeKey first, auth::Features features,
              RandomSource& random);
  // Of a plain one: the key comes of what the first HELLOs of both ends carry.
  HelloKeeper(auth::PairingRole role, auth::Features features, RandomSource& random);

  // This end's HELLO for a link. kClosed: wiped.
  Result<Bytes> Make(LinkId link, const auth::Fingerprints& fingerprints,
                     std::uint64_t last_delivered);

  struct Judgement {
    HelloVerdict verdict = HelloVerdict::kMalformed;
    // With kFirst and kResume: what the other end delivered.
    std::uint64_t peer_last = 0;
  };
  // The other end's. kFirst and kResume are remembered: the keys move on.
  Judgement See(const auth::Fingerprints& fingerprints, ByteSpan payload, std::uint64_t sent);
  // The other end has verified our HELLO on this link: it sent what comes only after that.
  void Settle(LinkId link);
  void Forget(LinkId link) { sent_under_.erase(link); }
  void Wipe();
  // As a process that kept its keys and lost all else: another epoch, nobody known. Nothing of ours
  // does that on purpose; tests do, to see that the other end notices.
  void LoseMemory(RandomSource& random);

  // Once there is a key.
  const std::optional<auth::SessionSecrets>& secrets() const { return secrets_; }
  const Epoch& epoch() const { return remembered_.mine; }
  // What both ends can do; empty until the first HELLO was verified.
  const auth::Features& features() const { return features_; }
  bool plain() const { return plain_; }

 private:
  bool TagIsRight(const ParsedHello& parsed, const auth::Fingerprints& fingerprints) const;
  bool TakePlainSecret(const Hello& hello);
  void StartRatchet(auth::ResumeKey first);

  const auth::PairingRole role_;
  const bool plain_;
  const auth::Features own_features_;
  auth::Features features_;
  std::optional<auth::KeyRatchet> ratchet_;
  std::optional<auth::SessionSecrets> secrets_;
  auth::Secret<auth::kContributionBytes> plain_secret_;
  Remembered remembered_;
  std::uint64_t counter_ = 0;
  // Bounded by the links that SessionMachine lets live.
  std::map<LinkId, std::uint32_t> sent_under_;
  bool wiped_ = false;
};

}  // namespace pairwire::delivery

#endif  // PAIRWIRE_PEER_DELIVERY_HELLO_KEEPER_H_

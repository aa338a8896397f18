// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// CPace, suite CPACE-RISTR255-SHA512 in initiator/responder mode, as in draft-irtf-cfrg-cpace-21
// (section 6 for the protocol, 7 for the group, 9.4 for key confirmation): two ends that know the
// same short secret get the same key; whoever sits between gets one guess a run and nothing to
// compute with afterwards. It is not the pairing's messages, nor who may guess how often
// (pairing_exchange.h, code_guard.h). The group is libsodium's ristretto255.
//
// The functions are here one by one because the draft's test vectors are; CpaceRun is what
// protocols use.
#ifndef PAIRWIRE_PEER_AUTH_CPACE_H_
#define PAIRWIRE_PEER_AUTH_CPACE_H_

#include <pairwire/bytes.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "peer/auth/secret.h"
#include "peer/base/random.h"

namespace pairwire::auth {

inline constexpr std::string_view kCpaceSuite = "CPACE-RISTR255-SHA512";

using CpacePoint = std::array<std::uint8_t, 32>;  // canonical ristretto255, public
using CpaceTag = std::array<std::uint8_t, 64>;    // HMAC-SHA512, public
using CpaceScalar = Secret<32>;
using CpaceKey = Secret<64>;  // the ISK: keys are derived from it, it is no key itself

// generator_string: lv_cat(DSI, PRS, zero padding to the hash's block, CI, sid).
Bytes CpaceGeneratorString(ByteSpan password, ByteSpan channel, ByteSpan session_id);
// Its map onto the group. As secret as the password.
Secret<32> CpaceGenerator(ByteSpan password, ByteSpan channel, ByteSpan session_id);
// Uniform below the group's order, never zero.
CpaceScalar DrawCpaceScalar(RandomSource& random);
// Whether these bytes may be a share: the canonical encoding of a point that is not the identity.
bool IsCpaceShare(ByteSpan share);
// scalar_mult_vfy. None: `point` is no canonical encoding, or the result is the identity.
std::optional<Secret<32>> CpaceMultiply(const CpaceScalar& scalar, ByteSpan point);
// transcript_ir: the initiator's share and associated data, then the responder's.
Bytes CpaceTranscript(ByteSpan share_a, ByteSpan data_a, ByteSpan share_b, ByteSpan data_b);
CpaceKey CpaceSessionKey(ByteSpan session_id, const Secret<32>& shared, ByteSpan transcript);
// What the end with this share and associated data shows, to prove that it has the key.
CpaceTag CpaceConfirmation(const CpaceKey& key, ByteSpan session_id, ByteSpan share, ByteSpan data);

// One end's half of a run, before the other end's share is known. Its scalar serves once.
class CpaceRun {
 public:
  enum class Role { kInitiator, kResponder };

  // The spans are read, not kept, except `session_id` and `own_data`, which are copied.
  CpaceRun(Role role, ByteSpan password, ByteSpan channel, ByteSpan session_id, ByteSpan own_data,
           RandomSource& random);

  const CpacePoint& share() const { return share_; }

  struct Outcome {
    CpaceKey key;
    Bytes transcript;
    CpaceTag own_tag{};
    CpaceTag peer_tag{};  // what the other end must show; compare in constant time
  };
  // None: the other end's share is no point, or leads to the identity, or the run is used up. The
  // scalar is wiped in each case.
  std::optional<Outcome> Finish(ByteSpan peer_share, ByteSpan peer_data);

 private:
  Role role_;
  Bytes session_id_;
  Bytes own_data_;
  std::optional<CpaceScalar> scalar_;
  CpacePoint share_{};
};

}  // namespace pairwire::auth

#endif  // PAIRWIRE_PEER_AUTH_CPACE_H_

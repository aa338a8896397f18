// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// KeyRatchet: the keys that authenticate the HELLOs of a session's links, one generation after the
// other: k[g+1] = HKDF(k[g], "next"). Pure. Not here: what is tagged (hello_tag.h) and when a link
// counts (peer/delivery/hello_keeper.h).
//
// The last message of a handshake may be lost, so the two ends may differ by one generation, never
// by more: an end moves on only to one more than what the other has proved to have. So an end sends
// under its own generation and accepts that, the one before and the one after.
//
//   k[own-1]  kept until Settle shows that the other end has left it, too
//   k[own]    tags what we send
//   k[own+1]  computed when the other end is ahead: it verified our last HELLO, we missed its
#ifndef PAIRWIRE_PEER_AUTH_KEY_RATCHET_H_
#define PAIRWIRE_PEER_AUTH_KEY_RATCHET_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <array>
#include <cstdint>
#include <optional>

#include "peer/auth/key_schedule.h"

namespace pairwire::auth {

using HelloTag = std::array<std::uint8_t, 64>;

class KeyRatchet {
 public:
  // At generation 0.
  explicit KeyRatchet(ResumeKey start);

  // The generation that we send under.
  std::uint32_t own() const { return own_; }
  // Whether a tag of this generation can be checked.
  bool Knows(std::uint32_t generation) const;

  // HMAC-SHA512 under a key of that generation. kInvalidState: not known, or wiped.
  Result<HelloTag> Tag(std::uint32_t generation, ByteSpan data) const;
  // In constant time. False as well when the generation is not known.
  [[nodiscard]] bool Check(std::uint32_t generation, ByteSpan data, ByteSpan tag) const;

  // A HELLO of the other end under `peer_sent` (known; checked) was verified: we move on behind it.
  void Agree(std::uint32_t peer_sent);
  // The other end has proved that it verified our HELLO under `own_sent`: it sent something that
  // comes only after that. We catch up with it, and the keys that neither end needs are wiped.
  void Settle(std::uint32_t own_sent);
  // Nothing is known any more.
  void Wipe();

 private:
  void Advance();
  std::optional<Secret<64>> TagKey(std::uint32_t generation) const;

  std::uint32_t own_ = 0;
  std::uint32_t peer_sent_ = 0;
  std::optional<Secret<64>> current_;
  std::optional<Secret<64>> previous_;
};

}  // namespace pairwire::auth

#endif  // PAIRWIRE_PEER_AUTH_KEY_RATCHET_H_

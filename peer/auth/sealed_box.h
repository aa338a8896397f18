// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What travels through a relay that nobody has to trust: boxes under AES-256-GCM (NIST SP 800-38D),
// one key for each direction, numbered from 0. The number is the nonce and is not sent: the relay
// keeps the order between two members, so a box that is missing, repeated, out of order, under
// another key or of another kind simply does not open. Then the direction is dead: its key is wiped
// and nothing opens any more. Not here: how many messages there are and what is in them.
//
// A box as bytes: ciphertext, as long as the text, and a tag of 16 bytes.
#ifndef PAIRWIRE_PEER_AUTH_SEALED_BOX_H_
#define PAIRWIRE_PEER_AUTH_SEALED_BOX_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "peer/auth/key_schedule.h"

namespace pairwire::auth {

// An SDP of 32 KiB (the most we read) with what is beside it; in base64url within the 63 KiB that
// the relay carries.
inline constexpr std::size_t kMaxBoxTextBytes = 40 * 1024;
inline constexpr std::size_t kBoxTagBytes = 16;
// Of signals dozens are needed. Where the relay carries a session, 40 a second: more than seven
// hours, then the two ends meet anew. Far below where GCM's counters could end.
inline constexpr std::uint64_t kMaxBoxes = 1U << 20;

class BoxSealer {
 public:
  explicit BoxSealer(BoxKey key) : key_(std::move(key)) {}

  // `kind` is authenticated, not sent: a candidate cannot be given to who waits for an answer.
  // kMessageTooLarge: more than kMaxBoxTextBytes; kLimitExceeded: kMaxBoxes are out. Either leaves
  // the number as it was.
  Result<Bytes> Seal(std::string_view kind, ByteSpan text);

 private:
  BoxKey key_;
  std::uint64_t next_ = 0;
};

class BoxOpener {
 public:
  explicit BoxOpener(BoxKey key) : key_(std::move(key)) {}

  // kAuthFailed, then and ever after: not the next box of this kind from who has the key.
  Result<Bytes> Open(std::string_view kind, ByteSpan box);
  // Wipes the key: nothing opens any more.
  void Kill() { key_.reset(); }
  bool dead() const { return !key_.has_value(); }

 private:
  std::optional<BoxKey> key_;
  std::uint64_t next_ = 0;
};

}  // namespace pairwire::auth

#endif  // PAIRWIRE_PEER_AUTH_SEALED_BOX_H_

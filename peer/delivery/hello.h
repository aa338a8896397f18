// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// HELLO, the first word of a session on a link: its bytes, and what an end that remembers the
// session thinks of it. Not here: the keys of its tag (peer/auth/key_ratchet.h), and what is
// remembered over the links (hello_keeper.h).
//
//   session 16 | mine 16 | yours 16 | counter u64 | generation u32 | flags u8 |
//   n u8, n x (chan u16, last_delivered u64) | lv(features) | lv(plain secret) | tag 64
#ifndef PAIRWIRE_PEER_DELIVERY_HELLO_H_
#define PAIRWIRE_PEER_DELIVERY_HELLO_H_

#include <pairwire/bytes.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "peer/auth/hello_tag.h"
#include "peer/auth/pairing_messages.h"
#include "peer/auth/session_secrets.h"

namespace pairwire::delivery {

// 16 random bytes, drawn when an end makes a session's state in memory. Zeros: none.
using Epoch = std::array<std::uint8_t, 16>;

inline constexpr std::size_t kMaxHelloChannels = 8;
inline constexpr std::uint8_t kHelloFirst = 1;  // the sender knows no epoch of the receiver
inline constexpr std::uint8_t kHelloPlain = 2;  // paired without letters
// 4 is kept for sessions that outlive a process, which are not built.

struct Hello {
  auth::SessionId session{};
  Epoch mine{};
  Epoch yours{};
  std::uint64_t counter = 0;  // of the sender's HELLOs, from 1
  std::uint32_t generation = 0;
  std::uint8_t flags = 0;
  // Ascending by channel.
  std::vector<std::pair<std::uint16_t, std::uint64_t>> last_delivered;
  auth::Features features;
  Bytes plain_secret;  // kContributionBytes in the first HELLO of a plain session, else none

  std::optional<std::uint64_t> LastDelivered(std::uint16_t chan) const;
  bool operator==(const Hello&) const = default;
};

// What the tag covers.
Bytes EncodeHello(const Hello& hello);
// The payload: that, and its tag under `ratchet`'s own generation, which `hello` has to name
// (checked); null: zeros, for the first HELLO of a plain session.
Bytes EncodeHelloWithTag(const Hello& hello, const auth::KeyRatchet* ratchet,
                         auth::PairingRole role, const auth::Fingerprints& link);

struct ParsedHello {
  Hello hello;
  ByteSpan covered;  // of the payload
  ByteSpan tag;
};
// The form only. None: not such bytes.
std::optional<ParsedHello> ParseHello(ByteSpan payload);

// What an end knows of its session.
struct Remembered {
  auth::SessionId session{};
  Epoch mine{};
  Epoch theirs{};  // zeros: none heard yet
  std::uint64_t their_counter = 0;
};

enum class ResumeVerdict {
  kFirst,      // the other end's first word
  kResume,     // the session goes on
  kStateLost,  // one of the two has lost its memory of the session
  kCorrupt,    // it has what was never sent
  kRefuse,     // of another session, or said before
};

// Of a HELLO whose tag is right. `sent` is the own outbox's.
ResumeVerdict Judge(const Remembered& remembered, const Hello& hello, std::uint64_t sent);

}  // namespace pairwire::delivery

#endif  // PAIRWIRE_PEER_DELIVERY_HELLO_H_

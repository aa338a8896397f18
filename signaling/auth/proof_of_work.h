// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ProofOfWork: a puzzle that costs whoever solves it some processor time and the relay two hashes
// (hashcash). Under a flood of guessed codes it lets those through who can show that they mean it.
//
//   challenge = base64url(minute, bits, HMAC-SHA-256(secret, minute, bits, address)), 34 characters
//   answer    = any text of at most 32 characters for which SHA-256(challenge "." answer) begins
//               with `bits` zero bits
//
// A challenge is bound to the address that asked and holds for the minute in which it was made and
// the two after it. Each answer counts once. Nodes that share the secret accept one another's
// challenges; an answer can then be used once on each of them.
//
// Not here: when it is asked for and how hard it is (signaling/core/code_guard.h). Pure.
#ifndef PAIRWIRE_SIGNALING_AUTH_PROOF_OF_WORK_H_
#define PAIRWIRE_SIGNALING_AUTH_PROOF_OF_WORK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "signaling/protocol/time.h"

namespace pairwire::auth {

using protocol::TimePoint;

class ProofOfWork {
 public:
  using Secret = std::array<std::uint8_t, 32>;
  // 2^28 hashes are minutes of a fast machine; nobody waits for more.
  static constexpr int kMaxBits = 28;
  static constexpr std::size_t kMaxAnswerBytes = 32;
  // Answers that were used and could be used again. An attacker pays for each entry with a solved
  // puzzle; when the table is full nothing more is accepted until a minute has passed.
  static constexpr std::size_t kMaxSpent = 65'536;

  explicit ProofOfWork(const Secret& secret) : secret_(secret) {}

  // `bits` is cut to 1..kMaxBits. `address` is whatever the caller counts clients by.
  std::string MakeChallenge(std::string_view address, int bits, TimePoint now) const;

  // True once for each right answer to a challenge that was made for `address`.
  bool Redeem(std::string_view challenge, std::string_view answer, std::string_view address,
              TimePoint now);

  std::size_t spent() const { return spent_.size(); }

 private:
  using Digest = std::array<std::uint8_t, 32>;

  void ForgetBefore(std::uint32_t minute);

  const Secret secret_;
  std::set<std::pair<std::uint32_t, Digest>> spent_;  // by the challenge's minute
};

// The client's side: tries answers "0", "1", ... until one is right; nothing after `max_tries`, or
// when the challenge is not one. 2^bits tries on average.
std::optional<std::string> SolveProofOfWork(std::string_view challenge, std::uint64_t max_tries);

}  // namespace pairwire::auth

#endif  // PAIRWIRE_SIGNALING_AUTH_PROOF_OF_WORK_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ProofSolver: solves the relay's proof of work (docs/relay.md): an answer for which
// SHA-256(challenge "." answer) begins with `bits` zero bits, 2^bits hashes on average. In pieces,
// so that whoever has other things to do can do them in between. Pure.
#ifndef PAIRWIRE_SIGNALING_CLIENT_PROOF_SOLVER_H_
#define PAIRWIRE_SIGNALING_CLIENT_PROOF_SOLVER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "signaling/protocol/problem.h"

namespace pairwire {

class ProofSolver {
 public:
  // What the relay asks for at most (some seconds of one core); a challenge that asks for more is
  // no honest relay's and is not worth the battery.
  static constexpr int kMaxBits = 24;

  explicit ProofSolver(protocol::ProofChallenge challenge);
  ~ProofSolver();
  ProofSolver(const ProofSolver&) = delete;
  ProofSolver& operator=(const ProofSolver&) = delete;

  // Whether it is worth trying: there is a challenge, within the bound.
  bool solvable() const;

  // The answer, or nothing after `tries` more answers were wrong.
  std::optional<std::string> Try(std::uint64_t tries);

 private:
  struct Hash;

  const protocol::ProofChallenge challenge_;
  std::uint64_t next_ = 0;
  std::unique_ptr<Hash> hash_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_PROOF_SOLVER_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RandomSource: randomness handed in, so that tests can seed it. SystemRandom is the real one.
#ifndef PAIRWIRE_PEER_BASE_RANDOM_H_
#define PAIRWIRE_PEER_BASE_RANDOM_H_

#include <cstdint>
#include <span>

namespace pairwire {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual void Fill(std::span<std::uint8_t> out) = 0;

  std::uint64_t NextUint64();
  // Uniform in 0..bound-1, without modulo bias; bound > 0.
  std::uint64_t NextBelow(std::uint64_t bound);
};

// The operating system's generator (getrandom); fit for secrets. Any thread.
class SystemRandom final : public RandomSource {
 public:
  void Fill(std::span<std::uint8_t> out) override;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_BASE_RANDOM_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Randomness of the relay, handed in: SystemRandom for real, a seeded one in tests. (peer/base has
// the same idea; the relay does not include the peer's code.)
#ifndef PAIRWIRE_SIGNALING_CORE_RANDOM_H_
#define PAIRWIRE_SIGNALING_CORE_RANDOM_H_

#include <cstdint>
#include <span>

namespace pairwire::relay {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual void Fill(std::span<std::uint8_t> out) = 0;

  std::uint64_t NextUint64();
};

// The operating system's generator (getrandom); fit for tokens. Any thread.
class SystemRandom final : public RandomSource {
 public:
  void Fill(std::span<std::uint8_t> out) override;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_CORE_RANDOM_H_

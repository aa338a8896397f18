// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SeededRandom: the RandomSource of tests: the same seed gives the same bytes on each machine.
// SplitMix64 (Steele, Lea, Flood 2014): one word of state and fit for weather, not for secrets.
#ifndef PAIRWIRE_TESTS_SUPPORT_SEEDED_RANDOM_H_
#define PAIRWIRE_TESTS_SUPPORT_SEEDED_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "peer/base/random.h"

namespace pairwire::test {

class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  void Fill(std::span<std::uint8_t> out) override {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (i % 8 == 0) word = NextWord();
      out[i] = static_cast<std::uint8_t>(word >> (8 * (i % 8)));
    }
  }

  // Uniform in [0, 1).
  double NextUnit() { return static_cast<double>(NextWord() >> 11) * 0x1p-53; }

  // True with this probability. Draws nothing for 0 and 1, so that an option that is off does not
  // change what the others see.
  bool Chance(double probability) {
    if (probability <= 0) return false;
    return probability >= 1 || NextUnit() < probability;
  }

 private:
  std::uint64_t NextWord() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_SUPPORT_SEEDED_RANDOM_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Randomness: bounds, no bias beyond chance, and seeded sequences that never change.
#include "peer/base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tests/support/seeded_random.h"

namespace pairwire {
namespace {

TEST(SystemRandom, FillsEveryByteOfAnyLength) {
  SystemRandom random;
  random.Fill({});
  for (const std::size_t size : {1U, 7U, 256U, 257U, 100000U}) {
    // A byte that stays zero in eight independent fillings (probability 2^-64) was not filled.
    std::vector<std::uint8_t> seen(size, 0);
    for (int i = 0; i < 8; ++i) {
      std::vector<std::uint8_t> bytes(size, 0);
      random.Fill(bytes);
      for (std::size_t at = 0; at < size; ++at) seen[at] |= bytes[at];
    }
    for (std::size_t at = 0; at < size; ++at) ASSERT_NE(seen[at], 0) << at << " of " << size;
  }
}

TEST(SystemRandom, DoesNotRepeat) {
  SystemRandom random;
  EXPECT_NE(random.NextUint64(), random.NextUint64());
}

TEST(RandomSource, NextBelowStaysBelow) {
  test::SeededRandom random(1);
  for (const std::uint64_t bound : {1ULL, 2ULL, 3ULL, 1000ULL, (1ULL << 63) + 1, ~0ULL}) {
    for (int i = 0; i < 1000; ++i) ASSERT_LT(random.NextBelow(bound), bound);
  }
}

TEST(RandomSource, NextBelowIsUniform) {
  test::SeededRandom random(2);
  constexpr int kDraws = 60000;
  std::array<int, 6> counts{};
  for (int i = 0; i < kDraws; ++i) ++counts[random.NextBelow(counts.size())];
  // Standard deviation of one count: sqrt(n p (1-p)) = 91; five of them.
  for (const int count : counts) EXPECT_NEAR(count, kDraws / 6, 5 * std::sqrt(kDraws / 6. * 5 / 6));
}

// Gives what it is told, to reach the branch that throws values away.
class ScriptedRandom final : public RandomSource {
 public:
  explicit ScriptedRandom(std::vector<std::uint8_t> fills) : fills_(std::move(fills)) {}
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = fills_.at(next_);
    ++next_;
  }
  std::size_t next() const { return next_; }

 private:
  std::vector<std::uint8_t> fills_;
  std::size_t next_ = 0;
};

TEST(RandomSource, NextBelowThrowsAwayTheBiasedBottom) {
  // 2^64 mod (2^63 + 1) = 2^63 - 1, so 0 is thrown away and 2^64 - 1 is taken.
  ScriptedRandom random({0x00, 0xFF});
  EXPECT_EQ(random.NextBelow((1ULL << 63) + 1), (1ULL << 63) - 2);
  EXPECT_EQ(random.next(), 2U);
}

TEST(SeededRandom, SameSeedSameSequence) {
  test::SeededRandom a(42);
  test::SeededRandom b(42);
  test::SeededRandom c(43);
  EXPECT_EQ(a.NextUint64(), b.NextUint64());
  EXPECT_NE(a.NextUint64(), c.NextUint64());
}

// Reference output of SplitMix64 for seed 1234567 (its authors' splitmix64.c).
TEST(SeededRandom, IsSplitMix64) {
  test::SeededRandom random(1234567);
  std::array<std::uint8_t, 16> bytes{};
  random.Fill(bytes);
  std::array<std::uint64_t, 2> words{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    words[i / 8] |= static_cast<std::uint64_t>(bytes[i]) << (8 * (i % 8));
  }
  EXPECT_EQ(words[0], 6457827717110365317U);
  EXPECT_EQ(words[1], 3203168211198807973U);
}

}  // namespace
}  // namespace pairwire

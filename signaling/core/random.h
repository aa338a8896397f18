// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Randomness of the relay, handed in: SystemRandom for real, a seeded one in tests. (peer/base has
// the same idea; the relay does not include the peer's code.)
#ifndef PAIRWIRE_SIGNALING_CORE_RANDOM_H_
#define PAIRWIRE_SIGNALING_CORE_RANDOM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace pairwire::relay {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual void Fill(std::span<std::uint8_t> out) = 0;

  std::uint64_t NextUint64();
};

// The operating system's generator (getrandom); fit for tokens. Fetched in advance, since a call of
// the kernel costs more than what a registration asks for, and wiped as it is given out. One
// thread; a process that forks must not use it on both sides.
class SystemRandom final : public RandomSource {
 public:
  SystemRandom() = default;
  ~SystemRandom() override;
  SystemRandom(const SystemRandom&) = delete;
  SystemRandom& operator=(const SystemRandom&) = delete;

  void Fill(std::span<std::uint8_t> out) override;

 private:
  // Enough for eight registrations.
  std::array<std::uint8_t, 1024> pool_{};
  std::size_t left_ = 0;  // unused bytes, at the end of the pool
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_CORE_RANDOM_H_

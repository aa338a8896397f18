// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/base/random.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "peer/base/check.h"

namespace pairwire {

std::uint64_t RandomSource::NextUint64() {
  std::array<std::uint8_t, sizeof(std::uint64_t)> bytes{};
  Fill(bytes);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

std::uint64_t RandomSource::NextBelow(std::uint64_t bound) {
  PAIRWIRE_CHECK(bound > 0);
  // 2^64 mod bound values at the bottom are thrown away; what is left is a whole multiple of bound.
  const std::uint64_t rejected = (0 - bound) % bound;
  std::uint64_t value = NextUint64();
  while (value < rejected) value = NextUint64();
  return value % bound;
}

void SystemRandom::Fill(std::span<std::uint8_t> out) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    const ssize_t got = getrandom(out.data() + filled, out.size() - filled, 0);
    // getrandom(2) fails only by a signal, a bad pointer or a kernel older than 3.17.
    PAIRWIRE_CHECK(got > 0 || (got < 0 && errno == EINTR));
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
}

}  // namespace pairwire

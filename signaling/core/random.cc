// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/core/random.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace pairwire::relay {

std::uint64_t RandomSource::NextUint64() {
  std::array<std::uint8_t, 8> bytes{};
  Fill(bytes);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  return value;
}

void SystemRandom::Fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0) {
      // Without randomness no token is safe, and there is no way to go on without.
      if (errno != EINTR) std::abort();
      continue;
    }
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace pairwire::relay

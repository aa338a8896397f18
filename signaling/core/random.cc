// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/core/random.h"

#include <sys/random.h>

#include <algorithm>
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

SystemRandom::~SystemRandom() { explicit_bzero(pool_.data(), pool_.size()); }

void SystemRandom::Fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    if (left_ == 0) {
      const ssize_t got = getrandom(pool_.data(), pool_.size(), 0);
      // Without randomness no token is safe, and there is no way to go on without.
      if (got < 0 && errno != EINTR) std::abort();
      if (got != static_cast<ssize_t>(pool_.size())) continue;
      left_ = pool_.size();
    }
    const std::size_t size = std::min(out.size(), left_);
    const std::span<std::uint8_t> taken = std::span(pool_).last(left_).first(size);
    std::memcpy(out.data(), taken.data(), size);
    explicit_bzero(taken.data(), size);
    left_ -= size;
    out = out.subspan(size);
  }
}

}  // namespace pairwire::relay

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/jitter.h"

#include <cstdint>

namespace pairwire::server {

std::chrono::milliseconds RandomBelow(std::chrono::milliseconds bound,
                                      relay::RandomSource& random) {
  if (bound.count() <= 0) return std::chrono::milliseconds(0);
  const std::uint64_t value = random.NextUint64() % static_cast<std::uint64_t>(bound.count());
  return std::chrono::milliseconds(value);
}

}  // namespace pairwire::server

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/jitter.h"

#include <cstdint>
#include <span>

#include "signaling/core/random.h"

namespace pairwire::server {

std::chrono::milliseconds RandomBelow(std::chrono::milliseconds bound) {
  if (bound.count() <= 0) return std::chrono::milliseconds(0);
  relay::SystemRandom random;
  std::uint32_t value = 0;
  random.Fill({reinterpret_cast<std::uint8_t*>(&value), sizeof value});
  return std::chrono::milliseconds(value % static_cast<std::uint64_t>(bound.count()));
}

}  // namespace pairwire::server

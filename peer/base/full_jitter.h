// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Pauses between tries: any length below a bound that doubles ("full jitter"), so that a thousand
// ends which lost one relay do not come back together. Pure. Not here: when the bound begins anew,
// and what the relay asked for.
#ifndef PAIRWIRE_PEER_BASE_FULL_JITTER_H_
#define PAIRWIRE_PEER_BASE_FULL_JITTER_H_

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "peer/base/random.h"

namespace pairwire {

// Uniform in 0..bound, both included, in steps of D. `bound` is not below zero.
template <typename D>
D FullJitter(RandomSource& random, D bound) {
  return D(random.NextBelow(static_cast<std::uint64_t>(bound.count()) + 1));
}

// `first`, twice that, and so on, `most` at last: the bound behind so many failed tries. `first` is
// above zero; any number of tries will do.
template <typename D>
D DoubledBound(D first, D most, int tries) {
  D bound = std::min(first, most);
  for (int i = 0; i < tries && bound < most; ++i) bound += std::min(bound, most - bound);
  return bound;
}

// The pause behind so many failed tries.
template <typename D>
D JitteredPause(RandomSource& random, D first, D most, int tries) {
  return FullJitter(random, DoubledBound(first, most, tries));
}

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_BASE_FULL_JITTER_H_

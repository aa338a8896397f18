// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Jitter: spreads moments so that clients do not act all at once. Nothing secret hangs on it.
#ifndef PAIRWIRE_SIGNALING_SERVER_JITTER_H_
#define PAIRWIRE_SIGNALING_SERVER_JITTER_H_

#include <chrono>

#include "signaling/core/random.h"

namespace pairwire::server {

// In [0, bound), as good as uniform for bounds of days; 0 for a bound of 0.
std::chrono::milliseconds RandomBelow(std::chrono::milliseconds bound, relay::RandomSource& random);

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_JITTER_H_

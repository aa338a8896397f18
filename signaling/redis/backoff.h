// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Backoff: how long to wait before the next attempt: a random part of a bound that doubles ("full
// jitter"), so that all nodes of a relay do not come back in the same moment.
#ifndef PAIRWIRE_SIGNALING_REDIS_BACKOFF_H_
#define PAIRWIRE_SIGNALING_REDIS_BACKOFF_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace pairwire::redis {

// Uniform in [0, bound); handed in, so that tests can fix it. Nothing secret hangs on it.
using RandomBelow = std::function<std::uint64_t(std::uint64_t bound)>;

class Backoff {
 public:
  static constexpr std::chrono::milliseconds kFirst{50};
  static constexpr std::chrono::milliseconds kMost{2000};

  explicit Backoff(RandomBelow random) : random_(std::move(random)) {}

  std::chrono::milliseconds Next() {
    const std::chrono::milliseconds bound = bound_;
    bound_ = std::min(bound_ * 2, kMost);
    return std::chrono::milliseconds(random_(static_cast<std::uint64_t>(bound.count()) + 1));
  }
  // What was tried works.
  void Reset() { bound_ = kFirst; }

 private:
  RandomBelow random_;
  std::chrono::milliseconds bound_ = kFirst;
};

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_BACKOFF_H_

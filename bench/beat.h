// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Beat: which of many connections sends at which tick, when each sends once in a period and they
// are to be spread evenly over it. Pure arithmetic.
#ifndef PAIRWIRE_BENCH_BEAT_H_
#define PAIRWIRE_BENCH_BEAT_H_

#include <cstddef>

namespace pairwire::bench {

// Connection n of `connections` is due at each tick t with t % period == n * period / connections,
// rounded down. So those of one tick are neighbours.
class Beat {
 public:
  // Both at least 1.
  Beat(std::size_t connections, std::size_t period) : connections_(connections), period_(period) {}

  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;  // one past the last
    bool empty() const { return begin == end; }
  };

  Range DueAt(std::size_t tick) const {
    const std::size_t phase = tick % period_;
    return {FirstFrom(phase), FirstFrom(phase + 1)};
  }

 private:
  // The first connection that is due in this phase or later.
  std::size_t FirstFrom(std::size_t phase) const {
    return (phase * connections_ + period_ - 1) / period_;
  }

  std::size_t connections_;
  std::size_t period_;
};

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_BEAT_H_

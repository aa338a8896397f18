// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// MemoryTrim: gives the system back what many connections held, once most of them have left. The
// allocator keeps it otherwise, for a crowd that may not come again for days.
#ifndef PAIRWIRE_SIGNALING_SERVER_MEMORY_TRIM_H_
#define PAIRWIRE_SIGNALING_SERVER_MEMORY_TRIM_H_

#include <chrono>
#include <cstddef>

#include "signaling/net/deadline_wheel.h"

namespace pairwire::server {

// Loop thread only.
class MemoryTrim final : private net::Deadline {
 public:
  // Below that there is nothing worth the walk through the heap.
  static constexpr std::size_t kMinPeak = 1'000;
  // Lets a departing crowd leave as a whole, and bounds how often the heap is walked.
  static constexpr std::chrono::milliseconds kPause{1'000};
  // What it leaves behind goes later: sessions that ended after half a minute, those of displays
  // that just vanished when their code ends, and resting codes: twenty minutes in all.
  static constexpr std::chrono::milliseconds kAgain{35'000};
  static constexpr int kRounds = 35;

  explicit MemoryTrim(net::DeadlineWheel& wheel) : wheel_(wheel) {}

  // There are `count` connections now. Fewer than half of the most since the last trim: trims, a
  // little later.
  void OnCount(std::size_t count);

 private:
  void OnDeadline() override;

  net::DeadlineWheel& wheel_;
  std::size_t count_ = 0;
  std::size_t peak_ = 0;  // since the last trim
  bool set_ = false;      // for a crowd that left; else for what it left behind, or not at all
  int rounds_left_ = 0;   // of the latter
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_MEMORY_TRIM_H_

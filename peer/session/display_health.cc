// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/display_health.h"

#include <algorithm>
#include <vector>

namespace pairwire {

double DisplayHealth::Median() const {
  std::vector<double> sorted(rates_.begin(), rates_.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

DisplayHealth::Verdict DisplayHealth::Tick(std::chrono::nanoseconds took, const FrameCounts& counts,
                                           bool presenting, bool relayed) {
  Verdict verdict;
  const auto degrade = [&verdict](const char* why) {
    verdict.state = events::DisplayState::kDegraded;
    if (verdict.why.empty()) verdict.why = why;
  };

  const bool due = presenting || counts.shown > 0 || counts.dropped > 0;
  const double seconds = std::chrono::duration<double>(took).count();
  if (due && seconds > 0) {
    verdict.fps = static_cast<double>(counts.shown) / seconds;
    if (rates_.size() >= kLeastSeconds && *verdict.fps < kLeastOfMedian * Median()) {
      degrade("fewer frames than usual");
    }
    rates_.push_back(*verdict.fps);
    if (rates_.size() > kMedianSeconds) rates_.pop_front();
  } else if (!presenting) {
    // What comes next may be something else, with another rate.
    rates_.clear();
  }

  // A dropped frame is the latest of all.
  counts_.push_back(counts);
  if (counts_.size() > kLateSeconds) counts_.pop_front();
  FrameCounts sum;
  for (const FrameCounts& one : counts_) {
    sum.shown += one.shown;
    sum.late += one.late + one.dropped;
    sum.dropped += one.dropped;
  }
  const auto all = static_cast<double>(sum.shown + sum.dropped);
  if (static_cast<double>(sum.late) > kMostLate * all) degrade("frames are late");

  if (relayed) degrade("the path is relayed");
  return verdict;
}

}  // namespace pairwire

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/sync/clock_estimate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace pairwire::sync {
namespace {

// Fewer give no slope worth the name.
constexpr std::size_t kMinDriftPoints = 8;

constexpr double FromPpm(double ppm) { return ppm * 1e-6; }

bool IsTime(std::int64_t us) { return us >= 0 && us <= ClockEstimate::kMaxTimeUs; }

bool IsPossible(const ClockSample& sample) {
  if (!IsTime(sample.t0) || !IsTime(sample.t1) || !IsTime(sample.t2) || !IsTime(sample.t3)) {
    return false;
  }
  if (sample.t2 < sample.t1 || sample.t3 < sample.t0) return false;
  const std::int64_t round_trip = (sample.t3 - sample.t0) - (sample.t2 - sample.t1);
  return round_trip >= 0 && sample.t3 - sample.t0 <= ClockEstimate::kMaxRoundTripUs;
}

}  // namespace

bool ClockEstimate::Add(const ClockSample& sample) {
  if (!IsPossible(sample)) return false;
  const std::int64_t upper = sample.t1 - sample.t0;
  const std::int64_t lower = sample.t2 - sample.t3;
  if (points_.empty()) {
    base_us_ = sample.t0;
    base_offset_ = lower + (upper - lower) / 2;
  }
  Point point;
  point.at =
      static_cast<double>(sample.t0 - base_us_) + static_cast<double>(sample.t3 - sample.t0) / 2;
  point.upper = static_cast<double>(upper - base_offset_);
  point.lower = static_cast<double>(lower - base_offset_);

  if (ContradictsOlder(point)) {
    Reset();
    return Add(sample);
  }
  points_.push_back(point);
  while (points_.size() > kMaxSamples ||
         point.at - points_.front().at > static_cast<double>(kWindowUs)) {
    points_.pop_front();
  }
  EstimateDrift();
  return true;
}

bool ClockEstimate::ContradictsOlder(const Point& point) const {
  return std::any_of(points_.begin(), points_.end(), [&](const Point& older) {
    const double drifted = std::abs(point.at - older.at) * FromPpm(kMaxDriftPpm);
    return point.lower > older.upper + drifted || point.upper < older.lower - drifted;
  });
}

// Least squares. The slower half says more about queues than about clocks.
void ClockEstimate::EstimateDrift() {
  if (points_.back().at - points_.front().at < static_cast<double>(kDriftSpanUs)) return;
  std::vector<Point> fastest(points_.begin(), points_.end());
  std::sort(fastest.begin(), fastest.end(),
            [](const Point& a, const Point& b) { return a.width() < b.width(); });
  fastest.resize((fastest.size() + 1) / 2);
  if (fastest.size() < kMinDriftPoints) return;
  const auto count = static_cast<double>(fastest.size());
  double mean_at = 0;
  double mean_middle = 0;
  for (const Point& point : fastest) {
    mean_at += point.at / count;
    mean_middle += point.middle() / count;
  }
  double spread = 0;
  double slope = 0;
  for (const Point& point : fastest) {
    spread += (point.at - mean_at) * (point.at - mean_at);
    slope += (point.at - mean_at) * (point.middle() - mean_middle);
  }
  // The fast ones may all be of one moment.
  const double least = static_cast<double>(kDriftSpanUs) / 4;
  if (spread / count < least * least / 4) return;
  drift_ = std::clamp(slope / spread, -FromPpm(kMaxDriftPpm), FromPpm(kMaxDriftPpm));
  drift_known_ = true;
}

ClockEstimate::Bounds ClockEstimate::BoundsAt(double at) const {
  const double unknown = FromPpm(drift_known_ ? kKnownDriftPpm : kUnknownDriftPpm);
  Bounds bounds{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  for (const Point& point : points_) {
    const double age = at - point.at;
    const double moved = drift_ * age;
    const double wider = unknown * std::abs(age);
    bounds.upper = std::min(bounds.upper, point.upper + moved + wider);
    bounds.lower = std::max(bounds.lower, point.lower + moved - wider);
  }
  return bounds;
}

std::optional<SharedClock> ClockEstimate::At(std::int64_t local_us) const {
  if (points_.empty() || !IsTime(local_us)) return std::nullopt;
  const Bounds bounds = BoundsAt(static_cast<double>(local_us - base_us_));
  SharedClock clock;
  clock.offset_us = base_offset_ + std::llround((bounds.upper + bounds.lower) / 2);
  // Negative when the drift is more than it may be: then the middle is off by as much.
  clock.error_us = std::llround(std::abs(bounds.upper - bounds.lower) / 2);
  clock.drift_ppm = drift_ * 1e6;
  return clock;
}

std::optional<std::int64_t> ClockEstimate::round_trip_us() const {
  if (points_.empty()) return std::nullopt;
  const auto fastest =
      std::min_element(points_.begin(), points_.end(),
                       [](const Point& a, const Point& b) { return a.width() < b.width(); });
  return std::llround(fastest->width());
}

void ClockEstimate::Reset() {
  points_.clear();
  drift_known_ = false;
  drift_ = 0;
}

}  // namespace pairwire::sync

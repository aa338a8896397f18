// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace pairwire::load {

// Values below 2^kStepBits have a bucket each. Above, a value with its highest bit at `high` falls
// into one of kSteps buckets by the kStepBits bits that follow.
std::size_t Histogram::IndexOf(std::uint64_t value) {
  if (value < kSteps) return static_cast<std::size_t>(value);
  const int high = 63 - std::countl_zero(value);
  const int shift = high - kStepBits;
  const std::size_t step = static_cast<std::size_t>(value >> shift) - kSteps;
  return static_cast<std::size_t>(shift + 1) * kSteps + step;
}

std::uint64_t Histogram::UpperEndOf(std::size_t index) {
  if (index < kSteps) return index;
  const std::size_t shift = index / kSteps - 1;
  const std::uint64_t step = index % kSteps + kSteps;
  return ((step + 1) << shift) - 1;
}

void Histogram::Add(std::chrono::nanoseconds value) {
  const std::int64_t bounded =
      std::clamp<std::int64_t>(value.count(), 0, static_cast<std::int64_t>(kMax.count()));
  ++buckets_[IndexOf(static_cast<std::uint64_t>(bounded))];
  ++count_;
  max_ = std::max(max_, bounded);
}

void Histogram::Add(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

std::chrono::nanoseconds Histogram::Percentile(double percent) const {
  if (count_ == 0) return std::chrono::nanoseconds(0);
  const double wanted = std::ceil(percent / 100 * static_cast<double>(count_));
  const auto rank = static_cast<std::uint64_t>(std::max(wanted, 1.0));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= rank) {
      return std::chrono::nanoseconds(std::min(static_cast<std::int64_t>(UpperEndOf(i)), max_));
    }
  }
  return Max();
}

double Histogram::PercentileUs(double percent) const {
  return static_cast<double>(Percentile(percent).count()) / 1000;
}

}  // namespace pairwire::load

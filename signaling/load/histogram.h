// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Histogram: counts of durations in logarithmic buckets with linear steps inside each power of two,
// as HdrHistogram lays them out. Fixed memory whatever is recorded; a percentile is at most 1/128
// (0.8 %) above the true value and never below it.
#ifndef PAIRWIRE_SIGNALING_LOAD_HISTOGRAM_H_
#define PAIRWIRE_SIGNALING_LOAD_HISTOGRAM_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace pairwire::load {

class Histogram {
 public:
  // Longer durations count as this one; negative ones as 0.
  static constexpr std::chrono::nanoseconds kMax{std::int64_t{1} << 40};  // 18 minutes

  void Add(std::chrono::nanoseconds value);
  void Add(const Histogram& other);
  void Clear() { *this = Histogram(); }

  std::uint64_t count() const { return count_; }
  std::chrono::nanoseconds Max() const { return std::chrono::nanoseconds(max_); }

  // The nearest-rank percentile, 0 to 100: the upper end of the bucket that holds the value of that
  // rank, and never more than Max(). 0 when nothing was recorded.
  std::chrono::nanoseconds Percentile(double percent) const;
  double PercentileUs(double percent) const;
  double PercentileMs(double percent) const { return PercentileUs(percent) / 1000; }

 private:
  // 2^7 linear steps for each power of two: the relative width of a step is at most 1/128.
  static constexpr int kStepBits = 7;
  static constexpr std::size_t kSteps = std::size_t{1} << kStepBits;
  static constexpr std::size_t kBuckets = (40 - kStepBits + 2) * kSteps;

  static std::size_t IndexOf(std::uint64_t value);
  static std::uint64_t UpperEndOf(std::size_t index);

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::int64_t max_ = 0;
};

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_HISTOGRAM_H_

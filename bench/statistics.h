// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Percentiles of what was measured.
#ifndef PAIRWIRE_BENCH_STATISTICS_H_
#define PAIRWIRE_BENCH_STATISTICS_H_

#include <cstddef>
#include <vector>

namespace pairwire::bench {

class Samples {
 public:
  void Reserve(std::size_t count) { values_.reserve(count); }
  void Add(double value);
  std::size_t count() const { return values_.size(); }

  // The nearest-rank percentile: the smallest value that is not below `percent` % of all values;
  // percent in 0..100, where 0 gives the least. 0 when there are none.
  double Percentile(double percent) const;
  double Max() const { return Percentile(100); }

 private:
  mutable std::vector<double> values_;
  mutable bool sorted_ = false;
};

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_STATISTICS_H_

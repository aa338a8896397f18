// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Expiry: when to ask the store for what is due. A store that knows its next due time is asked
// then; one that shares due times with other nodes is asked at intervals, spread by chance so that
// nodes do not step together, and at once on a hint. Again at once while there is more, later after
// a failure; one question at a time.
//
// Not here: the question itself (Store::ClaimDue) and what is counted of its answer (relay.cc).
#ifndef PAIRWIRE_SIGNALING_CORE_EXPIRY_H_
#define PAIRWIRE_SIGNALING_CORE_EXPIRY_H_

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "signaling/core/random.h"
#include "signaling/store/store.h"

namespace pairwire::relay {

struct ExpiryOptions {
  // Between two questions, ±20 %. A tenth of a second keeps an end punctual within 300 ms.
  std::chrono::milliseconds interval{100};
  // False: hints (expired events) are ignored, and the interval alone counts.
  bool hints = true;
  // Things of one question.
  std::size_t batch = 256;
  // After a failure.
  std::chrono::milliseconds retry{250};
};

class Expiry {
 public:
  Expiry(const ExpiryOptions& options, const Store& store, RandomSource& random)
      : options_(options), store_(store), random_(random) {}

  // True: ask now, then call Asked.
  bool Due(TimePoint now) const { return NextDeadline() <= now; }
  TimePoint NextDeadline() const {
    if (asking_) return TimePoint::max();
    const TimePoint next = store_.NextDue();
    if (hinted_) return not_before_;
    return std::max(next == TimePoint::min() ? next_sweep_ : next, not_before_);
  }
  std::size_t batch() const { return options_.batch; }

  void Hint() { hinted_ = hinted_ || options_.hints; }
  void Asking() {
    asking_ = true;
    hinted_ = false;
  }
  void Answered(const StoreResult<DueReport>& report, TimePoint now) {
    asking_ = false;
    const std::chrono::milliseconds fifth = options_.interval / 5;
    const auto spread = static_cast<std::int64_t>(
        random_.NextUint64() % static_cast<std::uint64_t>(2 * fifth.count() + 1));
    next_sweep_ = now + options_.interval - fifth + std::chrono::milliseconds(spread);
    if (!report) {
      not_before_ = now + options_.retry;
    } else if (report->more) {
      hinted_ = true;
    }
  }

 private:
  const ExpiryOptions options_;
  const Store& store_;
  RandomSource& random_;
  bool asking_ = false;
  bool hinted_ = false;
  TimePoint next_sweep_{};
  TimePoint not_before_{};
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_CORE_EXPIRY_H_

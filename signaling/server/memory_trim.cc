// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/memory_trim.h"

#include <malloc.h>

#include <algorithm>
#include <utility>

namespace pairwire::server {

void MemoryTrim::OnCount(std::size_t count) {
  count_ = count;
  peak_ = std::max(peak_, count);
  if (set_ || peak_ < kMinPeak || count_ >= peak_ / 2) return;
  set_ = true;
  wheel_.Set(*this, kPause);
}

void MemoryTrim::OnDeadline() {
  ::malloc_trim(0);
  if (std::exchange(set_, false)) {
    peak_ = count_;
    rounds_left_ = kRounds;
  }
  if (rounds_left_-- > 0) wheel_.Set(*this, kAgain);
}

}  // namespace pairwire::server

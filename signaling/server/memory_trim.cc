// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/memory_trim.h"

#include <malloc.h>

#include <algorithm>

namespace pairwire::server {

void MemoryTrim::OnCount(std::size_t count) {
  count_ = count;
  peak_ = std::max(peak_, count);
  if (set_ || peak_ < kMinPeak || count_ >= peak_ / 2) return;
  set_ = true;
  wheel_.Set(*this, kPause);
}

void MemoryTrim::OnDeadline() {
  set_ = false;
  peak_ = count_;
  ::malloc_trim(0);
}

}  // namespace pairwire::server

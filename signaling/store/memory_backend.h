// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// MemoryBackend: the backend of a relay that is one process (--store memory): complete, and gone
// with it. Several nodes in that process may share it; tests do.
#ifndef PAIRWIRE_SIGNALING_STORE_MEMORY_BACKEND_H_
#define PAIRWIRE_SIGNALING_STORE_MEMORY_BACKEND_H_

#include <memory>

#include "signaling/store/backend.h"
#include "signaling/store/executor.h"
#include "signaling/store/memory_store.h"

namespace pairwire::relay {

struct MemoryBackendOptions {
  MemoryStoreOptions store;
  // Single values of the cache and fields of all its indexes together, at most 16 KiB each: kFull
  // beyond, once those that ended have been forgotten.
  std::size_t max_cached = 10'000;
  // Buckets of the rate limiter. Beyond, full ones are forgotten, then any: an attacker with that
  // many keys is met by the ceilings over all of them.
  std::size_t max_rates = 100'000;
};

// One thread; `executor` outlives the backend; `now` may be called at any time.
std::unique_ptr<BackendOwner> MakeMemoryBackend(Executor& executor, NowFunction now,
                                                MemoryBackendOptions options = {});

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_MEMORY_BACKEND_H_

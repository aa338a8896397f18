// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What this process has used so far, as the system counts it.
#ifndef PAIRWIRE_BENCH_USAGE_H_
#define PAIRWIRE_BENCH_USAGE_H_

#include <cstddef>
#include <cstdint>

namespace pairwire::bench {

// Processor time of all threads (CLOCK_PROCESS_CPUTIME_ID).
double ProcessCpuSeconds();
// Resident memory, in bytes.
std::size_t ResidentBytes();
std::size_t ThreadCount();
// The steady clock, which is the same in every process of a machine.
std::int64_t NowNanoseconds();

// Two descriptors and more go with each connection: lets the process have as many as the system
// allows.
void RaiseDescriptorLimit();

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_USAGE_H_

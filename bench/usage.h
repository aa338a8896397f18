// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What this process has used so far, as the system counts it.
#ifndef PAIRWIRE_BENCH_USAGE_H_
#define PAIRWIRE_BENCH_USAGE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pairwire::bench {

// What went by between two moments.
struct Spent {
  double seconds = 0;
  // Processor time of all threads (CLOCK_PROCESS_CPUTIME_ID).
  double cpu_seconds = 0;
  // Time in which threads could have run but others had the processors
  // (/proc/self/task/*/schedstat; 0 where the kernel does not count it). Much of it: the machine
  // was busy, judge by cpu_seconds.
  double wait_seconds = 0;
};

// Reads the clocks twice.
class Meter {
 public:
  Meter() { Restart(); }
  void Restart() { start_ = Now(); }
  Spent SinceStart() const;

 private:
  static Spent Now();

  Spent start_;
};

// Resident memory, in bytes.
std::size_t ResidentBytes();
std::size_t ThreadCount();
std::size_t DescriptorCount();
// Memory in use that malloc gave, in bytes; 0 with mimalloc and jemalloc, which count otherwise.
std::size_t HeapBytes();
// Whose malloc this process has: "tcmalloc", "mimalloc", "jemalloc", or "system".
std::string_view AllocatorName();
// The steady clock, which is the same in every process of a machine.
std::int64_t NowNanoseconds();

// Two descriptors and more go with each connection: lets the process have as many as the system
// allows.
void RaiseDescriptorLimit();

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_USAGE_H_

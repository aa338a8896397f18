// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/usage.h"

#include <dlfcn.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace pairwire::bench {

namespace {

double WaitSeconds() {
  double nanoseconds = 0;
  std::error_code error;  // a thread may end meanwhile
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", error)) {
    std::ifstream schedstat(thread.path() / "schedstat");
    double running = 0;
    double waiting = 0;
    if (schedstat >> running >> waiting) nanoseconds += waiting;
  }
  return nanoseconds * 1e-9;
}

}  // namespace

Spent Meter::Now() {
  timespec cpu{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  return {.seconds = static_cast<double>(NowNanoseconds()) * 1e-9,
          .cpu_seconds = static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) * 1e-9,
          .wait_seconds = WaitSeconds()};
}

Spent Meter::SinceStart() const {
  const Spent now = Now();
  return {.seconds = now.seconds - start_.seconds,
          .cpu_seconds = now.cpu_seconds - start_.cpu_seconds,
          .wait_seconds = now.wait_seconds - start_.wait_seconds};
}

std::size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// Linked in or preloaded: each of them has a function of its own name.
std::string_view AllocatorName() {
  if (dlsym(RTLD_DEFAULT, "tc_version") != nullptr) return "tcmalloc";
  if (dlsym(RTLD_DEFAULT, "mi_version") != nullptr) return "mimalloc";
  if (dlsym(RTLD_DEFAULT, "mallctl") != nullptr) return "jemalloc";
  return "system";
}

std::size_t HeapBytes() {
  // gperftools' C interface: its header is in a package that only the programs' builders would
  // need.
  using GetProperty = int (*)(const char* name, std::size_t* value);
  if (auto* const symbol = dlsym(RTLD_DEFAULT, "MallocExtension_GetNumericProperty")) {
    std::size_t bytes = 0;
    reinterpret_cast<GetProperty>(symbol)("generic.current_allocated_bytes", &bytes);
    return bytes;
  }
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::size_t ThreadCount() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    std::size_t count = 0;
    if (word == "Threads:" && status >> count) return count;
  }
  return 0;
}

std::size_t DescriptorCount() {
  const auto entries = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

std::int64_t NowNanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace pairwire::bench

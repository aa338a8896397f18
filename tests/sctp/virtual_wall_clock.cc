// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/sctp/virtual_wall_clock.h"

#include <sys/time.h>
#include <time.h>

#include <atomic>
#include <chrono>

namespace pairwire::sctp::test {
namespace {

constinit std::atomic<const Loop*> g_loop{nullptr};

}  // namespace

VirtualWallClock::VirtualWallClock(const Loop& loop) { g_loop = &loop; }
VirtualWallClock::~VirtualWallClock() { g_loop = nullptr; }

}  // namespace pairwire::sctp::test

extern "C" int gettimeofday(timeval* now, void*) noexcept {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  if (const pairwire::Loop* const loop = pairwire::sctp::test::g_loop) {
    const auto time = duration_cast<microseconds>(loop->Now().time_since_epoch()).count();
    now->tv_sec = time / 1'000'000;
    now->tv_usec = time % 1'000'000;
    return 0;
  }
  timespec real{};
  clock_gettime(CLOCK_REALTIME, &real);
  now->tv_sec = real.tv_sec;
  now->tv_usec = real.tv_nsec / 1000;
  return 0;
}

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// OpenFdCount: how many descriptors this process holds, to show that a test gave back what it took.
// WaitForFdCount: the same where a thread of a library gives the last one back in its own time, as
// a name's lookup does that nobody waits for any more.
#ifndef PAIRWIRE_TESTS_SUPPORT_FD_COUNT_H_
#define PAIRWIRE_TESTS_SUPPORT_FD_COUNT_H_

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <thread>

#include "tests/support/wait.h"

namespace pairwire::test {

// Counts the descriptor that reading the folder takes as well: compare two counts, not one with a
// number.
inline std::size_t OpenFdCount() {
  const std::filesystem::directory_iterator begin("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin, std::filesystem::directory_iterator()));
}

// Looks again every few milliseconds, as nothing tells; false after kDeadline.
[[nodiscard]] inline bool WaitForFdCount(std::size_t count) {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (OpenFdCount() != count) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_SUPPORT_FD_COUNT_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// OpenFdCount: how many descriptors this process holds, to show that a test gave back what it took.
#ifndef PAIRWIRE_TESTS_SUPPORT_FD_COUNT_H_
#define PAIRWIRE_TESTS_SUPPORT_FD_COUNT_H_

#include <cstddef>
#include <filesystem>
#include <iterator>

namespace pairwire::test {

// Counts the descriptor that reading the folder takes as well: compare two counts, not one with a
// number.
inline std::size_t OpenFdCount() {
  const std::filesystem::directory_iterator begin("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin, std::filesystem::directory_iterator()));
}

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_SUPPORT_FD_COUNT_H_

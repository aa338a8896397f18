// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The seed of a randomised test: chosen in one place, printed with each failure.
//
//   const std::uint64_t seed = test::Seed(7);
//   PAIRWIRE_TRACE_SEED(seed);
//
// PAIRWIRE_TEST_SEED=12345 in the environment runs the same test with another seed.
#ifndef PAIRWIRE_TESTS_SUPPORT_SEED_TRACE_H_
#define PAIRWIRE_TESTS_SUPPORT_SEED_TRACE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>

namespace pairwire::test {

inline std::uint64_t Seed(std::uint64_t usual) {
  const char* const chosen = std::getenv("PAIRWIRE_TEST_SEED");
  return chosen != nullptr ? std::strtoull(chosen, nullptr, 0) : usual;
}

}  // namespace pairwire::test

// Each failure up to the end of the scope says which seed it had.
#define PAIRWIRE_TRACE_SEED(seed) \
  SCOPED_TRACE(::testing::Message() << "PAIRWIRE_TEST_SEED=" << (seed))

#endif  // PAIRWIRE_TESTS_SUPPORT_SEED_TRACE_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// session_mutant INVARIANT: runs the simulation with a defect in the code under test until the
// checker names that invariant. Exit 0: it did. 1: it did not within 5,000 seeds.
#include <cstdio>
#include <cstdlib>

#include "tests/peer/delivery/session_checker.h"
#include "tests/peer/delivery/session_sim.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s INVARIANT\n", argv[0]);
    return 2;
  }
  const int wanted = std::atoi(argv[1]);
  constexpr unsigned kSeeds = 5000;
  unsigned others = 0;
  for (unsigned seed = 1; seed <= kSeeds; ++seed) {
    const auto history = pairwire::test::RunSession(pairwire::test::DrawSession(seed));
    for (const auto& breach : pairwire::test::CheckSession(history)) {
      if (breach.invariant != wanted) {
        ++others;
        continue;
      }
      std::printf("seed %u: %s\n", seed, breach.line.c_str());
      return 0;
    }
  }
  std::printf("not found as I%d; %u other breaches\n", wanted, others);
  return 1;
}

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Spoilt histories: a good one with one line dropped, doubled or swapped, where that breaks a
// promise. A checker that lets one of them pass is broken itself.
#ifndef PAIRWIRE_TESTS_FAULTS_SPOIL_H_
#define PAIRWIRE_TESTS_FAULTS_SPOIL_H_

#include <string>
#include <vector>

#include "tests/faults/history.h"

namespace pairwire::faults {

struct Spoilt {
  std::string how;
  History history;
};

// All that there are, or only each `stride`th of a kind.
//   dropped   the arrival of a text that was acknowledged; an answer on a socket that was not lost
//   doubled   an arrival, under a further number; an answer; session:terminated
//   swapped   two arrivals from one socket
std::vector<Spoilt> SpoilEach(const History& good, std::size_t stride = 1);

}  // namespace pairwire::faults

#endif  // PAIRWIRE_TESTS_FAULTS_SPOIL_H_

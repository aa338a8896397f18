// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Judges the history of a session, offline: were the promises of docs/session.md kept? It sees only
// the record, no code of the session.
//
//   I1  what is delivered is a prefix without gaps of what was sent, and unchanged
//   I2  no number is delivered twice
//   I3  each message sent is acknowledged, pending, or in exactly one range told as lost
//   I4  what is acknowledged was delivered before
//   I5  nothing is delivered after an end's session ended
//   I6  buffers keep their bounds
//   I7  one link delivers at a time: the one that was opened last, and the one before was closed
//   I8  states: per key never back to an older value; at rest the last one set is the last shown
//   I9  while both ends live and the window holds, nothing ends and all that was sent arrives
#ifndef PAIRWIRE_TESTS_PEER_DELIVERY_SESSION_CHECKER_H_
#define PAIRWIRE_TESTS_PEER_DELIVERY_SESSION_CHECKER_H_

#include <string>
#include <vector>

#include "tests/peer/delivery/session_history.h"

namespace pairwire::test {

struct Breach {
  int invariant = 0;  // 1 to 9
  std::string line;
};
// Empty when all was kept.
std::vector<Breach> CheckSession(const History& history);

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_PEER_DELIVERY_SESSION_CHECKER_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One simulated session: two SessionEnds, links that are cut after any frame, stall, overlap and
// repeat old HELLOs, a relay that is away, refuses or carries the frames itself, processes that
// freeze, die, or come back without their memory, on a virtual clock. Gives the history, for
// session_checker to judge. The same case gives the same history.
#ifndef PAIRWIRE_TESTS_PEER_DELIVERY_SESSION_SIM_H_
#define PAIRWIRE_TESTS_PEER_DELIVERY_SESSION_SIM_H_

#include "tests/peer/delivery/session_case.h"
#include "tests/peer/delivery/session_history.h"

namespace pairwire::test {

// Some milliseconds of real time.
History RunSession(const SessionCase& drawn);

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_PEER_DELIVERY_SESSION_SIM_H_

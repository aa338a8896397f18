// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// VirtualWallClock: while it lives, gettimeofday of this program follows a loop's clock. usrsctp is
// ticked by the loop but asks gettimeofday for round-trip times and for whether a chunk is old
// enough to be sent again; on a virtual clock it would believe that no time passes and never
// retransmit.
//
// Works because the program's own definition of gettimeofday comes before the C library's.
#ifndef PAIRWIRE_TESTS_SCTP_VIRTUAL_WALL_CLOCK_H_
#define PAIRWIRE_TESTS_SCTP_VIRTUAL_WALL_CLOCK_H_

#include "peer/base/loop.h"

namespace pairwire::sctp::test {

class VirtualWallClock {
 public:
  explicit VirtualWallClock(const Loop& loop);
  ~VirtualWallClock();

  VirtualWallClock(const VirtualWallClock&) = delete;
  VirtualWallClock& operator=(const VirtualWallClock&) = delete;
};

}  // namespace pairwire::sctp::test

#endif  // PAIRWIRE_TESTS_SCTP_VIRTUAL_WALL_CLOCK_H_

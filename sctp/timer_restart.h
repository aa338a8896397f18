// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TimerRestart: makes usrsctp restart its retransmission timer as RFC 9260 section 6.3.2 rule R3
// says: whenever a SACK acknowledges the earliest outstanding TSN.
//
// Why: usrsctp 0.9.5 (and its head of 2025) does so only in the path that it takes for SACKs with
// gaps. In its short path for those without, the timer goes on running and fires once per RTO
// however well everything goes. Each chunk that is older than one smoothed round trip then counts
// as lost: it is sent again, and the window falls to one packet. On a path of 100 ms without any
// loss this takes two thirds of the throughput and more with time; on one of 10 ms or less nothing
// happens.
//
// So once in a while a SACK is handed to usrsctp in two steps: first one that says the same but for
// one TSN near its end, which is a gap, then the SACK itself. For the second, usrsctp is still in
// its long path. Nothing changes on the wire.
//
// Pure: sees the received packets of one association, changes nothing in them.
#ifndef PAIRWIRE_SCTP_TIMER_RESTART_H_
#define PAIRWIRE_SCTP_TIMER_RESTART_H_

#include <pairwire/bytes.h>

#include <chrono>
#include <cstdint>
#include <optional>

#include "peer/base/loop.h"

namespace pairwire::sctp {

class TimerRestart {
 public:
  // A received packet that AcceptsSctpPacket accepted, before usrsctp has it. Gives the packet to
  // hand over before it; empty nearly always.
  Bytes FirstStep(ByteSpan packet, Loop::TimePoint now);

  // Well below the least RTO, and seldom enough to cost nothing.
  static constexpr std::chrono::milliseconds kInterval{50};

 private:
  std::optional<std::uint32_t> cumulative_tsn_;  // of the newest SACK
  bool had_gaps_ = false;
  Loop::TimePoint last_{};
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_TIMER_RESTART_H_

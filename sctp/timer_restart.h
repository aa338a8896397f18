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
// And Revive starts a timer that does not run at all. When it fires while chunks that were sent a
// moment ago wait to be sent once more, usrsctp (its head of 2025, too) forgets to count those. A
// chunk that does not count is never sent; and once everything else has arrived nothing is in
// flight, no timer runs, and the association stands still for ever. Two SACKs that we make up, one
// that has the last TSN in a gap and one that takes it back, put that TSN in flight again: the
// timer starts, fires, and counts all.
//
// Pure: sees the received packets of one association, changes nothing in them.
#ifndef PAIRWIRE_SCTP_TIMER_RESTART_H_
#define PAIRWIRE_SCTP_TIMER_RESTART_H_

#include <pairwire/bytes.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "peer/base/loop.h"
#include "sctp/chunks.h"

namespace pairwire::sctp {

class TimerRestart {
 public:
  // A received packet that AcceptsSctpPacket accepted, before usrsctp has it. Gives the packet to
  // hand over before it; empty nearly always.
  Bytes FirstStep(ByteSpan packet, Loop::TimePoint now);

  // The two packets for that, one after the other, when TSNs up to `highest_tsn` were sent; none
  // before the first SACK, or when nothing is outstanding.
  std::vector<Bytes> Revive(std::uint32_t highest_tsn) const;

  // Well below the least RTO, and seldom enough to cost nothing.
  static constexpr std::chrono::milliseconds kInterval{50};

 private:
  // A SACK with a gap at `gap` behind its TSN, or with none.
  Bytes MakeSack(std::uint32_t cumulative_tsn, std::optional<std::uint16_t> gap) const;

  std::optional<std::uint32_t> cumulative_tsn_;  // of the newest SACK
  std::uint32_t window_ = 0;                     // as it says
  std::array<std::uint8_t, kCommonHeaderSize> header_{};
  bool had_gaps_ = false;
  Loop::TimePoint last_{};
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_TIMER_RESTART_H_

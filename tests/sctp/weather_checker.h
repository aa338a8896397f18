// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Judges the history of a run: did the channels keep what they promise? Offline and pure: it sees
// only what both owners saw, and knows nothing of SCTP.
//
// The promises, for each direction of each channel:
//   - what is delivered was sent, and not more often than it was sent (all kinds);
//   - an ordered channel delivers in the order of sending; a reliable one without gaps;
//   - a reliable channel delivers everything, unless the receiver closed it or the association
//     failed; on a calm path a channel with a limit does so, too;
//   - nothing is delivered before the channel is open, after it closed, or after its own Close;
// and for both ends: each channel opens and closes once, both ends come to rest and end in kClosed,
// nothing stays in a buffer, and the counters say what happened.
#ifndef PAIRWIRE_TESTS_SCTP_WEATHER_CHECKER_H_
#define PAIRWIRE_TESTS_SCTP_WEATHER_CHECKER_H_

#include <string>
#include <vector>

#include "tests/sctp/weather_history.h"

namespace pairwire::sctp::test {

// One line for each broken promise; empty when all were kept.
std::vector<std::string> CheckHistory(const History& history);

}  // namespace pairwire::sctp::test

#endif  // PAIRWIRE_TESTS_SCTP_WEATHER_CHECKER_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Judges the history of a run: did the relay keep what docs/relay.md ("Acknowledged") promises?
// Offline and pure: it sees only what clients saw.
//
//   - a text that was acknowledged arrived; or its sender heard user_left, session:terminated or
//     that its token is good no more; or the other end heard resume_failed
//   - every text was answered, once, unless its socket was lost
//   - what arrived was sent; of the texts of one socket the first arrivals are in order
//   - no text arrived twice under two numbers, but for those that were not settled when a node was
//     killed, and those that it had been given for a client that came back; and no number stood for
//     two texts
//   - session:terminated and user_left came to a client once at most, and no text after the end
//   - pairing worked again within kPairsAgainWithin of each fault's end
#ifndef PAIRWIRE_TESTS_FAULTS_CHECKER_H_
#define PAIRWIRE_TESTS_FAULTS_CHECKER_H_

#include <chrono>
#include <string>
#include <vector>

#include "tests/faults/history.h"

namespace pairwire::faults {

inline constexpr std::chrono::milliseconds kPairsAgainWithin{5'000};

// One line for each broken promise; empty when all were kept.
std::vector<std::string> Check(const History& history);

struct Tally {
  std::size_t sent = 0, acked = 0, failed = 0, got = 0, again = 0;
  std::size_t sockets_lost = 0, resumed = 0, resume_failed = 0, ended = 0;
  std::uint64_t paired_again_ms = 0;  // the slowest
};
Tally Count(const History& history);
std::string ToText(const Tally& tally);

}  // namespace pairwire::faults

#endif  // PAIRWIRE_TESTS_FAULTS_CHECKER_H_

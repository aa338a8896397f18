// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Judges the history of a run: did the relay keep what docs/relay.md ("Acknowledged") promises?
// Offline and pure: it sees only what clients saw.
//
//   - a text that was acknowledged arrived; or its sender heard user_left or session:terminated, or
//     the other end heard resume_failed, before the run came to rest
//   - every text was answered, once, unless its socket was lost before
//   - what arrived was sent; of the texts of one socket the first arrivals are in order
//   - no text arrived twice under two numbers, but for those that a node had not answered for when
//   it
//     was killed or cut off, and those that it had been given for a client that came back there;
//     and no number stood for two texts
//   - session:terminated and user_left came to a client once at most, and no text after the end
//   - nobody was given up who was there, or less than the window after it was lost
//
// And in time, by the time stamps of the history: what is late is told apart, as a machine that
// gives nobody any time makes everything late. A loss is never that.
//
//   - pairing worked again within kPairsAgainWithin of each fault's end
//   - a text was answered within kAnswersWithin
//   - who was lost for the window was given up, and whose resume failed came too late
#ifndef PAIRWIRE_TESTS_FAULTS_CHECKER_H_
#define PAIRWIRE_TESTS_FAULTS_CHECKER_H_

#include <chrono>
#include <string>
#include <vector>

#include "tests/faults/history.h"

namespace pairwire::faults {

inline constexpr std::chrono::milliseconds kPairsAgainWithin{5'000};
// A relay gives up after five seconds; the rest is for the ways there and back.
inline constexpr std::chrono::milliseconds kAnswersWithin{8'000};

// One line each.
struct Findings {
  std::vector<std::string> broken;  // promises
  std::vector<std::string> late;
};
Findings Check(const History& history);

struct Tally {
  std::size_t sent = 0, acked = 0, failed = 0, got = 0, again = 0;
  std::size_t sockets_lost = 0, resumed = 0, resume_failed = 0, ended = 0;
  std::uint64_t paired_again_ms = 0;  // the slowest
};
Tally Count(const History& history);
std::string ToText(const Tally& tally);

}  // namespace pairwire::faults

#endif  // PAIRWIRE_TESTS_FAULTS_CHECKER_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// History: what the clients of one run saw, and what was done to the relay meanwhile, line by line
// in one order. Written by the workload, judged by the checker, which knows nothing else; as text
// it can be kept and judged again.
#ifndef PAIRWIRE_TESTS_FAULTS_HISTORY_H_
#define PAIRWIRE_TESTS_FAULTS_HISTORY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire::faults {

enum class What : std::uint8_t {
  // A client, by its own count of sockets.
  kOpened,        // its socket was welcomed; `detail`: the node
  kLost,          // that socket is gone; `detail`: the close code
  kResumed,       // the relay took its resume
  kResumeFailed,  // or did not
  kUnauthorized,  // its token is good no more
  kDraining,      // server:draining; `detail`: where to go
  // A text, by its sender's count.
  kSent,    // on `socket`
  kAcked,   // the sender heard so
  kFailed,  // the same; `detail`: the code
  kGot,     // by the other end of the sender's pair; `detail`: the delivery's id
  kAgain,   // the same, dropped as the id was not above the last
  // What the relay tells of others.
  kUserLeft,    // the other end of the pair
  kTerminated,  // the session; `detail`: the reason
  // The run itself.
  kNodeDied,     // `who`: the node, by kill -9
  kCutOff,       // `who`: the node reaches no other
  kBack,         // that one does again
  kFaultBegins,  // `detail`: what
  kFaultEnds,
  kPairedAgain,  // after it; `number`: milliseconds
  kSettled,      // nothing is sent any more, and what was acknowledged must have arrived
  kNote,         // for whoever reads it
};

struct Line {
  std::uint64_t at = 0;  // microseconds since the run began
  std::string who;       // "3d" and "3c" are a pair: display and controller; a node; "-"
  What what = What::kNote;
  std::uint64_t number = 0;
  std::uint64_t socket = 0;
  std::string detail;  // one word, or nothing

  bool operator==(const Line&) const = default;
};

using History = std::vector<Line>;

// Part of every text that members send; no log may show it.
inline constexpr std::string_view kSecretWord = "nobodylogsthis";

// "<microseconds> <who> <what> <number> <socket> [<detail>]" a line.
std::string ToText(const History& history);
// Nothing when a line is none of ours.
std::optional<History> ParseHistory(std::string_view text);

// "3c" for "3d" and the reverse.
std::string OtherEnd(std::string_view who);

}  // namespace pairwire::faults

#endif  // PAIRWIRE_TESTS_FAULTS_HISTORY_H_

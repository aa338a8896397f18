// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What two ends of a session did, in one order: what session_checker.h judges. Plain data; it knows
// nothing of the code under test.
#ifndef PAIRWIRE_TESTS_PEER_DELIVERY_SESSION_HISTORY_H_
#define PAIRWIRE_TESTS_PEER_DELIVERY_SESSION_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pairwire::test {

enum class What {
  kSend,        // a command: number, hash
  kDeliver,     // a command was delivered, or its acknowledgement was given: number, hash, link
  kAcked,       // on_acked: all up to number
  kLost,        // told at the end: number to last are unacknowledged
  kPending,     // at the end of the record, of a living end: number to last are unacknowledged
  kLinkOpen,    // link is in use
  kLinkClose,   // link is not any more
  kBytes,       // number bytes and last messages wait in the outbox; hash bytes of states
  kStateSet,    // number is the key, hash the value; 0: deleted
  kStateShown,  // the same at the other end
  kOutage,      // no link is in use any more, or it is quiet
  kOutageOver,
  kEnded,      // the session ended for this end: number is the End
  kKilled,     // the process is gone
  kRestored,   // it came back without its memory, with its keys
  kAppClosed,  // the application asked for the end
};

enum class End { kAsked, kPeerLeft, kLost, kPeerRestarted, kOther };

struct Event {
  What what = What::kSend;
  int end = 0;
  std::uint64_t at_ms = 0;  // on the virtual clock
  std::uint64_t number = 0;
  std::uint64_t last = 0;
  std::uint64_t hash = 0;
  std::uint64_t link = 0;
};

struct History {
  std::uint64_t first_seq = 1;
  std::uint64_t window_ms = 0;
  std::size_t outbox_bytes = 0;
  std::size_t outbox_messages = 0;
  std::size_t state_bytes = 0;
  // A minute of fair weather was the last thing that happened.
  bool rested = false;
  std::vector<Event> events;
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_PEER_DELIVERY_SESSION_HISTORY_H_

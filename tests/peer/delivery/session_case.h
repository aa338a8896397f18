// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What one simulated session is like, drawn from its seed.
#ifndef PAIRWIRE_TESTS_PEER_DELIVERY_SESSION_CASE_H_
#define PAIRWIRE_TESTS_PEER_DELIVERY_SESSION_CASE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "peer/delivery/session_times.h"

namespace pairwire::test {

struct SessionCase {
  std::uint64_t seed = 1;
  bool verbose = false;
  std::chrono::milliseconds chaos{60'000};
  delivery::SessionTimes times;
  std::uint64_t first_seq = 1;
  std::size_t outbox_bytes = 4 * 1024 * 1024;
  std::size_t outbox_messages = 4096;
  bool manual_ack = false;        // the application takes its time
  bool same_certificate = false;  // each connection shows the same one
  std::chrono::milliseconds delay{20};
  std::chrono::milliseconds jitter{5};
  double lane_loss = 0;          // of the unreliable lanes
  std::size_t lane_frames = 64;  // so many under way, then there is no room
  double send_chance = 0.5;      // of each of some ten turns a second
  int burst = 3;
  double state_chance = 0.1;
  // Chances of a fault each second.
  double cut = 0.02;
  double stall = 0.02;
  double freeze = 0.01;
  double relay_outage = 0.02;
  double network_change = 0.01;
  // Chances of the whole run.
  double kill = 0.04;
  double restore = 0.06;
  double close = 0.1;
  double refuse = 0.1;      // of a try to meet
  double link_fails = 0.2;  // of a new connection
  double replay = 0;        // of an old HELLO before the true one
  double fallback = 0;      // of a meeting
  double lost_hello = 0;    // of a link that dies with its first frames
  double heal = 0.6;        // of a restart of ICE, where there is a path
  bool parks = false;       // a quiet link is kept while the relay carries the session

  std::string Describe() const;
};

SessionCase DrawSession(std::uint64_t seed);

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_PEER_DELIVERY_SESSION_CASE_H_

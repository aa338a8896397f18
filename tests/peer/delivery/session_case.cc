// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/peer/delivery/session_case.h"

#include <cstdint>
#include <sstream>

#include "tests/support/seeded_random.h"

namespace pairwire::test {

using std::chrono::milliseconds;

SessionCase DrawSession(std::uint64_t seed) {
  SeededRandom random(seed * 0x5851f42d + 11);
  const auto between = [&](std::uint64_t low, std::uint64_t high) {
    return low + random.NextBelow(high - low + 1);
  };
  SessionCase drawn;
  drawn.seed = seed;
  drawn.chaos = milliseconds(between(5'000, 90'000));
  if (random.Chance(0.3)) drawn.times.window = milliseconds(between(10'000, 60'000));
  if (random.Chance(0.15)) drawn.first_seq = UINT64_MAX - between(0, 200);
  if (random.Chance(0.3)) {
    drawn.outbox_bytes = between(500, 20'000);
    drawn.outbox_messages = between(2, 100);
  }
  drawn.manual_ack = random.Chance(0.4);
  drawn.same_certificate = random.Chance(0.4);
  drawn.delay = milliseconds(random.Chance(0.2) ? between(200, 3'000) : between(0, 150));
  drawn.jitter = milliseconds(between(0, 60));
  drawn.lane_loss = random.Chance(0.6) ? random.NextUnit() * 0.5 : 0;
  drawn.lane_frames = random.Chance(0.3) ? between(1, 8) : 64;
  drawn.send_chance = random.NextUnit() * 0.6;
  drawn.burst = static_cast<int>(between(1, random.Chance(0.1) ? 100 : 4));
  drawn.state_chance = random.NextUnit() * 0.2;
  const double storm = random.Chance(0.2) ? 0 : random.NextUnit();
  drawn.cut = 0.15 * storm;
  drawn.stall = 0.1 * storm * random.NextUnit();
  drawn.freeze = 0.05 * storm * random.NextUnit();
  drawn.relay_outage = 0.05 * storm * random.NextUnit();
  drawn.network_change = 0.05 * random.NextUnit();
  drawn.refuse = 0.5 * random.NextUnit();
  drawn.link_fails = 0.6 * random.NextUnit();
  drawn.replay = random.Chance(0.3) ? 0.5 : 0;
  drawn.fallback = random.Chance(0.3) ? random.NextUnit() : 0;
  drawn.lost_hello = random.Chance(0.5) ? 0.6 * random.NextUnit() : 0;
  drawn.parks = random.Chance(0.7);
  if (drawn.parks && random.Chance(0.4)) {
    // Paths that go quiet and come back once the relay carries the session.
    drawn.fallback = 0.5 + 0.5 * random.NextUnit();
    drawn.stall = 0.05 + 0.1 * random.NextUnit();
    drawn.cut *= 0.2;
    drawn.heal = 0.3 * random.NextUnit();
  }
  return drawn;
}

std::string SessionCase::Describe() const {
  std::ostringstream text;
  text << chaos.count() << " ms, window " << times.window.count() << ", delay " << delay.count()
       << "+" << jitter.count() << ", first " << first_seq << ", outbox " << outbox_bytes << "/"
       << outbox_messages << (manual_ack ? ", manual ack" : "")
       << (same_certificate ? ", same certificate" : "") << ", lane loss " << lane_loss << ", room "
       << lane_frames << ", cut " << cut << ", stall " << stall << ", freeze " << freeze
       << ", relay " << relay_outage << ", replay " << replay << ", fallback " << fallback
       << ", lost hello " << lost_hello << (parks ? ", parks" : "");
  return text.str();
}

}  // namespace pairwire::test

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What a run over bad weather is made of, drawn from its seed: the path, what may happen on it, and
// how much. The actions themselves are drawn while the run goes on (weather_run).
#ifndef PAIRWIRE_TESTS_SCTP_WEATHER_CASE_H_
#define PAIRWIRE_TESTS_SCTP_WEATHER_CASE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "sctp/channel_mux.h"
#include "sctp/channel_options.h"
#include "sctp/usrsctp_socket.h"
#include "tests/support/seeded_random.h"
#include "tests/support/sim_link.h"

namespace pairwire::sctp::test {

struct WeatherCase {
  std::uint64_t seed = 0;
  bool over_dtls = false;
  bool verbose = false;                // prints what happens, with the time; for one run alone
  bool calm = false;                   // see History::calm
  bool abrupt_end = false;             // see History::abrupt_end
  bool batches = false;                // packets of one moment come as one batch
  bool messages_in_callbacks = false;  // answers are sent, and channels closed, from inside events
  // Each end knows the other as one of ours: large packets, few SACKs and streams, messages in
  // parts.
  bool ours = false;
  int steps = 0;
  std::size_t bytes = 0;    // of user data, about, both ends together
  double pause_chance = 0;  // of each step, as the next three
  double close_chance = 0;
  double change_chance = 0;  // the weather
  double outage_chance = 0;
  int longest_outage_seconds = 0;
  pairwire::test::SimLink::Options path;
  ChannelMuxOptions mux;
  UsrsctpAssociationOptions association;

  std::string Describe() const;
};

WeatherCase DrawCase(std::uint64_t seed, bool over_dtls);

// One kind of weather; `calm`: nothing that could lose or overtake.
pairwire::test::SimLink::Options DrawWeather(pairwire::test::SeededRandom& random, bool calm);

// Ordered or not, reliable or one of the two limits; label, id and negotiated are the caller's.
ChannelOptions DrawChannel(pairwire::test::SeededRandom& random, bool calm);

// Mostly small; up to 300 KiB, which is more than the other end takes.
std::size_t DrawSize(pairwire::test::SeededRandom& random);

}  // namespace pairwire::sctp::test

#endif  // PAIRWIRE_TESTS_SCTP_WEATHER_CASE_H_

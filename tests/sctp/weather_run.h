// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One seeded run of two real stacks over bad weather on a virtual clock: channels of each kind come
// and go at both ends, messages of each size travel, readers stop, the path changes and goes away.
// Gives the history, for weather_checker to judge. The same case gives the same history, packet by
// packet (not over DTLS, whose records differ).
#ifndef PAIRWIRE_TESTS_SCTP_WEATHER_RUN_H_
#define PAIRWIRE_TESTS_SCTP_WEATHER_RUN_H_

#include "tests/sctp/weather_case.h"
#include "tests/sctp/weather_history.h"

namespace pairwire::sctp::test {

// One at a time in a process, as usrsctp is. Takes a few hundredths of a second of real time.
History RunWeather(const WeatherCase& drawn);

}  // namespace pairwire::sctp::test

#endif  // PAIRWIRE_TESTS_SCTP_WEATHER_RUN_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// An SCTP packet as a line of text, for the eyes of somebody who looks into one run.
#ifndef PAIRWIRE_TESTS_SCTP_WEATHER_TRACE_H_
#define PAIRWIRE_TESTS_SCTP_WEATHER_TRACE_H_

#include <pairwire/bytes.h>

#include <string>

namespace pairwire::sctp::test {

// "DATA 12/sid 3/ssn 0 BE 1100" and so on, chunk by chunk.
std::string DescribePacket(ByteSpan packet);

}  // namespace pairwire::sctp::test

#endif  // PAIRWIRE_TESTS_SCTP_WEATHER_TRACE_H_

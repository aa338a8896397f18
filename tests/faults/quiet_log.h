// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What a relay's log may not show, whatever happens to it: codes, tokens, SDP, candidates,
// addresses of clients.
#ifndef PAIRWIRE_TESTS_FAULTS_QUIET_LOG_H_
#define PAIRWIRE_TESTS_FAULTS_QUIET_LOG_H_

#include <string>
#include <string_view>
#include <vector>

namespace pairwire::faults {

// The first thing in `log` that should not be there, with its line; empty: none. `secrets`: tokens
// and codes that were in use. A code counts as a value of its own, as short numbers are everywhere.
std::string LoudPart(std::string_view log, const std::vector<std::string>& secrets);

}  // namespace pairwire::faults

#endif  // PAIRWIRE_TESTS_FAULTS_QUIET_LOG_H_

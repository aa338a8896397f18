// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// `pairings list` and `pairings revoke ID` of both programs: who is remembered in a file, and how
// one is forgotten. Not here: how somebody comes to be in it (the programs, with --pairings).
#ifndef PAIRWIRE_SAMPLES_COMMON_PAIRINGS_COMMAND_H_
#define PAIRWIRE_SAMPLES_COMMON_PAIRINGS_COMMAND_H_

#include <pairwire/result.h>

#include <optional>
#include <string>

namespace pairwire::samples {

// None: the first argument is not `pairings`. Else it is done, and this is the exit code.
std::optional<int> RunPairingsCommand(const std::string& program, int argc, char** argv);

// The id of the display that a person means by its name or its id. kInvalidArgument: none is, or
// several are.
Result<std::string> FindPairing(const std::string& file, const std::string& named);

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_COMMON_PAIRINGS_COMMAND_H_

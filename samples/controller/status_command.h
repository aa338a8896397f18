// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-controller status: how displays are, as the relay tells it, or told it last. Needs no
// code and makes no session.
#ifndef PAIRWIRE_SAMPLES_CONTROLLER_STATUS_COMMAND_H_
#define PAIRWIRE_SAMPLES_CONTROLLER_STATUS_COMMAND_H_

#include <optional>

namespace pairwire::samples {

// The exit code, when the first argument is "status"; else nothing happens.
std::optional<int> RunStatusCommand(int argc, char** argv);

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_CONTROLLER_STATUS_COMMAND_H_

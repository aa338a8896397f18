// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The scenarios, one function and one file each; docs/load.md tells what each does and what its
// figures mean. An Error: it could not be done (no relay, a limit, the deadline). A Report that
// failed: it was done, and what was promised did not come.
#ifndef PAIRWIRE_SIGNALING_LOAD_SCENARIOS_H_
#define PAIRWIRE_SIGNALING_LOAD_SCENARIOS_H_

#include <pairwire/result.h>

#include "signaling/load/helpers.h"
#include "signaling/load/report.h"
#include "signaling/load/stage.h"

namespace pairwire::load {

// `displays` of the options are this process's own; the helpers have theirs.
Result<Report> RunWaiting(Stage& stage, const Helpers& helpers);
Result<Report> RunPairing(Stage& stage);
Result<Report> RunSignaling(Stage& stage);
Result<Report> RunStatus(Stage& stage);
Result<Report> RunExpiry(Stage& stage);
Result<Report> RunSuite(Stage& stage);

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_SCENARIOS_H_

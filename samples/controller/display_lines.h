// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What pairwire-controller says about displays: what they tell of themselves, and how they are
// reached.
#ifndef PAIRWIRE_SAMPLES_CONTROLLER_DISPLAY_LINES_H_
#define PAIRWIRE_SAMPLES_CONTROLLER_DISPLAY_LINES_H_

#include <pairwire/group.h>

#include <string>

#include "samples/common/reporter.h"

namespace pairwire::samples {

// A typed event of the display `who`: {"event":"display:health","display":…,"data":{…}}.
void SayEvent(Reporter& reporter, const std::string& who, const Event& event);
// How it is reached: state, path, round trip, what is known of its clock.
void SayReach(Reporter& reporter, const GroupMember& member);
// The same of a session.
void SayReach(Reporter& reporter, const Session& session);

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_CONTROLLER_DISPLAY_LINES_H_

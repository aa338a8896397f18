// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RunAndWait: runs a piece of work on a loop and waits for it. For the destructors of handles,
// which must not return before their object on the loop is gone. Not for everyday calls: the caller
// blocks.
#ifndef PAIRWIRE_PEER_BASE_RUN_AND_WAIT_H_
#define PAIRWIRE_PEER_BASE_RUN_AND_WAIT_H_

#include "peer/base/loop.h"
#include "peer/base/task.h"

namespace pairwire {

// Runs `task` on `loop`, after what was posted before, and returns true once it ran and is
// destroyed. On the loop's own thread it runs at once. Returns false when the loop stopped, or
// stops while waiting: then the task was destroyed without being run. Any thread; the loop must
// outlive the call, and must be started (else the call waits for its Stop). Hold no lock that work
// on the loop takes.
bool RunAndWait(Loop& loop, Task task);

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_BASE_RUN_AND_WAIT_H_

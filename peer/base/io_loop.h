// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// IoLoop: a Loop that also watches descriptors.
#ifndef PAIRWIRE_PEER_BASE_IO_LOOP_H_
#define PAIRWIRE_PEER_BASE_IO_LOOP_H_

#include <cstdint>
#include <functional>

#include "peer/base/loop.h"

namespace pairwire {

using FdWatchId = std::uint64_t;

class IoLoop : public Loop {
 public:
  // Calls `on_readable` on the loop whenever `fd` has something to read (level-triggered: once a
  // turn for as long as it is readable). The caller keeps the descriptor open until after
  // UnwatchFd. Returns 0 when the system refuses to watch (out of watches) or the loop is stopping.
  // Loop thread only.
  virtual FdWatchId WatchReadable(int fd, std::function<void()> on_readable) = 0;

  // No callback of this watch starts after the call. Loop thread only; may be called from the
  // callback.
  virtual void UnwatchFd(FdWatchId id) = 0;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_BASE_IO_LOOP_H_

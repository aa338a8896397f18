// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// LinkWatch: for tests: what becomes of a session's links, and each frame that goes over them, told
// as it happens by session_core.h. A session without one (that is all of them but a test's) does
// nothing for it. Loop thread only.
#ifndef PAIRWIRE_PEER_SESSION_LINK_WATCH_H_
#define PAIRWIRE_PEER_SESSION_LINK_WATCH_H_

#include <pairwire/bytes.h>

#include "peer/delivery/frame.h"
#include "peer/delivery/session_events.h"

namespace pairwire {

// Called from inside the session: it calls nothing of it.
class LinkWatch {
 public:
  enum class Way { kSent, kReceived };

  virtual ~LinkWatch() = default;

  // Before the link has it, or before the session takes it in. False: the frame is gone.
  virtual bool OnFrame(delivery::LinkId link, Way way, delivery::Lane lane, ByteSpan frame) = 0;
  // It is the one in use from here on.
  virtual void OnUsed(delivery::LinkId link) = 0;
  // The session lets go of it, in use or not.
  virtual void OnDropped(delivery::LinkId link) = 0;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_LINK_WATCH_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// IceRuntime: what the ICE transports of one loop share: the loop, the source of randomness, and
// the place where dying agents are closed in the background. Closing a libnice agent is
// asynchronous, must not be begun from inside its callbacks, and with TURN allocations takes
// seconds; a transport can go at once.
//
// It owns no living agent: those belong to their transports, which all go before it.
#ifndef PAIRWIRE_PEER_ICE_ICE_RUNTIME_H_
#define PAIRWIRE_PEER_ICE_ICE_RUNTIME_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "peer/base/io_loop.h"
#include "peer/base/random.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "peer/udp/twin_socket.h"

namespace pairwire::ice {

class Agent;

class IceRuntime {
 public:
  // `loop` outlives the runtime; randomness is the system's. The first runtime of a process also
  // sends libnice's warnings to Pairwire's log (they would go to stderr).
  explicit IceRuntime(IoLoop& loop);
  // With randomness handed in, which outlives the runtime.
  IceRuntime(IoLoop& loop, RandomSource& random);

  // Closes what is left within a second, without the loop. On the loop's thread (not from inside an
  // event of a transport), or on any thread once the loop was stopped.
  ~IceRuntime();

  IceRuntime(const IceRuntime&) = delete;
  IceRuntime& operator=(const IceRuntime&) = delete;

  IoLoop& loop() { return loop_; }
  RandomSource& random() { return random_; }

  // What the fast paths of this loop share.
  udp::LoopBuffers& udp_buffers() { return udp_buffers_; }

  // For log lines: 1, 2, 3 …
  unsigned NextId() { return ++last_id_; }

  // Takes a detached agent and closes it from the loop's own frame; may be called from inside its
  // callbacks. An agent that has not finished after 5 s is dropped as it is.
  void Bury(std::unique_ptr<Agent> agent);

  // How many agents are being closed.
  std::size_t dying() const { return dying_.size(); }

 private:
  struct Dying {
    std::unique_ptr<Agent> agent;
    Loop::TimePoint deadline;
  };

  void SweepSoon();
  void Sweep();

  IoLoop& loop_;
  SystemRandom system_random_;
  RandomSource& random_;
  udp::LoopBuffers udp_buffers_;
  unsigned last_id_ = 0;
  // Bounded by the living transports before it: each leaves within 5 s.
  std::vector<Dying> dying_;
  bool sweep_posted_ = false;
  Timer deadline_timer_;
  TaskSafety safety_;
};

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_ICE_RUNTIME_H_

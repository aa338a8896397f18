// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Backend: everything that the nodes of a relay share, behind one object: in memory for one process
// (memory_backend.h), elsewhere for many. The server sees only this.
#ifndef PAIRWIRE_SIGNALING_STORE_BACKEND_H_
#define PAIRWIRE_SIGNALING_STORE_BACKEND_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "signaling/store/cache.h"
#include "signaling/store/event_log.h"
#include "signaling/store/node_bus.h"
#include "signaling/store/rates.h"
#include "signaling/store/registry.h"
#include "signaling/store/store.h"

namespace pairwire::relay {

// The parts, which live as long as their owner.
struct Backend {
  Store& store;
  NodeBus& bus;
  Registry& registry;
  Cache& cache;
  RateLimiter& rates;
  EventLog& events;
};

struct BackendHealth {
  bool up = true;
  std::string reason;  // When it is not up: for a log and /readyz, without a secret.
  // For metrics; all zero in memory.
  std::uint64_t reconnects = 0;  // how often it was lost and is back
  std::size_t pending = 0;       // commands without an answer
  std::size_t output_bytes = 0;  // of commands that are not sent yet
};

class BackendOwner {
 public:
  virtual ~BackendOwner() = default;
  virtual Backend parts() = 0;
  // Begins to connect, where there is something to connect to. Call once, after handlers
  // subscribed.
  virtual void Start() = 0;
  // Sends what waits and goes; `done` comes later, once, also when nobody can be reached any more.
  // After it nothing of the parts calls back.
  virtual void Stop(std::function<void()> done) = 0;
  virtual BackendHealth health() const = 0;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_BACKEND_H_

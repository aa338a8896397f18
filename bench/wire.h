// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Wire: what the two ends tell one another beside the connection that is measured: signalling and
// "the window opens now", as JSON objects, in order. Within one process, or over a socket to the
// second one, where each is a line.
#ifndef PAIRWIRE_BENCH_WIRE_H_
#define PAIRWIRE_BENCH_WIRE_H_

#include <pairwire/network.h>

#include <functional>
#include <mutex>

#include "bench/conductor.h"
#include "bench/report.h"

namespace pairwire::bench {

class Wire {
 public:
  virtual ~Wire() = default;

  // Any thread. What can not be sent is lost: the other process is gone then.
  virtual void Send(Json message) = 0;

  // Gets what the other end sends, on the loop thread. Once, before anything is sent.
  void SetHandler(std::function<void(const Json&)> handler) { handler_ = std::move(handler); }

 protected:
  std::function<void(const Json&)> handler_;
};

// Both ends on one Network. A wire outlives the Network.
class MemoryWire final : public Wire {
 public:
  explicit MemoryWire(Network& network) : network_(network) {}
  void ConnectTo(MemoryWire& other) { other_ = &other; }
  void Send(Json message) override;

 private:
  Network& network_;
  MemoryWire* other_ = nullptr;
};

// A connected socket, which the caller closes after the wire is gone. The conductor reads it.
class SocketWire final : public Wire {
 public:
  SocketWire(int fd, Network& network, Conductor& conductor);
  void Send(Json message) override;

 private:
  const int fd_;
  Network& network_;
  std::mutex mutex_;  // lines are written whole
};

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_WIRE_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Outlet: where a sender's messages go: a DataChannel, or the commands of a Session, so that one
// scenario measures both.
#ifndef PAIRWIRE_BENCH_OUTLET_H_
#define PAIRWIRE_BENCH_OUTLET_H_

#include <pairwire/network.h>
#include <pairwire/session.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace pairwire::bench {

// Called on the loop thread.
struct OutletEvents {
  // Messages are taken. A Session's is called within Subscribe.
  std::function<void()> on_open;
  std::function<void()> on_buffered_amount_low;
  std::function<void(const Error&)> on_closed;
};

// Loop thread only.
class Outlet {
 public:
  virtual ~Outlet() = default;
  virtual void Subscribe(OutletEvents events, std::size_t low_threshold) = 0;
  virtual Result<void> Send(ByteSpan message) = 0;
  virtual std::size_t buffered_amount() const = 0;
};

std::unique_ptr<Outlet> OutletOf(DataChannel channel);
// The session is connected, and outlives the outlet.
std::unique_ptr<Outlet> OutletOf(Session& session);

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_OUTLET_H_

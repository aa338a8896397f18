// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Fleet: one role's connections, numbered alike at both ends. Signals travel over the Wire with
// their connection's number.
#ifndef PAIRWIRE_BENCH_FLEET_H_
#define PAIRWIRE_BENCH_FLEET_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>

#include "bench/peer_end.h"
#include "bench/scenario.h"

namespace pairwire::bench {

// Loop thread only.
class Fleet {
 public:
  // `on_channel`: the other end opened a channel on connection `number`.
  explicit Fleet(Context& context,
                 std::function<void(std::size_t number, DataChannel)> on_channel = {});

  // The connection of this number, made if there is none. Null when that failed, which ends the
  // run.
  PeerEnd* Get(std::size_t number);

  // True when `message` was a signal.
  bool OnWire(const Json& message);

 private:
  Context& context_;
  const std::function<void(std::size_t, DataChannel)> on_channel_;
  std::map<std::size_t, std::unique_ptr<PeerEnd>> ends_;
};

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_FLEET_H_

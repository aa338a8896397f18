// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Pair: both ends of one connection on one loop, with one channel; signals go from one end to the
// other as they come, in memory.
#ifndef PAIRWIRE_BENCH_PAIR_H_
#define PAIRWIRE_BENCH_PAIR_H_

#include <pairwire/network.h>

#include <functional>
#include <memory>
#include <optional>

#include "bench/peer_end.h"

namespace pairwire::bench {

// Called on the loop thread; the pair may not be destroyed from inside.
struct PairEvents {
  std::function<void()> on_open;                  // the channel is open at both ends; once
  std::function<void()> on_closed;                // both ends are closed, as Close asked; once
  std::function<void(ByteSpan)> on_message = {};  // at the second end
  std::function<void(const Error&)> on_failed;
};

// Loop thread only.
class Pair {
 public:
  explicit Pair(PairEvents events);
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  // Makes both ends and connects them; on_failed when that does not work.
  void Connect(Network& network, const PeerConfiguration& first, const PeerConfiguration& second);
  // From the first end to the second.
  Result<void> Send(ByteSpan data) { return first_channel_.Send(data); }
  void Close();

 private:
  PeerEndEvents EndEvents(std::unique_ptr<PeerEnd> Pair::*other);
  void OnOpen();
  void OnEnd(const Error& error);

  PairEvents events_;
  int open_ends_ = 0;
  int closed_ends_ = 0;
  bool closing_ = false;
  std::unique_ptr<PeerEnd> first_;
  std::unique_ptr<PeerEnd> second_;
  DataChannel first_channel_;
  DataChannel second_channel_;
};

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_PAIR_H_

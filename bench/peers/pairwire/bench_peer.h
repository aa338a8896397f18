// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// BenchPeer: what one process of bench/peers does when it is ours: carries out the commands of
// bench/peers/README.md that concern one connection with one channel. It measures nothing but its
// own counters at a mark; the driver makes figures of them.
//
// Not here: connect and memory, which need no second place and which pairwire-bench measures.
#ifndef PAIRWIRE_BENCH_PEERS_PAIRWIRE_BENCH_PEER_H_
#define PAIRWIRE_BENCH_PEERS_PAIRWIRE_BENCH_PEER_H_

#include <pairwire/network.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/peer_end.h"
#include "bench/report.h"
#include "bench/stream.h"
#include "bench/usage.h"

namespace pairwire::bench {

// One line on stdout, in one write. Loop thread, or main thread before the Network exists.
void PrintEvent(const Json& event);

// Loop thread only. Outlives its Network.
class BenchPeer {
 public:
  explicit BenchPeer(Network& network) : network_(network) {}

  // A command; what is wrong with it is told as an `error` event.
  void OnLine(const std::string& line);

 private:
  // Round trips under way.
  struct Trips {
    std::vector<double> microseconds;
    std::size_t wanted = 0;
    std::size_t warm_up = 0;  // trips left that do not count
    Bytes message;
    std::int64_t sent_ns = 0;
  };

  void Run(const std::string& name, const Json& command);
  void Create(const Json& command);
  void Adopt(DataChannel channel);
  void Blast(std::size_t size);
  void Ping(const Json& command);
  void SendPing();
  void Mark(const Json& command) const;
  void OnMessage(ByteSpan data);
  std::uint64_t sent() const;

  const Meter meter_;
  Network& network_;
  std::unique_ptr<PeerEnd> end_;
  DataChannel channel_;
  std::unique_ptr<StreamSender> sender_;
  std::optional<Trips> trips_;
  bool echo_ = false;
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_PEERS_PAIRWIRE_BENCH_PEER_H_

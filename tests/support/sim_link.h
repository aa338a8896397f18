// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SimLink: one direction of a simulated network: packets go in, and come out later, lost, doubled
// or out of order, as a seed decides. SimPath is two of them. Runs on any Loop; on ManualLoop the
// same seed and the same input give the same weather, packet by packet.
//
//   Send -> MTU -> queue of the bottleneck -> (burst) loss -> delay + jitter, reorder, duplicate ->
//   out
#ifndef PAIRWIRE_TESTS_SUPPORT_SIM_LINK_H_
#define PAIRWIRE_TESTS_SUPPORT_SIM_LINK_H_

#include <pairwire/bytes.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <utility>

#include "peer/base/loop.h"
#include "peer/base/task_safety.h"
#include "tests/support/seeded_random.h"

namespace pairwire::test {

class SimLink {
 public:
  // The defaults are a perfect wire.
  struct Options {
    Loop::Duration delay{};   // one way
    Loop::Duration jitter{};  // 0..jitter more, uniform; alone it never reorders
    double loss = 0;          // probability that a packet is lost
    double burst_loss = 0;    // probability that a packet starts a burst of losses
    int burst_length = 1;     // packets lost in a burst, the first included
    double reorder = 0;       // probability that a packet is held back by reorder_by
    Loop::Duration reorder_by = std::chrono::milliseconds(5);
    double duplicate = 0;        // probability that a packet arrives twice
    std::uint64_t rate_bps = 0;  // bottleneck in bits per second of what Send gets; 0: no limit
    // Bytes that may wait before the bottleneck; what does not fit is dropped. Only with rate_bps.
    std::size_t queue_limit_bytes = 256 * 1024;
    std::size_t mtu = std::numeric_limits<std::size_t>::max();  // bytes; bigger packets are dropped
    std::uint64_t seed = 1;
  };

  struct Counters {
    std::uint64_t sent = 0;       // packets given to Send
    std::uint64_t delivered = 0;  // calls of the receiver, duplicates included
    std::uint64_t delivered_bytes = 0;
    std::uint64_t duplicated = 0;
    std::uint64_t reordered = 0;  // packets held back
    std::uint64_t dropped_loss = 0;
    std::uint64_t dropped_burst = 0;
    std::uint64_t dropped_queue = 0;
    std::uint64_t dropped_mtu = 0;
    std::uint64_t dropped_down = 0;

    std::uint64_t dropped() const {
      return dropped_loss + dropped_burst + dropped_queue + dropped_mtu + dropped_down;
    }
  };

  // What comes out goes to `receiver`, on the loop, from its own frame, never from inside Send. The
  // bytes are valid during the call. The receiver may call Send and may destroy the link.
  using Receiver = std::function<void(ByteSpan packet)>;

  SimLink(Loop& loop, const Options& options, Receiver receiver = {});

  void SetReceiver(Receiver receiver) { receiver_ = std::move(receiver); }

  // Loop thread only. Copies.
  void Send(ByteSpan packet);

  // While down, each packet given to Send is dropped; what is under way still arrives.
  void SetDown(bool down) { down_ = down; }

  // Changes the weather for packets to come; a burst of losses ends. The seed is not used: the
  // sequence goes on.
  void SetOptions(const Options& options) {
    options_ = options;
    burst_left_ = 0;
  }
  const Options& options() const { return options_; }

  const Counters& counters() const { return counters_; }

 private:
  // Lets the packet through the bottleneck; false when the queue has no room. Sets when it is
  // through.
  bool PassQueue(std::size_t size, Loop::TimePoint& through);
  // True when the weather takes the packet.
  bool Lose();
  void DeliverAt(Loop::TimePoint when, ByteSpan packet);

  Loop& loop_;
  Options options_;
  Receiver receiver_;
  SeededRandom random_;
  Counters counters_;
  bool down_ = false;
  int burst_left_ = 0;
  Loop::TimePoint last_arrival_{};
  // Packets before the bottleneck: when each is through, and its size.
  std::deque<std::pair<Loop::TimePoint, std::size_t>> queue_;
  std::size_t queued_bytes_ = 0;
  TaskSafety safety_;
};

// Both directions between two ends, a and b.
class SimPath {
 public:
  // The same weather both ways, each way with a seed of its own.
  SimPath(Loop& loop, const SimLink::Options& options)
      : a_to_b_(loop, options), b_to_a_(loop, OtherWay(options)) {}

  SimLink& a_to_b() { return a_to_b_; }
  SimLink& b_to_a() { return b_to_a_; }

  void SetDown(bool down) {
    a_to_b_.SetDown(down);
    b_to_a_.SetDown(down);
  }

 private:
  static SimLink::Options OtherWay(SimLink::Options options) {
    options.seed = ~options.seed;
    return options;
  }

  SimLink a_to_b_;
  SimLink b_to_a_;
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_SUPPORT_SIM_LINK_H_

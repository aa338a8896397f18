// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Streams: frames of which the newest matter. What waits for room is bounded, and the oldest makes
// place; when there is room again, the newest that fit into it go, in order, and the rest is
// dropped. The receiver takes what is newer than all it had. No promise but the order. Pure.
#ifndef PAIRWIRE_PEER_DELIVERY_STREAM_QUEUE_H_
#define PAIRWIRE_PEER_DELIVERY_STREAM_QUEUE_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "peer/base/fifo.h"
#include "peer/delivery/frame.h"

namespace pairwire::delivery {

class StreamSender {
 public:
  // Half a second at 30 frames a second is the most that anybody would still want to see.
  static constexpr std::size_t kMaxFrames = 16;
  static constexpr std::size_t kMaxBytes = 256 * 1024;

  // A frame behind kHeaderBytes that are free for the header (checked). kMessageTooLarge.
  Result<void> Push(FrameType type, Bytes framed);
  // The next frame, when the lane has room for `room` bytes; always the newest at least. None:
  // nothing waits.
  std::optional<Bytes> Next(std::size_t room);
  // A new link: what waits is old.
  void DropAll();

  std::size_t bytes() const { return bytes_; }
  std::size_t frames() const { return waiting_.size(); }
  std::uint64_t dropped() const { return dropped_; }

 private:
  void DropOldest();

  Fifo<Bytes> waiting_;
  std::size_t bytes_ = 0;
  std::uint64_t last_seq_ = 0;
  std::uint64_t dropped_ = 0;
};

class StreamReceiver {
 public:
  // Whether to deliver it.
  bool Accept(std::uint64_t seq) {
    if (seq <= last_) return false;
    last_ = seq;
    return true;
  }

 private:
  std::uint64_t last_ = 0;
};

}  // namespace pairwire::delivery

#endif  // PAIRWIRE_PEER_DELIVERY_STREAM_QUEUE_H_

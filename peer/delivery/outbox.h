// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Outbox: the messages of one channel and direction, kept until the other end acknowledges them, so
// that a new link can go on where the old one broke off. Pure, no clock. Not thread-safe.
//
//   acknowledged | handed to the link, unacknowledged | waiting for the link
//             acked()                              sent()                  last()
#ifndef PAIRWIRE_PEER_DELIVERY_OUTBOX_H_
#define PAIRWIRE_PEER_DELIVERY_OUTBOX_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>

#include "peer/base/fifo.h"
#include "peer/delivery/frame.h"

namespace pairwire::delivery {

// A range of numbers, both of them in it; 0 and 0: none.
struct LostMessages {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  bool operator==(const LostMessages&) const = default;
};

class Outbox {
 public:
  struct Limits {
    // With the headers. More than a path of 1 Gbit/s and 30 ms holds.
    std::size_t bytes = 4 * 1024 * 1024;
    std::size_t messages = 4096;
  };
  struct Item {
    std::uint64_t seq = 0;
    FrameType type = FrameType::kDataBinary;
    SharedBytes framed;
  };

  // Numbers begin at `first_seq`, above 0. Tests start near the end of the numbers; a session ends
  // there, as they are never used twice.
  explicit Outbox(Limits limits, std::uint64_t first_seq = 1);

  // A message behind kHeaderBytes that are free for the header (checked). Gives its number, one
  // more than the last. `ack` is said beside it, as far as we know when it is queued.
  // kBufferFull, kMessageTooLarge, kLimitExceeded (the numbers are used up): nothing is queued.
  Result<std::uint64_t> Push(FrameType type, Bytes framed, std::uint64_t ack);
  // Whether Push would take a message of this many bytes, without the header.
  bool HasRoomFor(std::size_t bytes) const;

  // The oldest that waits for the link; null: none. Until the next call that is not const.
  const Item* Next() const;
  // The link has taken Next().
  void HandedOver();

  // All up to this one have been delivered. Gives how many that newly are. kParseError: it was
  // never sent; nothing changes.
  Result<std::uint64_t> OnAck(std::uint64_t up_to);
  // A new link to an end that said it had delivered up to `peer_last`: OnAck, and all that is not
  // acknowledged waits again. Less than what is acknowledged is no contradiction: while that was on
  // its way here, the old link may have brought newer acknowledgements. kParseError: never sent.
  Result<std::uint64_t> Rewind(std::uint64_t peer_last);

  std::uint64_t acked() const { return acked_; }
  // The highest number that a link ever took.
  std::uint64_t sent() const { return sent_; }
  // What may or may not have been delivered, or never will be.
  LostMessages unacked() const;
  std::size_t bytes() const { return bytes_; }
  std::size_t messages() const { return items_.size(); }

 private:
  const Limits limits_;
  Fifo<Item> items_;  // acked_ + 1 and following
  std::size_t next_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t acked_;
  std::uint64_t sent_;
};

}  // namespace pairwire::delivery

#endif  // PAIRWIRE_PEER_DELIVERY_OUTBOX_H_

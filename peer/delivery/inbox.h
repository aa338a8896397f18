// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Inbox: which messages of one channel and direction to deliver, and when to acknowledge them. Each
// link is ordered and a new one begins behind what we said we had, so the next number is the only
// one that can come, or one that we have: nothing is held, and a gap is a violation. Pure. Not
// thread-safe.
//
//   delivered: the callback returned, or the application acknowledged | taken, not yet delivered
//                                                              last_delivered() last_taken()
#ifndef PAIRWIRE_PEER_DELIVERY_INBOX_H_
#define PAIRWIRE_PEER_DELIVERY_INBOX_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "peer/base/loop.h"

namespace pairwire::delivery {

class Inbox {
 public:
  using TimePoint = Loop::TimePoint;

  // An acknowledgement is due after so many messages, bytes, or so long after a delivery. Each
  // costs both ends a packet, and what it covers stays in the sender's outbox until then.
  static constexpr std::uint64_t kAckMessages = 32;
  static constexpr std::size_t kAckBytes = 512 * 1024;
  static constexpr std::chrono::milliseconds kAckDelay{20};

  enum class Verdict { kDeliver, kDuplicate, kViolation };

  // As Outbox's.
  explicit Inbox(std::uint64_t first_seq = 1);

  // kDeliver: it is the next one, and is taken: it is given to the application exactly now.
  Verdict OnFrame(std::uint64_t seq);
  // All up to `seq` have been delivered; `bytes` is what that adds. What is beyond what was taken,
  // or was said before, changes nothing.
  void Delivered(std::uint64_t seq, std::size_t bytes, TimePoint now);

  // What to acknowledge now; none: nothing that is new, or it is not due. `force`: as soon as there
  // is something new. Saying it counts as sent.
  std::optional<std::uint64_t> AckToSend(TimePoint now, bool force);
  // When an acknowledgement is due by time.
  std::optional<TimePoint> ack_due() const { return ack_due_; }

  // For HELLO: the other end sends from behind it.
  std::uint64_t last_delivered() const { return delivered_; }
  std::uint64_t last_taken() const { return taken_; }
  // What was last said to be delivered.
  std::uint64_t last_acked() const { return acked_; }

 private:
  std::uint64_t taken_;
  std::uint64_t delivered_;
  std::uint64_t acked_;
  std::size_t bytes_ = 0;
  std::optional<TimePoint> ack_due_;
};

}  // namespace pairwire::delivery

#endif  // PAIRWIRE_PEER_DELIVERY_INBOX_H_

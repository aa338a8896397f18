// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SendScheduler: which channel hands its next bytes to the association (RFC 8831 section 6.4,
// RFC 8260 section 3.6: weighted fair queueing). Deficit round robin over bytes: in each round a
// channel may send as many bytes as its priority says, and one that sent more, because messages are
// not cut, owes them to the next rounds. A channel that was silent has its turn at once, for one
// round: so a small message does not wait for a round of the large ones, and nobody gains by
// falling silent now and then, because it has to sit out a round first.
//
// Pure: knows no messages, only who has some and how much was taken.
#ifndef PAIRWIRE_SCTP_SEND_SCHEDULER_H_
#define PAIRWIRE_SCTP_SEND_SCHEDULER_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "peer/base/fifo.h"

namespace pairwire::sctp {

class SendScheduler {
 public:
  using Id = std::uint32_t;

  // Bytes in a round, of a priority of 256 ("normal"): 16 KiB; in proportion for others, within
  // 2 KiB and 256 KiB, so that no number on the wire starves anybody.
  static std::size_t QuantumOf(std::uint16_t priority);

  // A channel has something to send and is not in here.
  void Add(Id id, std::uint16_t priority);

  // Whose turn it is. Empty when nobody is in here.
  std::optional<Id> Front();

  // What follows is about the Front of just now.
  // It sent so many bytes. `stays`: and must have the next turn, too, whatever it owes.
  void Charge(std::size_t bytes, bool stays);
  // It cannot send now: after the others.
  void Defer();
  // It has nothing more to send. True: it is not in here any more. False: it still is, until it
  // has sat out what it owes.
  bool Retire();
  // It is gone.
  void Drop();

  bool empty() const { return fresh_.empty() && waiting_.empty(); }
  std::size_t size() const { return fresh_.size() + waiting_.size(); }

 private:
  struct Entry {
    Id id;
    std::size_t quantum;
    std::int64_t credit;
  };

  Fifo<Entry>& list() { return fresh_.empty() ? waiting_ : fresh_; }

  Fifo<Entry> fresh_;  // were silent; before the others, once
  Fifo<Entry> waiting_;
  bool stays_ = false;
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_SEND_SCHEDULER_H_

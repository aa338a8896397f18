// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// StreamLedger: how many bytes of each stream the other end has acknowledged, read off the packets
// that go by, because usrsctp tells its use of the send buffer for all streams together only.
//
// A chunk is entered when its TSN leaves for the first time and is struck out by the cumulative
// acknowledgement of a SACK (RFC 9260 section 3.3.4), which also passes over what was given up
// (RFC 3758). So figures of reliable streams are exact; messages that were given up before any of
// them was sent never get here. What a FORWARD-TSN of ours passes over counts as sent: the other
// end may acknowledge as far. Pure: changes no packet, sends none.
//
// Bounded by what may be in flight: as many entries as chunks that were sent and not acknowledged.
#ifndef PAIRWIRE_SCTP_STREAM_LEDGER_H_
#define PAIRWIRE_SCTP_STREAM_LEDGER_H_

#include <pairwire/bytes.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "peer/base/fifo.h"
#include "sctp/association.h"
#include "sctp/types.h"

namespace pairwire::sctp {

class StreamLedger {
 public:
  void OnOutgoing(ByteSpan packet);
  void OnIncoming(ByteSpan packet);

  // What was acknowledged since the last Forget, one entry for each stream.
  std::span<const StreamBytes> acknowledged() const { return acknowledged_; }
  void Forget() { acknowledged_.clear(); }

  // The newest TSN that was sent or passed over; 0 before any.
  std::uint32_t highest_tsn() const { return highest_tsn_.value_or(0); }
  // Chunks that were sent and not acknowledged.
  std::size_t outstanding() const { return sent_.size(); }

 private:
  struct Sent {
    std::uint32_t tsn;
    StreamId stream;
    std::uint16_t bytes;
  };

  void PassOver(std::uint32_t tsn);
  void Acknowledge(std::uint32_t cumulative_tsn);

  Fifo<Sent> sent_;                           // by TSN
  std::optional<std::uint32_t> highest_tsn_;  // sent or passed over
  std::vector<StreamBytes> acknowledged_;
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_STREAM_LEDGER_H_

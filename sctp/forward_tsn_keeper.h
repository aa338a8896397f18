// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ForwardTsnKeeper: keeps the last FORWARD-TSN (RFC 3758) that we sent until the other end has
// acknowledged it, so that it can be sent again.
//
// Why: usrsctp 0.9.5 repeats a FORWARD-TSN by its retransmission timer, but does not start that
// when all that is outstanding is the unsent rest of a message that was given up. When this one
// packet is lost, the other end waits for the gap for ever: stream resets and the shutdown that
// count on it never happen, until somebody sends new data.
//
// Pure: sees the packets of one association go by; the association has the timer.
#ifndef PAIRWIRE_SCTP_FORWARD_TSN_KEEPER_H_
#define PAIRWIRE_SCTP_FORWARD_TSN_KEEPER_H_

#include <pairwire/bytes.h>

#include <cstdint>

namespace pairwire::sctp {

class ForwardTsnKeeper {
 public:
  // A packet that we send. True when there is a new FORWARD-TSN in it.
  bool OnOutgoing(ByteSpan packet);
  // A received packet: its SACK may acknowledge what is kept.
  void OnIncoming(ByteSpan packet);

  // A packet of the FORWARD-TSN alone, without a checksum; empty when nothing waits.
  const Bytes& packet() const { return packet_; }

 private:
  Bytes packet_;
  std::uint32_t tsn_ = 0;
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_FORWARD_TSN_KEEPER_H_

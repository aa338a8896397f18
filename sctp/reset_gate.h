// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ResetGate: keeps a request to reset streams (RFC 6525 section 4.1) away from usrsctp until all
// data that the request counts on has arrived.
//
// Why: a request that comes before that data, because a packet was lost, makes usrsctp 0.9.5 answer
// "in progress", and it then looks at the request again only when yet another DATA chunk comes.
// When none does, the stream is never reset, whatever the other end repeats. Held back here, the
// request is always performed at once.
//
// Pure: sees the packets of one association go by, changes nothing in them but that.
#ifndef PAIRWIRE_SCTP_RESET_GATE_H_
#define PAIRWIRE_SCTP_RESET_GATE_H_

#include <pairwire/bytes.h>

#include <cstdint>
#include <optional>

namespace pairwire::sctp {

class ResetGate {
 public:
  // A packet that we send: its SACK says how far the data has arrived.
  void OnOutgoing(ByteSpan packet);

  // A received packet that AcceptsSctpPacket accepted. True when a request in it has to wait: then
  // `rest` is what usrsctp may have now (nothing when the request was alone). A later request
  // replaces one that waits: an end has one request at a time, and repeats it.
  bool Hold(ByteSpan packet, Bytes& rest);

  // True when what waits may go in now.
  bool Ready() const { return held_.has_value() && Arrived(needed_); }

  // The packet that waited. Only when Ready.
  Bytes Release();

 private:
  bool Arrived(std::uint32_t tsn) const;

  std::optional<std::uint32_t> cumulative_tsn_;  // all data up to it has arrived
  std::uint32_t needed_ = 0;
  std::optional<Bytes> held_;  // at most one packet
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_RESET_GATE_H_

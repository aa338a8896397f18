// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The look at a received SCTP packet before usrsctp sees it: ports, sizes, and chunk kinds that we
// never negotiate. It makes the target smaller, it does not replace usrsctp's own checks: the other
// end is authenticated by DTLS, but not trusted.
#ifndef PAIRWIRE_SCTP_PACKET_FILTER_H_
#define PAIRWIRE_SCTP_PACKET_FILTER_H_

#include <pairwire/bytes.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace pairwire::sctp {

// RFC 9260 section 3: common header, and the header of the one chunk that every packet has.
inline constexpr std::size_t kMinSctpPacket = 12 + 4;
// More than any path carries; 65535 minus room for what is below.
inline constexpr std::size_t kMaxSctpPacket = 65'000;

// Which chunks of interest a packet has.
struct PacketContent {
  bool data = false;       // DATA or I-DATA
  bool i_data = false;     // I-DATA
  bool unordered = false;  // DATA with the U bit
  bool forward_tsn = false;
  bool shutdown = false;
  bool init = false;  // INIT or INIT ACK
  bool re_config = false;
  bool heartbeat_ack = false;
  bool piece = false;  // packet_pieces.h
};

// What is in a packet that goes from `source_port` to `destination_port`, is a whole number of
// whole chunks (padding of the last one may be missing), and has no chunk of an extension that we
// switch off (ECN, AUTH, NR-SACK, PKTDROP, ASCONF); empty for any other.
std::optional<PacketContent> InspectSctpPacket(ByteSpan packet, std::uint16_t source_port,
                                               std::uint16_t destination_port);

inline bool AcceptsSctpPacket(ByteSpan packet, std::uint16_t source_port,
                              std::uint16_t destination_port) {
  return InspectSctpPacket(packet, source_port, destination_port).has_value();
}

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_PACKET_FILTER_H_

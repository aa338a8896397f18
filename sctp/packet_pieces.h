// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SCTP packets that have become too large for the path. A DATA chunk that has been sent once keeps
// its size for ever (RFC 9260 section 6.9): when the path MTU falls under it, only fragmentation
// below SCTP can bring it over, and with the IP layer's that often fails. So
//   - a packet of several chunks is divided between chunks, which any end understands;
//   - a single large chunk goes in two halves, each in a packet with one chunk of our own, to ends
//     that are known to be ours (a=x-pairwire). Its type, 0xBE, is of those that others skip.
//
//   0xBE | flags: 1 = second half | length | id, 16 bits | zero, 16 bits | half of the packet
//
// Pure.
#ifndef PAIRWIRE_SCTP_PACKET_PIECES_H_
#define PAIRWIRE_SCTP_PACKET_PIECES_H_

#include <pairwire/bytes.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace pairwire::sctp {

inline constexpr std::uint8_t kPieceChunk = 0xbe;

// `packet` divided between its chunks into packets of at most `limit` bytes, with checksums. A
// chunk that is larger alone gets a packet alone.
std::vector<Bytes> DivideBetweenChunks(ByteSpan packet, std::size_t limit);

// `packet`, with its checksum, as two packets with a half each.
std::array<Bytes, 2> CutInTwo(ByteSpan packet, std::uint16_t id);

// Puts halves together again.
class PieceJoiner {
 public:
  // Packets of which one half is here; a later one takes the place of an old one with the same
  // remainder. Each is at most kMaxHalf: 128 KiB for an end that sends nothing but first halves.
  static constexpr std::size_t kMaxPending = 64;
  static constexpr std::size_t kMaxHalf = 2048;

  // A received packet that AcceptsSctpPacket accepted and that has a piece: the whole packet, once
  // both are here.
  std::optional<Bytes> Add(ByteSpan packet);

 private:
  struct Half {
    std::uint16_t id = 0;
    bool second = false;
    Bytes bytes;  // empty: none
  };

  std::vector<Half> pending_;  // none, or kMaxPending
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_PACKET_PIECES_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/packet_filter.h"

#include "sctp/chunks.h"

namespace pairwire::sctp {
namespace {

// Chunks of extensions that the runtime's sysctls switch off: usrsctp should ignore them, and its
// handling of them is where it used to break.
bool IsUnwantedChunk(std::uint8_t type) {
  switch (type) {
    case 0x0c:  // ECNE
    case 0x0d:  // CWR
    case 0x0f:  // AUTH, RFC 4895
    case 0x10:  // NR-SACK
    case 0x80:  // ASCONF-ACK, RFC 5061
    case 0x81:  // PKTDROP
    case 0xc1:  // ASCONF
      return true;
    default:
      return false;
  }
}

}  // namespace

bool AcceptsSctpPacket(ByteSpan packet, std::uint16_t source_port, std::uint16_t destination_port) {
  if (packet.size() < kMinSctpPacket || packet.size() > kMaxSctpPacket) return false;
  if (Read16(packet, 0) != source_port || Read16(packet, 2) != destination_port) return false;
  std::size_t at = kCommonHeaderSize;
  while (at < packet.size()) {
    if (packet.size() - at < kChunkHeaderSize) return false;
    if (IsUnwantedChunk(packet[at])) return false;
    const std::size_t length = Read16(packet, at + 2);
    if (length < kChunkHeaderSize || length > packet.size() - at) return false;
    at += (length + 3) / 4 * 4;
  }
  return true;
}

}  // namespace pairwire::sctp

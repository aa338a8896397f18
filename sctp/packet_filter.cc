// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/packet_filter.h"

#include "sctp/chunks.h"
#include "sctp/packet_pieces.h"

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

std::optional<PacketContent> InspectSctpPacket(ByteSpan packet, std::uint16_t source_port,
                                               std::uint16_t destination_port) {
  if (packet.size() < kMinSctpPacket || packet.size() > kMaxSctpPacket) return std::nullopt;
  if (Read16(packet, 0) != source_port || Read16(packet, 2) != destination_port) {
    return std::nullopt;
  }
  PacketContent content;
  std::size_t at = kCommonHeaderSize;
  while (at < packet.size()) {
    if (packet.size() - at < kChunkHeaderSize) return std::nullopt;
    const std::uint8_t type = packet[at];
    if (IsUnwantedChunk(type)) return std::nullopt;
    content.i_data |= type == kIDataChunk;
    content.data |= type == kDataChunk || type == kIDataChunk;
    content.unordered |= type == kDataChunk && (packet[at + 1] & kUnorderedBit) != 0;
    content.forward_tsn |= type == kForwardTsnChunk;
    content.shutdown |= type == kShutdownChunk;
    content.init |= type == kInitChunk || type == kInitAckChunk;
    content.re_config |= type == kReConfigChunk;
    content.heartbeat_ack |= type == kHeartbeatAckChunk;
    content.piece |= type == kPieceChunk;
    const std::size_t length = Read16(packet, at + 2);
    if (length < kChunkHeaderSize || length > packet.size() - at) return std::nullopt;
    at += (length + 3) / 4 * 4;
  }
  return content;
}

}  // namespace pairwire::sctp

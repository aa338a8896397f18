// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/packet_filter.h"

namespace pairwire::sctp {
namespace {

constexpr std::size_t kCommonHeader = 12;
constexpr std::size_t kChunkHeader = 4;

std::uint16_t Read16(ByteSpan bytes, std::size_t at) {
  return static_cast<std::uint16_t>((bytes[at] << 8) | bytes[at + 1]);
}

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
  std::size_t at = kCommonHeader;
  while (at < packet.size()) {
    if (packet.size() - at < kChunkHeader) return false;
    if (IsUnwantedChunk(packet[at])) return false;
    const std::size_t length = Read16(packet, at + 2);
    if (length < kChunkHeader || length > packet.size() - at) return false;
    at += (length + 3) / 4 * 4;
  }
  return true;
}

}  // namespace pairwire::sctp

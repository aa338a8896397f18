// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/path_probe.h"

#include "peer/base/check.h"
#include "sctp/chunks.h"
#include "sctp/crc32c.h"

namespace pairwire::sctp {
namespace {

// A HEARTBEAT has one parameter, Heartbeat Info, whose value is ours: eight letters, and the id.
constexpr std::uint16_t kHeartbeatInfo = 1;
constexpr std::uint32_t kMagicHigh = 0x50414952;  // "PAIR"
constexpr std::uint32_t kMagicLow = 0x4d545530;   // "MTU0"
constexpr std::size_t kChunkSize = 20;

}  // namespace

Bytes MakePathProbe(std::uint16_t source_port, std::uint16_t destination_port,
                    std::uint32_t verification_tag, std::uint32_t id, std::size_t size) {
  PAIRWIRE_CHECK(size >= kLeastPathProbe && size % 4 == 0);
  Bytes packet(size);
  Write16(packet, 0, source_port);
  Write16(packet, 2, destination_port);
  Write32(packet, 4, verification_tag);
  packet[12] = kHeartbeatChunk;
  Write16(packet, 14, kChunkSize);
  Write16(packet, 16, kHeartbeatInfo);
  Write16(packet, 18, kChunkSize - kChunkHeaderSize);
  Write32(packet, 20, kMagicHigh);
  Write32(packet, 24, kMagicLow);
  Write32(packet, 28, id);
  if (size > kLeastPathProbe) {
    packet[kLeastPathProbe] = kPadChunk;
    Write16(packet, kLeastPathProbe + 2, static_cast<std::uint16_t>(size - kLeastPathProbe));
  }
  SetSctpChecksum(packet);
  return packet;
}

std::optional<std::uint32_t> AnsweredPathProbe(ByteSpan packet) {
  std::optional<std::uint32_t> id;
  ForEachChunk(packet, [&id](ByteSpan chunk) {
    if (chunk[0] != kHeartbeatAckChunk || chunk.size() != kChunkSize) return;
    if (Read32(chunk, 8) == kMagicHigh && Read32(chunk, 12) == kMagicLow) id = Read32(chunk, 16);
  });
  return id;
}

}  // namespace pairwire::sctp

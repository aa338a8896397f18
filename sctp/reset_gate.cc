// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/reset_gate.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "sctp/chunks.h"

namespace pairwire::sctp {
namespace {

// RFC 6525 section 4.1: type, length, request, response, last TSN, streams.
constexpr std::uint16_t kOutgoingResetRequest = 13;
constexpr std::size_t kLastTsnOffset = 12;

// The last TSN of an outgoing reset request in a RE-CONFIG chunk; it has at most two parameters.
std::optional<std::uint32_t> LastTsnOf(ByteSpan chunk) {
  ByteSpan parameters = chunk.subspan(kChunkHeaderSize);
  while (parameters.size() >= kChunkHeaderSize) {
    const std::size_t length = Read16(parameters, 2);
    if (length < kChunkHeaderSize || length > parameters.size()) return std::nullopt;
    if (Read16(parameters, 0) == kOutgoingResetRequest && length >= kLastTsnOffset + 4) {
      return Read32(parameters, kLastTsnOffset);
    }
    parameters = parameters.subspan(std::min(parameters.size(), (length + 3) / 4 * 4));
  }
  return std::nullopt;
}

void AppendChunk(Bytes& packet, ByteSpan chunk) {
  packet.insert(packet.end(), chunk.begin(), chunk.end());
  while (packet.size() % 4 != 0) packet.push_back(0);
}

}  // namespace

void ResetGate::OnOutgoing(ByteSpan packet) {
  ForEachChunk(packet, [this](ByteSpan chunk) {
    if (chunk[0] == kSackChunk && chunk.size() >= 8) cumulative_tsn_ = Read32(chunk, 4);
  });
}

bool ResetGate::Hold(ByteSpan packet, Bytes& rest) {
  std::optional<std::uint32_t> waits_for;
  ForEachChunk(packet, [&](ByteSpan chunk) {
    // Before the first SACK: nothing has arrived since the initial TSN.
    const bool is_init = chunk[0] == kInitChunk || chunk[0] == kInitAckChunk;
    if (is_init && chunk.size() >= 20 && !cumulative_tsn_) cumulative_tsn_ = Read32(chunk, 16) - 1;
    if (chunk[0] != kReConfigChunk) return;
    const auto last_tsn = LastTsnOf(chunk);
    if (last_tsn && !Arrived(*last_tsn)) waits_for = last_tsn;
  });
  if (!waits_for) return false;
  const ByteSpan header = packet.first(kCommonHeaderSize);
  Bytes held(header.begin(), header.end());
  rest.assign(header.begin(), header.end());
  ForEachChunk(packet, [&](ByteSpan chunk) {
    AppendChunk(chunk[0] == kReConfigChunk ? held : rest, chunk);
  });
  if (rest.size() == kCommonHeaderSize) rest.clear();
  held_ = std::move(held);
  needed_ = *waits_for;
  return true;
}

Bytes ResetGate::Release() {
  Bytes packet = std::move(*held_);
  held_.reset();
  return packet;
}

bool ResetGate::Arrived(std::uint32_t tsn) const {
  return !cumulative_tsn_ || !TsnAfter(tsn, *cumulative_tsn_);
}

}  // namespace pairwire::sctp

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/reset_gate.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace pairwire::sctp {
namespace {

constexpr std::size_t kCommonHeader = 12;
constexpr std::size_t kChunkHeader = 4;

// RFC 9260 section 3.2, RFC 6525 section 3.1.
constexpr std::uint8_t kInit = 0x01;
constexpr std::uint8_t kInitAck = 0x02;
constexpr std::uint8_t kSack = 0x03;
constexpr std::uint8_t kReConfig = 0x82;

// RFC 6525 section 4.1: type, length, request, response, last TSN, streams.
constexpr std::uint16_t kOutgoingResetRequest = 13;
constexpr std::size_t kLastTsnOffset = 12;

std::uint16_t Read16(ByteSpan bytes, std::size_t at) {
  return static_cast<std::uint16_t>((bytes[at] << 8) | bytes[at + 1]);
}

std::uint32_t Read32(ByteSpan bytes, std::size_t at) {
  return (std::uint32_t{Read16(bytes, at)} << 16) | Read16(bytes, at + 2);
}

// Calls `visit(chunk)` for each whole chunk, without its padding.
template <typename F>
void ForEachChunk(ByteSpan packet, F visit) {
  std::size_t at = kCommonHeader;
  while (at + kChunkHeader <= packet.size()) {
    const std::size_t length = Read16(packet, at + 2);
    if (length < kChunkHeader || length > packet.size() - at) return;
    visit(packet.subspan(at, length));
    at += (length + 3) / 4 * 4;
  }
}

// The last TSN of an outgoing reset request in a RE-CONFIG chunk; it has at most two parameters.
std::optional<std::uint32_t> LastTsnOf(ByteSpan chunk) {
  ByteSpan parameters = chunk.subspan(kChunkHeader);
  while (parameters.size() >= kChunkHeader) {
    const std::size_t length = Read16(parameters, 2);
    if (length < kChunkHeader || length > parameters.size()) return std::nullopt;
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
    if (chunk[0] == kSack && chunk.size() >= 8) cumulative_tsn_ = Read32(chunk, 4);
  });
}

bool ResetGate::Hold(ByteSpan packet, Bytes& rest) {
  std::optional<std::uint32_t> waits_for;
  ForEachChunk(packet, [&](ByteSpan chunk) {
    // Before the first SACK: nothing has arrived since the initial TSN.
    const bool is_init = chunk[0] == kInit || chunk[0] == kInitAck;
    if (is_init && chunk.size() >= 20 && !cumulative_tsn_) cumulative_tsn_ = Read32(chunk, 16) - 1;
    if (chunk[0] != kReConfig) return;
    const auto last_tsn = LastTsnOf(chunk);
    if (last_tsn && !Arrived(*last_tsn)) waits_for = last_tsn;
  });
  if (!waits_for) return false;
  const ByteSpan header = packet.first(kCommonHeader);
  Bytes held(header.begin(), header.end());
  rest.assign(header.begin(), header.end());
  ForEachChunk(packet,
               [&](ByteSpan chunk) { AppendChunk(chunk[0] == kReConfig ? held : rest, chunk); });
  if (rest.size() == kCommonHeader) rest.clear();
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
  // RFC 9260 section 1.6: serial number arithmetic.
  return !cumulative_tsn_ || static_cast<std::int32_t>(*cumulative_tsn_ - tsn) >= 0;
}

}  // namespace pairwire::sctp

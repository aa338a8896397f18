// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/unordered_detour.h"

#include <cstddef>
#include <span>

#include "sctp/chunks.h"

namespace pairwire::sctp {
namespace {

// RFC 9260 section 3.3.1: type, flags, length, TSN, stream, number in the stream, PPID.
constexpr std::size_t kDataHeader = 16;
constexpr std::size_t kTsnOffset = 4;
constexpr std::size_t kStreamOffset = 8;
constexpr std::size_t kPpidOffset = 12;
constexpr std::uint8_t kWhole = 0x03;  // first and last fragment

// RFC 3758 section 3.2.
constexpr std::size_t kForwardTsnSize = 8;

// A PPID that says where the message belongs: this, the PPID's last byte, the stream. All PPIDs
// that mean something here have one byte; IANA has given out none near this.
constexpr std::uint32_t kMark = 0xa5;

std::uint32_t Mark(std::uint16_t stream, std::uint32_t ppid) {
  return kMark << 24 | (ppid <= 0xff ? ppid : 0) << 16 | stream;
}

}  // namespace

Bytes UnorderedDetour::Rewrite(ByteSpan packet, std::uint16_t streams) {
  Bytes changed;
  std::size_t at = kCommonHeaderSize;
  ForEachChunk(packet, [&](ByteSpan chunk) {
    const std::size_t start = at;
    at += (chunk.size() + 3) / 4 * 4;
    if (chunk[0] == kForwardTsnChunk && chunk.size() >= kForwardTsnSize) {
      const std::uint32_t tsn = Read32(chunk, kTsnOffset);
      if (!forwarded_ || TsnAfter(tsn, *forwarded_)) forwarded_ = tsn;
    }
    if (chunk[0] != kDataChunk || chunk.size() <= kDataHeader) return;
    if ((chunk[1] & kUnorderedBit) == 0) return;
    const std::uint16_t stream = Read16(chunk, kStreamOffset);
    if ((chunk[1] & kWhole) != kWhole) {
      if (stream >= streams) return;  // usrsctp refuses it
      if (stream >= fragmented_.size()) fragmented_.resize(stream + std::size_t{1});
      fragmented_[stream] = true;
      return;
    }
    if (!IsInDanger(chunk)) return;
    if (changed.empty()) changed.assign(packet.begin(), packet.end());
    const auto copy = std::span(changed).subspan(start, chunk.size());
    if (const auto other = FreeStream(streams)) {
      Write16(copy, kStreamOffset, *other);
      Write32(copy, kPpidOffset, Mark(stream, Read32(chunk, kPpidOffset)));
    } else {
      copy[0] = kPadChunk;
    }
  });
  return changed;
}

void UnorderedDetour::Restore(StreamId& stream, Ppid& ppid) {
  const auto value = static_cast<std::uint32_t>(ppid);
  if (value >> 24 != kMark) return;
  stream = StreamId{static_cast<std::uint16_t>(value)};
  ppid = static_cast<Ppid>(value >> 16 & 0xff);
}

bool UnorderedDetour::IsInDanger(ByteSpan data_chunk) const {
  const std::uint16_t stream = Read16(data_chunk, kStreamOffset);
  return forwarded_ && Read32(data_chunk, kTsnOffset) == *forwarded_ + 1 &&
         stream < fragmented_.size() && fragmented_[stream];
}

// The highest: numbers are given out from below.
std::optional<std::uint16_t> UnorderedDetour::FreeStream(std::uint16_t streams) const {
  for (std::uint32_t left = streams; left > 0; --left) {
    const std::uint32_t stream = left - 1;
    if (stream >= fragmented_.size() || !fragmented_[stream]) {
      return static_cast<std::uint16_t>(stream);
    }
  }
  return std::nullopt;
}

}  // namespace pairwire::sctp

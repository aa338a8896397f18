// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Walking over the chunks of an SCTP packet (RFC 9260 section 3) without changing it, for those who
// watch packets go by. Lengths that do not fit end the walk; nothing is read outside the packet.
#ifndef PAIRWIRE_SCTP_CHUNKS_H_
#define PAIRWIRE_SCTP_CHUNKS_H_

#include <pairwire/bytes.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace pairwire::sctp {

inline constexpr std::size_t kCommonHeaderSize = 12;
inline constexpr std::size_t kChunkHeaderSize = 4;

// RFC 9260 section 3.2, RFC 8260 sections 2.1 and 2.3, RFC 6525 section 3.1, RFC 4820 section 3,
// RFC 3758 section 3.2.
inline constexpr std::uint8_t kDataChunk = 0x00;
inline constexpr std::uint8_t kInitChunk = 0x01;
inline constexpr std::uint8_t kInitAckChunk = 0x02;
inline constexpr std::uint8_t kSackChunk = 0x03;
inline constexpr std::uint8_t kHeartbeatChunk = 0x04;
inline constexpr std::uint8_t kHeartbeatAckChunk = 0x05;
inline constexpr std::uint8_t kShutdownChunk = 0x07;
inline constexpr std::uint8_t kIDataChunk = 0x40;
inline constexpr std::uint8_t kReConfigChunk = 0x82;
inline constexpr std::uint8_t kPadChunk = 0x84;
inline constexpr std::uint8_t kForwardTsnChunk = 0xc0;
inline constexpr std::uint8_t kIForwardTsnChunk = 0xc2;

// RFC 9260 section 3.3.1: the flag of a DATA chunk.
inline constexpr std::uint8_t kUnorderedBit = 0x04;

inline std::uint16_t Read16(ByteSpan bytes, std::size_t at) {
  return static_cast<std::uint16_t>((bytes[at] << 8) | bytes[at + 1]);
}

inline std::uint32_t Read32(ByteSpan bytes, std::size_t at) {
  return (std::uint32_t{Read16(bytes, at)} << 16) | Read16(bytes, at + 2);
}

inline void Write16(std::span<std::uint8_t> bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

inline void Write32(std::span<std::uint8_t> bytes, std::size_t at, std::uint32_t value) {
  Write16(bytes, at, static_cast<std::uint16_t>(value >> 16));
  Write16(bytes, at + 2, static_cast<std::uint16_t>(value));
}

// RFC 9260 section 1.6: serial number arithmetic.
inline bool TsnAfter(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) > 0;
}

// Calls `visit(chunk)` for each whole chunk, without its padding.
template <typename F>
void ForEachChunk(ByteSpan packet, F visit) {
  std::size_t at = kCommonHeaderSize;
  while (at + kChunkHeaderSize <= packet.size()) {
    const std::size_t length = Read16(packet, at + 2);
    if (length < kChunkHeaderSize || length > packet.size() - at) return;
    visit(packet.subspan(at, length));
    at += (length + 3) / 4 * 4;
  }
}

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_CHUNKS_H_

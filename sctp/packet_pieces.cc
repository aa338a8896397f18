// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/packet_pieces.h"

#include <utility>

#include "sctp/chunks.h"
#include "sctp/crc32c.h"

namespace pairwire::sctp {
namespace {

constexpr std::size_t kPieceHeader = 8;
constexpr std::uint8_t kSecond = 1;

Bytes HeaderOf(ByteSpan packet) {
  return Bytes(packet.begin(), packet.begin() + kCommonHeaderSize);
}

}  // namespace

std::vector<Bytes> DivideBetweenChunks(ByteSpan packet, std::size_t limit) {
  std::vector<Bytes> packets;
  ForEachChunk(packet, [&](ByteSpan chunk) {
    const std::size_t padded = (chunk.size() + 3) / 4 * 4;
    if (packets.empty() || packets.back().size() + padded > limit) {
      packets.push_back(HeaderOf(packet));
    }
    Bytes& last = packets.back();
    last.insert(last.end(), chunk.begin(), chunk.end());
    last.resize(last.size() + padded - chunk.size());
  });
  for (Bytes& part : packets) SetSctpChecksum(part);
  return packets;
}

std::array<Bytes, 2> CutInTwo(ByteSpan packet, std::uint16_t id) {
  const std::size_t half = (packet.size() + 1) / 2;
  std::array<Bytes, 2> pieces;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const ByteSpan bytes = i == 0 ? packet.first(half) : packet.subspan(half);
    Bytes& piece = pieces[i];
    piece = HeaderOf(packet);
    piece.resize(kCommonHeaderSize + kPieceHeader);
    piece[12] = kPieceChunk;
    piece[13] = i == 0 ? 0 : kSecond;
    Write16(piece, 14, static_cast<std::uint16_t>(kPieceHeader + bytes.size()));
    Write16(piece, 16, id);
    piece.insert(piece.end(), bytes.begin(), bytes.end());
    piece.resize((piece.size() + 3) / 4 * 4);
    SetSctpChecksum(piece);
  }
  return pieces;
}

std::optional<Bytes> PieceJoiner::Add(ByteSpan packet) {
  std::optional<Bytes> whole;
  ForEachChunk(packet, [&](ByteSpan chunk) {
    if (chunk[0] != kPieceChunk || chunk.size() <= kPieceHeader) return;
    const std::uint16_t id = Read16(chunk, 4);
    const bool second = (chunk[1] & kSecond) != 0;
    const ByteSpan bytes = chunk.subspan(kPieceHeader);
    if (bytes.size() > kMaxHalf) return;
    pending_.resize(kMaxPending);
    Half& half = pending_[id % kMaxPending];
    if (!half.bytes.empty() && half.id == id && half.second != second) {
      whole = second ? std::move(half.bytes) : Bytes(bytes.begin(), bytes.end());
      const ByteSpan rest = second ? bytes : ByteSpan(half.bytes);
      whole->insert(whole->end(), rest.begin(), rest.end());
      half.bytes.clear();
      return;
    }
    half.id = id;
    half.second = second;
    half.bytes.assign(bytes.begin(), bytes.end());
  });
  return whole;
}

}  // namespace pairwire::sctp

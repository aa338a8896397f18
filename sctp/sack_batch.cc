// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/sack_batch.h"

#include <algorithm>

#include "sctp/chunks.h"

namespace pairwire::sctp {
namespace {

// INIT and INIT ACK: chunk header, then 16 bytes of fixed fields, then parameters.
constexpr std::size_t kInitHeaderSize = 20;
// SACK: chunk header, cumulative TSN, window, then the numbers of gaps and of duplicates.
constexpr std::size_t kSackHeaderSize = 16;
// RFC 3758 section 3.1.
constexpr std::uint16_t kForwardTsnParameter = 0xc000;

}  // namespace

SackBatch::SackBatch(std::uint32_t peer_burst, std::uint16_t remote_port, std::uint16_t local_port)
    : cap_(peer_burst <= kStrangersBurst
               ? std::max(peer_burst, kDefaultFrequency)
               : std::clamp(peer_burst / 2, kStrangersBurst, kLargestCap)),
      remote_port_(remote_port),
      local_port_(local_port) {}

std::optional<std::uint32_t> SackBatch::Set(std::uint32_t frequency) {
  if (frequency == frequency_) return std::nullopt;
  frequency_ = frequency;
  return frequency;
}

std::optional<std::uint32_t> SackBatch::Begin(std::size_t packets) {
  large_batch_ = packets >= kSmallestBatch && careful_ == 0;
  left_ = large_batch_ ? packets : 0;
  return large_batch_ ? Set(cap_) : std::nullopt;
}

std::optional<std::uint32_t> SackBatch::OnIncoming(ByteSpan packet, const PacketContent& content) {
  if (content.init) OnInit(packet);
  if (content.data) {
    ++unacknowledged_packets_;
    if (careful_ > 0) --careful_;
    verification_tag_ = Read32(packet, 4);
    interleaving_ = content.i_data;
  }
  if (left_ == 0) return std::nullopt;
  --left_;
  return left_ == 0 ? Set(1) : std::nullopt;
}

std::optional<std::uint32_t> SackBatch::End() {
  left_ = 0;
  return Set(kDefaultFrequency);
}

void SackBatch::OnOutgoing(ByteSpan packet) {
  // usrsctp puts a SACK before all data.
  ForEachChunk(packet, [this](ByteSpan chunk) {
    if (chunk[0] != kSackChunk || chunk.size() < 8) return;
    unacknowledged_packets_ = 0;
    cumulative_tsn_ = Read32(chunk, 4);
    // Gaps, or chunks that came twice because their acknowledgement was lost.
    const bool missing = chunk.size() >= kSackHeaderSize && Read32(chunk, 12) != 0;
    if (missing) careful_ = kCarefulAfterLoss;
  });
}

std::optional<std::array<std::uint8_t, 20>> SackBatch::Nudge() const {
  if (!large_batch_ || unacknowledged_packets_ < kDefaultFrequency) return std::nullopt;
  if (!forward_tsn_supported_ || !cumulative_tsn_) return std::nullopt;
  std::array<std::uint8_t, 20> packet{};  // the checksum of received packets is not looked at
  Write16(packet, 0, remote_port_);
  Write16(packet, 2, local_port_);
  Write32(packet, 4, verification_tag_);
  packet[12] = interleaving_ ? kIForwardTsnChunk : kForwardTsnChunk;
  Write16(packet, 14, 8);
  Write32(packet, 16, *cumulative_tsn_);
  return packet;
}

void SackBatch::OnInit(ByteSpan packet) {
  ForEachChunk(packet, [this](ByteSpan chunk) {
    if (chunk[0] != kInitChunk && chunk[0] != kInitAckChunk) return;
    for (std::size_t at = kInitHeaderSize; at + 4 <= chunk.size();) {
      const std::size_t length = Read16(chunk, at + 2);
      if (length < 4) return;
      if (Read16(chunk, at) == kForwardTsnParameter) forward_tsn_supported_ = true;
      at += (length + 3) / 4 * 4;
    }
  });
}

}  // namespace pairwire::sctp

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/packet_counters.h"

#include "sctp/chunks.h"

namespace pairwire::sctp {

void PacketCounters::OnOutgoing(ByteSpan packet) {
  ++packets_sent_;
  bytes_sent_ += packet.size();
  CountChunks(packet);
}

void PacketCounters::OnPiece(std::size_t piece_bytes) {
  ++packets_sent_;
  bytes_sent_ += piece_bytes;
}

void PacketCounters::CountChunks(ByteSpan packet) {
  ForEachChunk(packet, [this](ByteSpan chunk) {
    if ((chunk[0] != kDataChunk && chunk[0] != kIDataChunk) || chunk.size() < 8) return;
    ++data_chunks_sent_;
    sends_i_data_ = chunk[0] == kIDataChunk;
    const std::uint32_t tsn = Read32(chunk, 4);
    if (highest_tsn_ && !TsnAfter(tsn, *highest_tsn_)) {
      ++retransmitted_chunks_;
    } else {
      highest_tsn_ = tsn;
    }
  });
}

void PacketCounters::OnIncoming(ByteSpan packet) {
  ++packets_received_;
  bytes_received_ += packet.size();
}

}  // namespace pairwire::sctp

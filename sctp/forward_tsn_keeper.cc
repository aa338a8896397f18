// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/forward_tsn_keeper.h"

#include <cstddef>

#include "sctp/chunks.h"

namespace pairwire::sctp {
namespace {

// RFC 3758 section 3.2, and RFC 8260 section 2.3.1 for interleaved data.
constexpr std::size_t kTsnOffset = 4;
constexpr std::size_t kTsnEnd = 8;

}  // namespace

bool ForwardTsnKeeper::OnOutgoing(ByteSpan packet) {
  bool is_new = false;
  ForEachChunk(packet, [&](ByteSpan chunk) {
    const bool forwards = chunk[0] == kForwardTsnChunk || chunk[0] == kIForwardTsnChunk;
    if (!forwards || chunk.size() < kTsnEnd) return;
    tsn_ = Read32(chunk, kTsnOffset);
    packet_.assign(packet.begin(), packet.begin() + kCommonHeaderSize);
    packet_.insert(packet_.end(), chunk.begin(), chunk.end());
    while (packet_.size() % 4 != 0) packet_.push_back(0);
    is_new = true;
  });
  return is_new;
}

void ForwardTsnKeeper::OnIncoming(ByteSpan packet) {
  if (packet_.empty()) return;
  ForEachChunk(packet, [&](ByteSpan chunk) {
    if (chunk[0] != kSackChunk || chunk.size() < kTsnEnd) return;
    if (!TsnAfter(tsn_, Read32(chunk, kTsnOffset))) packet_.clear();
  });
}

}  // namespace pairwire::sctp

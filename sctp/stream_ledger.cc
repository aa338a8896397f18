// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/stream_ledger.h"

#include <algorithm>

#include "sctp/chunks.h"

namespace pairwire::sctp {
namespace {

// What is before the user's bytes: RFC 9260 section 3.3.1, RFC 8260 section 2.1.
constexpr std::size_t kDataHeader = 16;
constexpr std::size_t kIDataHeader = 20;

}  // namespace

void StreamLedger::OnOutgoing(ByteSpan packet) {
  ForEachChunk(packet, [this](ByteSpan chunk) {
    const bool forwards = chunk[0] == kForwardTsnChunk || chunk[0] == kIForwardTsnChunk;
    if (forwards && chunk.size() >= 8) PassOver(Read32(chunk, 4));
    const bool interleaved = chunk[0] == kIDataChunk;
    if (chunk[0] != kDataChunk && !interleaved) return;
    const std::size_t header = interleaved ? kIDataHeader : kDataHeader;
    if (chunk.size() <= header) return;
    const std::uint32_t tsn = Read32(chunk, 4);
    if (highest_tsn_ && !TsnAfter(tsn, *highest_tsn_)) return;  // sent again
    highest_tsn_ = tsn;
    sent_.push_back(
        {tsn, StreamId{Read16(chunk, 8)}, static_cast<std::uint16_t>(chunk.size() - header)});
  });
}

// The unsent rest of a message that was given up has a TSN, too, which is then acknowledged without
// ever having been in a DATA chunk.
void StreamLedger::PassOver(std::uint32_t tsn) {
  if (!highest_tsn_ || TsnAfter(tsn, *highest_tsn_)) highest_tsn_ = tsn;
}

void StreamLedger::OnIncoming(ByteSpan packet) {
  if (sent_.empty()) return;
  ForEachChunk(packet, [this](ByteSpan chunk) {
    if (chunk[0] == kSackChunk && chunk.size() >= 8) Acknowledge(Read32(chunk, 4));
  });
}

void StreamLedger::Acknowledge(std::uint32_t cumulative_tsn) {
  // More than was sent or passed over: usrsctp ends the association for it.
  if (TsnAfter(cumulative_tsn, *highest_tsn_)) return;
  while (!sent_.empty() && !TsnAfter(sent_.front().tsn, cumulative_tsn)) {
    const Sent& chunk = sent_.front();
    // Few streams at a time, most often one.
    const auto found =
        std::find_if(acknowledged_.rbegin(), acknowledged_.rend(),
                     [&](const auto& entry) { return entry.stream == chunk.stream; });
    if (found != acknowledged_.rend()) {
      found->bytes += chunk.bytes;
    } else {
      acknowledged_.push_back({chunk.stream, chunk.bytes});
    }
    sent_.pop_front();
  }
}

}  // namespace pairwire::sctp

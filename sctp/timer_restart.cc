// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/timer_restart.h"

#include <algorithm>
#include <cstddef>

#include "sctp/chunks.h"

namespace pairwire::sctp {
namespace {

// RFC 9260 section 3.3.4: type, flags, length, cumulative TSN, window, numbers of gaps and of
// duplicates.
constexpr std::size_t kSackSize = 16;
constexpr std::size_t kCumulativeOffset = 4;
constexpr std::size_t kWindowOffset = 8;
constexpr std::size_t kGapsOffset = 12;

// The first step ends so many TSNs before the SACK, and has the last of them in a gap report: one
// is missing. usrsctp sends again what is reported missing three times; this is once.
constexpr std::uint32_t kStepBack = 2;

void Append(Bytes& out, std::uint32_t number, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(number >> shift));
  }
}

}  // namespace

Bytes TimerRestart::FirstStep(ByteSpan packet, Loop::TimePoint now) {
  ByteSpan sack;
  ForEachChunk(packet, [&](ByteSpan chunk) {
    if (chunk[0] == kSackChunk && chunk.size() >= kSackSize) sack = chunk;
  });
  if (sack.empty()) return {};
  const std::uint32_t cumulative = Read32(sack, kCumulativeOffset);
  if (cumulative_tsn_ && TsnAfter(*cumulative_tsn_, cumulative)) return {};  // an old one
  const std::uint32_t before = cumulative_tsn_.value_or(cumulative);
  const bool had_gaps = had_gaps_;
  cumulative_tsn_ = cumulative;
  window_ = Read32(sack, kWindowOffset);
  std::copy_n(packet.begin(), header_.size(), header_.begin());
  had_gaps_ = Read16(sack, kGapsOffset) != 0;
  // With gaps usrsctp is in its long path anyway, and what they named must not become missing.
  if (had_gaps || had_gaps_ || cumulative - before < kStepBack) return {};
  if (now - last_ < kInterval) return {};
  last_ = now;
  return MakeSack(cumulative - kStepBack, kStepBack);
}

std::vector<Bytes> TimerRestart::Revive(std::uint32_t highest_tsn) const {
  if (!cumulative_tsn_ || !TsnAfter(highest_tsn, *cumulative_tsn_)) return {};
  const std::uint32_t distance = highest_tsn - *cumulative_tsn_;
  const auto gap = static_cast<std::uint16_t>(std::min<std::uint32_t>(distance, 0xffff));
  return {MakeSack(*cumulative_tsn_, gap), MakeSack(*cumulative_tsn_, std::nullopt)};
}

Bytes TimerRestart::MakeSack(std::uint32_t cumulative_tsn, std::optional<std::uint16_t> gap) const {
  Bytes packet(header_.begin(), header_.end());
  Append(packet, kSackChunk, 1);
  Append(packet, 0, 1);
  Append(packet, static_cast<std::uint32_t>(kSackSize) + (gap ? 4 : 0), 2);
  Append(packet, cumulative_tsn, 4);
  Append(packet, window_, 4);
  Append(packet, gap ? 1 : 0, 2);
  Append(packet, 0, 2);
  if (gap) {
    Append(packet, *gap, 2);
    Append(packet, *gap, 2);
  }
  return packet;
}

}  // namespace pairwire::sctp

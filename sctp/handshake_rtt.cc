// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/handshake_rtt.h"

#include <cstddef>
#include <cstring>

#include "sctp/chunks.h"

namespace pairwire::sctp {
namespace {

// RFC 9260 section 3.3.5: chunk header, parameter header; inside, usrsctp's own: seconds and
// microseconds in the machine's byte order, random values, its address.
constexpr std::size_t kSecondsOffset = kCommonHeaderSize + 8;
constexpr std::size_t kMicrosecondsOffset = kSecondsOffset + 4;
constexpr std::size_t kLeastSize = kMicrosecondsOffset + 4;

}  // namespace

HandshakeRtt::HandshakeRtt(Loop& loop, Events& events)
    : loop_(loop), events_(events), timer_(loop, [this] { Probe(); }) {}

void HandshakeRtt::Start(std::chrono::milliseconds measured) {
  if (measured < kDoubtful) return;
  probes_ = 0;
  done_ = false;
  Probe();
}

void HandshakeRtt::Probe() {
  if (probes_ == kMaxProbes) return;
  sent_[probes_] = loop_.Now();
  timer_.Start(kInterval);
  events_.SendRttProbe(kIdBit | static_cast<std::uint32_t>(probes_++));
}

void HandshakeRtt::OnAnswer(std::uint32_t id) {
  const std::size_t index = id & ~kIdBit;
  if (done_ || index >= probes_) return;
  done_ = true;
  timer_.Stop();
  events_.OnHandshakeRtt(loop_.Now() - sent_[index]);
}

bool HasHeartbeat(ByteSpan packet) {
  bool found = false;
  ForEachChunk(packet, [&found](ByteSpan chunk) { found |= chunk[0] == kHeartbeatChunk; });
  return found;
}

Bytes AnswerHeartbeat(ByteSpan packet, std::uint32_t tag, std::chrono::microseconds sent) {
  Bytes answer;
  ForEachChunk(packet, [&](ByteSpan chunk) {
    if (chunk[0] != kHeartbeatChunk || chunk.size() < kLeastSize - kCommonHeaderSize) return;
    // What travels beside it, a SACK perhaps, is not ours to be answered.
    answer.assign(packet.begin(), packet.begin() + kCommonHeaderSize);
    answer.insert(answer.end(), chunk.begin(), chunk.end());
  });
  if (answer.empty()) return answer;
  Write16(answer, 0, Read16(packet, 2));
  Write16(answer, 2, Read16(packet, 0));
  Write32(answer, 4, tag);
  answer[kCommonHeaderSize] = kHeartbeatAckChunk;
  const auto seconds = static_cast<std::uint32_t>(sent.count() / 1'000'000);
  const auto microseconds = static_cast<std::uint32_t>(sent.count() % 1'000'000);
  std::memcpy(answer.data() + kSecondsOffset, &seconds, sizeof seconds);
  std::memcpy(answer.data() + kMicrosecondsOffset, &microseconds, sizeof microseconds);
  return answer;
}

}  // namespace pairwire::sctp

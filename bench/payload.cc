// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/payload.h"

#include <cstring>

namespace pairwire::bench {
namespace {

constexpr std::size_t kNumberBytes = sizeof(std::uint64_t);
constexpr std::size_t kHeadBytes = kNumberBytes + sizeof(std::int64_t);
constexpr std::size_t kTailFrom = kHeadBytes + kNumberBytes;

}  // namespace

void WriteStamp(const Stamp& stamp, Bytes& message) {
  std::memcpy(message.data(), &stamp.number, kNumberBytes);
  std::memcpy(message.data() + kNumberBytes, &stamp.nanoseconds, sizeof(stamp.nanoseconds));
  if (message.size() >= kTailFrom) {
    std::memcpy(message.data() + message.size() - kNumberBytes, &stamp.number, kNumberBytes);
  }
}

Result<Stamp> ReadStamp(ByteSpan message, std::size_t size) {
  if (message.size() != size || size < kHeadBytes) {
    return Fail(Errc::kParseError, "a message of " + std::to_string(message.size()) +
                                       " bytes came, not of " + std::to_string(size));
  }
  Stamp stamp;
  std::memcpy(&stamp.number, message.data(), kNumberBytes);
  std::memcpy(&stamp.nanoseconds, message.data() + kNumberBytes, sizeof(stamp.nanoseconds));
  if (message.size() >= kTailFrom) {
    std::uint64_t tail = 0;
    std::memcpy(&tail, message.data() + message.size() - kNumberBytes, kNumberBytes);
    if (tail != stamp.number) return Fail(Errc::kParseError, "a message came mixed up");
  }
  return stamp;
}

Result<void> Ledger::Enter(std::uint64_t number) {
  if (in_order_) {
    if (number != count_) {
      return Fail(Errc::kInvalidState, "message " + std::to_string(number) + " came instead of " +
                                           std::to_string(count_));
    }
  } else {
    if (number > kMaxNumber) return Fail(Errc::kInvalidState, "a message came mixed up");
    if (number >= seen_.size()) seen_.resize((number + 1) * 2);
    if (seen_[number]) {
      return Fail(Errc::kInvalidState, "message " + std::to_string(number) + " came twice");
    }
    seen_[number] = true;
  }
  ++count_;
  return {};
}

}  // namespace pairwire::bench

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/send_scheduler.h"

#include <algorithm>
#include <utility>

namespace pairwire::sctp {
namespace {

constexpr std::size_t kBytesPerPriority = 64;
constexpr std::uint16_t kLeastPriority = 32;
constexpr std::uint16_t kMostPriority = 4096;

}  // namespace

std::size_t SendScheduler::QuantumOf(std::uint16_t priority) {
  return std::clamp(priority, kLeastPriority, kMostPriority) * kBytesPerPriority;
}

void SendScheduler::Add(Id id, std::uint16_t priority) {
  const std::size_t quantum = QuantumOf(priority);
  Entry entry{id, quantum, static_cast<std::int64_t>(quantum)};
  if (stays_ && fresh_.empty()) {
    // The one that must go on stays the front.
    waiting_.insert(1, entry);
  } else {
    fresh_.push_back(entry);
  }
}

std::optional<SendScheduler::Id> SendScheduler::Front() {
  if (empty()) return std::nullopt;
  while (!stays_ && list().front().credit <= 0) {
    list().front().credit += static_cast<std::int64_t>(list().front().quantum);
    Defer();
  }
  return list().front().id;
}

void SendScheduler::Charge(std::size_t bytes, bool stays) {
  list().front().credit -= static_cast<std::int64_t>(bytes);
  stays_ = stays;
}

void SendScheduler::Defer() {
  const Entry entry = list().front();
  list().pop_front();
  waiting_.push_back(entry);
  stays_ = false;
}

bool SendScheduler::Retire() {
  const bool owes = !fresh_.empty() || list().front().credit <= 0;
  if (owes && size() > 1) {
    Defer();
    return false;
  }
  Drop();
  return true;
}

void SendScheduler::Drop() {
  list().pop_front();
  stays_ = false;
}

}  // namespace pairwire::sctp

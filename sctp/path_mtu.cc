// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/path_mtu.h"

#include <algorithm>
#include <iterator>

namespace pairwire::sctp {
namespace {

constexpr std::uint32_t kIdsPerAttempt = 8;
static_assert(std::size(PathMtu::kSizes) < kIdsPerAttempt);

}  // namespace

PathMtu::PathMtu(Loop& loop, std::size_t base, std::size_t largest, Events& events)
    : base_(base),
      largest_(std::max(base, largest)),
      events_(events),
      size_(base),
      timer_(loop, [this] { OnTimer(); }) {}

void PathMtu::Start() {
  if (state_ != State::kOff || largest_ == base_) return;
  BeginSearch();
}

void PathMtu::Stop() {
  state_ = State::kOff;
  timer_.Stop();
}

void PathMtu::OnAnswer(std::uint32_t id) {
  const std::uint32_t attempt = id / kIdsPerAttempt;
  const std::uint32_t index = id % kIdsPerAttempt;
  if (state_ != State::kSearching || attempt < first_attempt_ || attempt > attempt_) return;
  base_answered_ = true;  // whatever its size
  if (index == 0 || index > std::size(kSizes)) return;
  const std::size_t size = kSizes[index - 1];
  if (size <= size_ || size > limit_) return;
  SetSize(size);
  if (size_ >= largest_) Finish();
}

void PathMtu::OnQuiet() {
  if (size_ > base_) Restart();
}

void PathMtu::OnTooLarge(std::size_t size) {
  if (state_ == State::kOff || size <= base_) return;
  const std::size_t limit = std::min(limit_, size - 1);
  if (size_ > limit) Restart();
  limit_ = limit;
}

void PathMtu::Restart() {
  if (state_ == State::kOff) return;
  SetSize(base_);
  BeginSearch();
}

void PathMtu::SetSize(std::size_t size) {
  if (size == size_) return;
  size_ = size;
  events_.OnPathMtu(size);
}

void PathMtu::BeginSearch() {
  state_ = State::kSearching;
  limit_ = std::numeric_limits<std::size_t>::max();
  first_attempt_ = attempt_ + 1;
  answered_attempts_ = 0;
  wait_ = kAttemptTime;
  Attempt();
}

void PathMtu::Attempt() {
  ++attempt_;
  base_answered_ = false;
  timer_.Start(wait_);
  const std::uint32_t id = attempt_ * kIdsPerAttempt;
  events_.SendProbe(id, base_);
  for (std::uint32_t i = 0; i < std::size(kSizes); ++i) {
    const std::size_t size = kSizes[i];
    if (size > size_ && size <= largest_ && size <= limit_) events_.SendProbe(id + i + 1, size);
  }
}

void PathMtu::OnTimer() {
  if (state_ == State::kDone) {
    BeginSearch();
    return;
  }
  if (base_answered_) {
    wait_ = kAttemptTime;
    if (++answered_attempts_ >= kMaxAttempts) {
      Finish();
      return;
    }
  } else {
    wait_ = std::min<Loop::Duration>(2 * wait_, kLongestWait);
  }
  Attempt();
}

void PathMtu::Finish() {
  state_ = State::kDone;
  if (size_ >= largest_) {
    timer_.Stop();
  } else {
    timer_.Start(kRaiseInterval);
  }
}

}  // namespace pairwire::sctp

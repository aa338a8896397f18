// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/sync/presentation_queue.h"

#include <algorithm>
#include <iterator>

namespace pairwire::sync {

Result<void> PresentationQueue::Push(std::uint64_t id, std::int64_t at_us, std::int64_t now_us) {
  if (at_us < 0 || at_us > kMaxTimeUs) {
    ++stats_.dropped;
    return Fail(Errc::kInvalidArgument, "the frame's time is none");
  }
  if (at_us - now_us > kMaxAheadUs) {
    ++stats_.dropped;
    return Fail(Errc::kLimitExceeded, "the frame is to be shown more than 10 s from now");
  }
  if (frames_.size() >= kMaxFrames) {
    ++stats_.dropped;
    return Fail(Errc::kLimitExceeded, "64 frames wait already");
  }
  frames_.emplace(at_us, id);
  return {};
}

std::optional<std::int64_t> PresentationQueue::NextDue() const {
  if (frames_.empty()) return std::nullopt;
  return frames_.begin()->first;
}

std::optional<PresentationQueue::Due> PresentationQueue::Take(std::int64_t now_us) {
  if (frames_.empty() || frames_.begin()->first > now_us) return std::nullopt;
  const auto first = frames_.begin();
  const Due due{first->second, now_us - first->first};
  frames_.erase(first);
  ++stats_.shown;
  if (due.late_us > kLateUs) ++stats_.late;
  stats_.worst_late_us = std::max(stats_.worst_late_us, due.late_us);
  return due;
}

std::optional<std::uint64_t> PresentationQueue::TakeUnreachable(std::int64_t now_us) {
  if (frames_.empty()) return std::nullopt;
  const auto last = std::prev(frames_.end());
  if (last->first - now_us <= kMaxAheadUs) return std::nullopt;
  const std::uint64_t id = last->second;
  frames_.erase(last);
  ++stats_.dropped;
  return id;
}

void PresentationQueue::Clear() { frames_.clear(); }

}  // namespace pairwire::sync

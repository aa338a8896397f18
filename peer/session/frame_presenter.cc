// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/frame_presenter.h"

#include <utility>

#include "peer/session/session_clock.h"

namespace pairwire {

FramePresenter::FramePresenter(Loop& loop, Offset offset, Show show)
    : loop_(loop),
      offset_(std::move(offset)),
      show_(std::move(show)),
      timer_(loop, [this] { ShowDue(); }) {}

std::optional<std::int64_t> FramePresenter::ReferenceNow() const {
  const auto offset = offset_();
  if (!offset) return std::nullopt;
  return SessionClock::Microseconds(loop_.Now()) + *offset;
}

void FramePresenter::Take(const events::AnimationFrame& frame) {
  const auto now = ReferenceNow();
  if (!frame.present_at || !now) {
    show_(frame, std::chrono::microseconds(0));
    return;
  }
  // An event's whole numbers end at 2^53: they fit.
  const auto at = static_cast<std::int64_t>(*frame.present_at);
  const std::uint64_t id = ++last_id_;
  if (!queue_.Push(id, at, *now)) return;
  frames_.emplace(id, frame);
  if (at <= *now) {
    ShowDue();
  } else {
    Arm();
  }
}

void FramePresenter::OnClock() {
  if (queue_.size() > 0) Arm();
}

void FramePresenter::Clear() {
  queue_.Clear();
  frames_.clear();
  timer_.Stop();
}

void FramePresenter::ShowDue() {
  const auto alive = safety_.Watch();
  while (const auto now = ReferenceNow()) {
    const auto due = queue_.Take(*now);
    if (!due) {
      while (const auto id = queue_.TakeUnreachable(*now)) frames_.erase(*id);
      break;
    }
    auto frame = frames_.extract(due->id);
    show_(frame.mapped(), std::chrono::microseconds(due->late_us));
    if (!*alive) return;
  }
  Arm();
}

void FramePresenter::Arm() {
  const auto next = queue_.NextDue();
  const auto now = ReferenceNow();
  if (!next || !now) {
    timer_.Stop();
    return;
  }
  // A moment that has passed is due at once.
  timer_.Start(std::chrono::microseconds(*next - *now));
}

}  // namespace pairwire

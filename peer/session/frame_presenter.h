// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// FramePresenter: keeps the frames of one session until the moment at which all displays show them.
// Loop only. Not here: whose clock counts and what it shows now (the owner says), drawing.
#ifndef PAIRWIRE_PEER_SESSION_FRAME_PRESENTER_H_
#define PAIRWIRE_PEER_SESSION_FRAME_PRESENTER_H_

#include <pairwire/events.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "peer/base/loop.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "peer/sync/presentation_queue.h"

namespace pairwire {

class FramePresenter {
 public:
  // Reference clock less the loop's, in microseconds; none while nothing is known.
  using Offset = std::function<std::optional<std::int64_t>()>;
  // `late`: how long ago its moment was; 0 or more. May destroy the presenter.
  using Show = std::function<void(const events::AnimationFrame&, std::chrono::microseconds late)>;

  FramePresenter(Loop& loop, Offset offset, Show show);

  // Shows it at its moment, from the loop's own frame; at once, within this call, when it has none,
  // when that has passed, or when no clock is known yet. One that is too far ahead, or one too
  // many, is dropped and counted.
  void Take(const events::AnimationFrame& frame);
  // The estimate may have moved.
  void OnClock();
  void Clear();

  const sync::PresentationQueue::Stats& stats() const { return queue_.stats(); }

 private:
  void ShowDue();
  void Arm();
  std::optional<std::int64_t> ReferenceNow() const;

  Loop& loop_;
  const Offset offset_;
  const Show show_;
  sync::PresentationQueue queue_;
  std::map<std::uint64_t, events::AnimationFrame> frames_;  // what queue_ holds, by its ids
  std::uint64_t last_id_ = 0;
  Timer timer_;
  TaskSafety safety_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_FRAME_PRESENTER_H_

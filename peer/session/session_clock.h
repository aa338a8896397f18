// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SessionClock: what the other end's clock shows, for one session: when to ping, and what the
// answers say. Pure but for its lock: the owner sends the pings and has the timer. Not here: the
// estimate itself (peer/sync), frames (frame_presenter.h).
//
//   connected, or the first frame for some while -- 20 pings, 50 ms apart -- then 2/s as long as
//   frames come or go, else one each 5 s
//
// Loop only, but for At and round_trip.
#ifndef PAIRWIRE_PEER_SESSION_SESSION_CLOCK_H_
#define PAIRWIRE_PEER_SESSION_SESSION_CLOCK_H_

#include <pairwire/session.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

#include "peer/base/loop.h"
#include "peer/delivery/control_frames.h"
#include "peer/sync/clock_estimate.h"

namespace pairwire {

class SessionClock {
 public:
  using TimePoint = Loop::TimePoint;

  static constexpr int kBurst = 20;
  static constexpr std::chrono::milliseconds kBurstEvery{50};
  static constexpr std::chrono::milliseconds kPresentingEvery{500};
  static constexpr std::chrono::milliseconds kIdleEvery{5'000};
  // So long after the last frame nothing is presented any more.
  static constexpr std::chrono::seconds kPresentingFor{10};
  // A ping behind more than this measures the queue.
  static constexpr std::size_t kMaxWaiting = 16 * 1024;

  // Microseconds since the epoch of the loop's clock, which is what the wire says.
  static std::int64_t Microseconds(TimePoint time);

  // A link is in use, or none any more.
  void SetConnected(TimePoint now, bool connected);
  // A frame with a moment was sent or arrived.
  void OnPresenting(TimePoint now);

  // When OnDue is due; empty: no link.
  std::optional<TimePoint> due() const { return due_; }
  // Whether a ping goes out now; the next due time is set in any case.
  bool OnDue(TimePoint now);

  // The answer to a ping of ours, whose t0 is ours. False: impossible times, nothing changed.
  bool OnPong(TimePoint now, const delivery::Pong& pong);

  // Any thread. None: nothing measured yet.
  std::optional<SharedClock> At(TimePoint now) const;
  // Of the fastest recent ping; any thread.
  std::optional<std::chrono::microseconds> round_trip() const;

 private:
  std::optional<TimePoint> due_;
  int burst_left_ = 0;
  std::optional<TimePoint> presented_;
  mutable std::mutex mutex_;
  sync::ClockEstimate estimate_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_SESSION_CLOCK_H_

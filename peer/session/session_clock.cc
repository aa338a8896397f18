// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/session_clock.h"

#include <algorithm>

namespace pairwire {
namespace {

// What the other end writes is any number; those too large are refused as times.
std::int64_t Signed(std::uint64_t us) {
  constexpr auto kTooLarge = static_cast<std::uint64_t>(sync::ClockEstimate::kMaxTimeUs) + 1;
  return static_cast<std::int64_t>(std::min(us, kTooLarge));
}

}  // namespace

std::int64_t SessionClock::Microseconds(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

void SessionClock::SetConnected(TimePoint now, bool connected) {
  if (!connected) {
    due_.reset();
    burst_left_ = 0;
  } else if (!due_) {
    due_ = now;
    burst_left_ = kBurst;
  }
}

void SessionClock::OnPresenting(TimePoint now) {
  const bool first = !presented_ || now - *presented_ >= kPresentingFor;
  presented_ = now;
  // Without a link the next one begins with a burst.
  if (!first || !due_ || burst_left_ > 0) return;
  due_ = now;
  burst_left_ = kBurst;
}

bool SessionClock::OnDue(TimePoint now) {
  if (!due_ || now < *due_) return false;
  if (burst_left_ > 0) --burst_left_;
  const bool presenting = presented_ && now - *presented_ < kPresentingFor;
  const auto pause = burst_left_ > 0 ? kBurstEvery : presenting ? kPresentingEvery : kIdleEvery;
  due_ = now + pause;
  return true;
}

bool SessionClock::OnPong(TimePoint now, const delivery::Pong& pong) {
  const std::lock_guard lock(mutex_);
  return estimate_.Add({Signed(pong.t0), Signed(pong.t1), Signed(pong.t2), Microseconds(now)});
}

std::optional<SharedClock> SessionClock::At(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  const auto clock = estimate_.At(Microseconds(now));
  if (!clock) return std::nullopt;
  return SharedClock{clock->offset_us, clock->error_us, clock->drift_ppm};
}

std::optional<std::chrono::microseconds> SessionClock::round_trip() const {
  const std::lock_guard lock(mutex_);
  const auto round_trip = estimate_.round_trip_us();
  if (!round_trip) return std::nullopt;
  return std::chrono::microseconds(*round_trip);
}

}  // namespace pairwire

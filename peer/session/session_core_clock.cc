// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SessionCore's clock: pings for it, and frames that wait for their moment.
#include "peer/delivery/control_frames.h"
#include "peer/session/session_core.h"

namespace pairwire {

void SessionCore::SetClockRunning(bool connected) {
  clock_.SetConnected(loop_.Now(), connected);
  ArmClock();
}

void SessionCore::ArmClock() {
  if (const auto due = clock_.due()) {
    clock_timer_.StartAt(*due);
  } else {
    clock_timer_.Stop();
  }
}

void SessionCore::OnClockTimer() {
  const SessionLink* const link = InUse();
  // Boxes over the relay are few and slow, and carry no frames.
  const bool useful = link != nullptr && next_.path.carrier != Carrier::kRelay &&
                      link->Waiting(delivery::Lane::kControl) <= SessionClock::kMaxWaiting;
  const auto keep = self_.lock();
  if (clock_.OnDue(loop_.Now()) && useful) {
    Run([this] { (void)end_->SendClockPing(loop_.Now()); });
  }
  ArmClock();
}

void SessionCore::OnPong(ByteSpan payload) {
  const auto pong = delivery::ParsePong(payload);
  if (pong && clock_.OnPong(loop_.Now(), *pong)) presenter_.OnClock();
}

// A frame with a moment goes or comes.
void SessionCore::OnPresenting() {
  clock_.OnPresenting(loop_.Now());
  ArmClock();
}

// The reference is the controller's clock.
std::optional<std::int64_t> SessionCore::ReferenceOffset() const {
  if (role_ == auth::PairingRole::kController) return 0;
  const auto shared = clock_.At(loop_.Now());
  if (!shared) return std::nullopt;
  return shared->offset_us;
}

bool SessionCore::TakeFrame(const events::AnimationFrame& frame) {
  if (frame.present_at) OnPresenting();
  if (!events_->on_frame) return false;
  presenter_.Take(frame);
  return true;
}

void SessionCore::ShowFrame(const events::AnimationFrame& frame, std::chrono::microseconds late) {
  if (detached_) return;
  Run([&] {
    const auto events = events_;
    if (events->on_frame) events->on_frame(frame, late);
  });
}

}  // namespace pairwire

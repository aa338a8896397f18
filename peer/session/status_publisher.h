// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// StatusPublisher: what a display tells its sessions of itself: display:status and display:health,
// once a second when they changed, else every 10 s so that who listens can tell a quiet display
// from a dead one. Pure: who measures and who sends are elsewhere (display_monitor.cc).
#ifndef PAIRWIRE_PEER_SESSION_STATUS_PUBLISHER_H_
#define PAIRWIRE_PEER_SESSION_STATUS_PUBLISHER_H_

#include <pairwire/events.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "peer/base/loop.h"
#include "peer/session/display_health.h"

namespace pairwire {

class StatusPublisher {
 public:
  // A third of the time after which a silent display counts as offline.
  static constexpr std::chrono::seconds kAtLeastEvery{10};

  struct Measured {
    events::Metrics metrics;  // fps is set by the publisher
    FrameCounts counts;       // since the tick before
    std::optional<std::uint64_t> worst_late_us;
    bool presenting = false;
    bool relayed = false;
  };

  explicit StatusPublisher(std::string design_id) : design_id_(std::move(design_id)) {}

  // Once a second. What has to be sent now.
  std::vector<Event> Tick(Loop::TimePoint now, const Measured& measured);

  // The newest, for a new session and for the relay.
  const events::DisplayStatus& status() const { return status_; }
  const events::DisplayHealth& health() const { return health_; }
  // Why it is degraded, for a person.
  const std::string& why() const { return why_; }

 private:
  const std::string design_id_;
  DisplayHealth judge_;
  std::optional<Loop::TimePoint> ticked_;
  events::DisplayStatus status_;
  events::DisplayHealth health_;
  std::string why_;
  std::optional<Loop::TimePoint> status_told_;
  std::optional<Loop::TimePoint> health_told_;
};

// To what a person can see: a tenth of a frame, a per cent of a core, a megabyte, a millisecond. So
// that noise in the last digits is no news.
events::Metrics Rounded(const events::Metrics& metrics);

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_STATUS_PUBLISHER_H_

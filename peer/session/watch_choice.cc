// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/watch_choice.h"

#include <utility>

namespace pairwire {

bool WatchChoice::OnEvent(Loop::TimePoint now, const Event& event) {
  const auto* const status = std::get_if<events::DisplayStatus>(&event);
  const auto* const health = std::get_if<events::DisplayHealth>(&event);
  if (status == nullptr && health == nullptr) return false;
  DisplayReport report = session_ ? session_->report : DisplayReport{};
  report.display_id = display_id_;
  report.source = StatusSource::kSession;
  if (status != nullptr) {
    report.status = status->status;
    report.metrics = status->metrics.value_or(events::Metrics{});
    report.design_id = status->design_id.value_or("");
  } else {
    // Who measures is there; how it is comes with its status.
    if (!session_) report.status = events::DisplayState::kOnline;
    report.metrics = health->metrics;
  }
  report.age = std::chrono::milliseconds(0);
  session_ = Heard{now, std::move(report)};
  return true;
}

bool WatchChoice::Live(Loop::TimePoint now) const { return LiveUntil(now).has_value(); }

std::optional<Loop::TimePoint> WatchChoice::LiveUntil(Loop::TimePoint now) const {
  const bool path = state_ == SessionState::kConnected || state_ == SessionState::kRecovering;
  if (!path || !session_ || now - session_->when >= kQuiet) return std::nullopt;
  return session_->when + kQuiet;
}

DisplayReport WatchChoice::Aged(const Heard& heard, Loop::TimePoint now) {
  DisplayReport report = heard.report;
  if (report.age) {
    *report.age += std::chrono::duration_cast<std::chrono::milliseconds>(now - heard.when);
  }
  return report;
}

DisplayReport WatchChoice::Report(Loop::TimePoint now) const {
  if (Live(now)) return Aged(*session_, now);
  std::optional<DisplayReport> earlier;
  if (session_) {
    earlier = Aged(*session_, now);
    earlier->source = StatusSource::kStale;
  }
  if (relay_) {
    DisplayReport report = Aged(*relay_, now);
    // The relay's own word is of now; what it said earlier competes by age.
    const bool older = report.source != StatusSource::kRelay && earlier &&
                       (!report.age || *report.age > *earlier->age);
    if (!older) return report;
  }
  if (earlier) return *earlier;
  DisplayReport nothing;
  nothing.display_id = display_id_;
  return nothing;
}

}  // namespace pairwire

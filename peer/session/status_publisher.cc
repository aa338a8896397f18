// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/status_publisher.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pairwire {
namespace {

// The bounds of the events (docs/events.md): what is measured beyond them is a mistake.
constexpr double kMostFps = 1'000;
constexpr double kMostCpuPercent = 102'400;
constexpr double kMostMemoryMb = 1'073'741'824;
constexpr double kMostLatencyMs = 3'600'000;

std::optional<double> RoundTo(std::optional<double> value, double parts, double most) {
  if (!value || !std::isfinite(*value)) return std::nullopt;
  return std::clamp(std::round(*value * parts) / parts, 0.0, most);
}

}  // namespace

events::Metrics Rounded(const events::Metrics& metrics) {
  return {RoundTo(metrics.fps, 10, kMostFps), RoundTo(metrics.cpu_percent, 1, kMostCpuPercent),
          RoundTo(metrics.memory_mb, 1, kMostMemoryMb),
          RoundTo(metrics.latency_ms, 1, kMostLatencyMs)};
}

std::vector<Event> StatusPublisher::Tick(Loop::TimePoint now, const Measured& measured) {
  const auto before = std::exchange(ticked_, now);
  const auto took = before ? now - *before : std::chrono::seconds(1);
  auto verdict = judge_.Tick(took, measured.counts, measured.presenting, measured.relayed);
  why_ = std::move(verdict.why);

  events::Metrics metrics = measured.metrics;
  metrics.fps = verdict.fps;
  metrics = Rounded(metrics);

  events::DisplayStatus status;
  status.status = verdict.state;
  status.metrics = metrics;
  if (!design_id_.empty()) status.design_id = design_id_;
  events::DisplayHealth health = health_;
  health.metrics = metrics;
  health.frames_shown += measured.counts.shown;
  health.frames_late += measured.counts.late;
  health.frames_dropped += measured.counts.dropped;
  health.worst_late_us = measured.worst_late_us;

  const auto due = [now](const std::optional<Loop::TimePoint>& told, bool changed) {
    return changed || !told || now - *told >= kAtLeastEvery;
  };
  std::vector<Event> events;
  if (due(status_told_, !(status == status_))) {
    events.emplace_back(status);
    status_told_ = now;
  }
  if (due(health_told_, !(health == health_))) {
    events.emplace_back(health);
    health_told_ = now;
  }
  status_ = std::move(status);
  health_ = std::move(health);
  return events;
}

}  // namespace pairwire

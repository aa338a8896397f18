// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/window_control.h"

#include <algorithm>
#include <cmath>

namespace pairwire::bench {
namespace {

// RFC 9438 section 4.
constexpr double kCubicC = 0.4;
constexpr double kCubicBeta = 0.7;

// A round may deliver a quarter more than the last, so that a rate that grows is found; the queue
// that this makes is a quarter of a round trip.
constexpr double kProbe = 1.25;
// Packets under way that only hide the rounding of small windows and delayed SACKs.
constexpr double kSlack = 4;
constexpr std::uint64_t kRateRounds = 10;
constexpr double kLeastWindow = 4;
constexpr double kMostWindow = 20'000;

}  // namespace

void WindowControl::OnSack(double now, double delivered, double lost, double rtt) {
  const double acknowledged = delivered - delivered_;
  delivered_ = delivered;
  if (rtt > 0) least_rtt_ = std::min(least_rtt_, rtt);
  if (control_ == Control::kCubic) {
    if (acknowledged > 0) Grow(now, acknowledged, rtt);
  } else if (rtt > 0 && now - round_start_ >= rtt) {
    EndRound(now, delivered, lost);
  }
  window_ = std::clamp(window_, kLeastWindow, kMostWindow);
}

void WindowControl::Grow(double now, double acknowledged, double rtt) {
  if (window_ < slow_start_until_) {
    window_ += acknowledged;
    return;
  }
  const double k = std::cbrt(largest_ * (1 - kCubicBeta) / kCubicC);
  const double t = now - cut_at_ + rtt;
  const double target = kCubicC * std::pow(t - k, 3) + largest_;
  // What a Reno with this beta would have (section 4.3).
  friendly_ += 3 * (1 - kCubicBeta) / (1 + kCubicBeta) * acknowledged / std::max(friendly_, 1.0);
  if (target > window_) {
    window_ += std::min(target - window_, window_ * 0.5) / window_ * acknowledged;
  }
  window_ = std::max(window_, friendly_);
}

void WindowControl::OnCut(double now) {
  if (control_ != Control::kCubic) return;
  largest_ = window_ < largest_ ? window_ * (1 + kCubicBeta) / 2 : window_;  // fast convergence
  window_ = std::max(kLeastWindow, window_ * kCubicBeta);
  slow_start_until_ = window_;
  friendly_ = window_;
  cut_at_ = now;
}

void WindowControl::EndRound(double now, double delivered, double lost) {
  const double packets = delivered - round_delivered_;
  const double missing = lost - round_lost_;
  if (round_start_ > 0 && packets > 0) {
    const double rate = packets / (now - round_start_);
    while (!rates_.empty() && rates_.back().second <= rate) rates_.pop_back();
    rates_.emplace_back(round_, rate);
    while (rates_.front().first + kRateRounds < round_) rates_.pop_front();
    if (missing / (missing + packets) > loss_threshold_) {
      for (auto& [at, value] : rates_) value *= kCubicBeta;
    }
    // Before the first round without growth: twice a round trip's worth, as slow start.
    const bool growing = slow_start_until_ > 1e8 && rates_.front().second <= rate * 1.001;
    if (!growing && round_ > 8) slow_start_until_ = 0;
    const double gain = slow_start_until_ > 1e8 ? 2 : kProbe;
    window_ = gain * rates_.front().second * least_rtt_ + kSlack;
  }
  ++round_;
  round_start_ = now;
  round_delivered_ = delivered;
  round_lost_ = lost;
}

}  // namespace pairwire::bench

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/faults/frame_cutter.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <sstream>
#include <string_view>

namespace pairwire::faults {

using Way = LinkWatch::Way;

namespace {

constexpr std::array<std::string_view, 3> kHow = {"links", "silent", "path"};

}  // namespace

std::optional<CutPlan> ParseCutPlan(const std::string& words) {
  std::istringstream in(words);
  std::string way;
  std::string side;
  std::string links;
  std::string how;
  unsigned kind = 0;
  std::int64_t time = 0;
  CutPlan plan;
  if (!(in >> way >> side >> plan.nth >> kind >> links >> how >> time)) return std::nullopt;
  const bool known = (way == "sent" || way == "received") &&
                     (side == "before" || side == "after") && (links == "now" || links == "later");
  const auto found = std::find(kHow.begin(), kHow.end(), how);
  if (!known || found == kHow.end() || plan.nth == 0 || kind > 0xFF) return std::nullopt;
  plan.how = static_cast<CutKind>(found - kHow.begin());
  if (plan.how == CutKind::kPath ? time <= 0 : time != 0) return std::nullopt;
  plan.way = way == "sent" ? Way::kSent : Way::kReceived;
  plan.after = side == "after";
  plan.kind = static_cast<std::uint8_t>(kind);
  plan.later_links = links == "later";
  plan.time = std::chrono::milliseconds(time);
  return plan;
}

std::string ToString(const CutPlan& plan) {
  return std::string(plan.way == Way::kSent ? "sent " : "received ") +
         (plan.after ? "after " : "before ") + std::to_string(plan.nth) + " " +
         std::to_string(plan.kind) + (plan.later_links ? " later " : " now ") +
         std::string(kHow[static_cast<std::size_t>(plan.how)]) + " " +
         std::to_string(plan.time.count());
}

// One cut a frame; each plan counts for itself.
bool FrameCutter::OnFrame(delivery::LinkId link, Way way, ByteSpan frame) {
  if (dead_) return false;
  newest_ = std::max(newest_, link);
  if (frame.size() < 2) return true;
  const std::uint8_t kind = frame[1];
  auto due = open_.end();
  for (auto open = open_.begin(); open != open_.end(); ++open) {
    const CutPlan& plan = open->plan;
    if (plan.way != way || (plan.kind != 0 && plan.kind != kind)) continue;
    if (plan.later_links && link <= open->newest_before) continue;
    if (++open->seen >= plan.nth && due == open_.end()) due = open;
  }
  if (due == open_.end()) return true;
  const CutPlan plan = due->plan;
  open_.erase(due);
  dead_ = plan.how != CutKind::kPath;
  cut_(plan, kind);
  return !dead_ || plan.after;
}

}  // namespace pairwire::faults

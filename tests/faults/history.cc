// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/faults/history.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

namespace pairwire::faults {
namespace {

// In the order of What.
constexpr std::array<std::string_view, 21> kNames = {
    "opened",  "lost",   "resumed",      "resume_failed", "unauthorized", "draining",   "sent",
    "acked",   "failed", "got",          "again",         "user_left",    "terminated", "node_died",
    "cut_off", "back",   "fault_begins", "fault_ends",    "paired_again", "settled",    "note"};

}  // namespace

std::string ToText(const History& history) {
  std::string text;
  for (const Line& line : history) {
    text.append(std::to_string(line.at)).append(" ").append(line.who).append(" ");
    text.append(kNames[static_cast<std::size_t>(line.what)]).append(" ");
    text.append(std::to_string(line.number)).append(" ").append(std::to_string(line.socket));
    if (!line.detail.empty()) text.append(" ").append(line.detail);
    text.append("\n");
  }
  return text;
}

std::optional<History> ParseHistory(std::string_view text) {
  History history;
  std::istringstream lines{std::string(text)};
  for (std::string one; std::getline(lines, one);) {
    std::istringstream words(one);
    Line line;
    std::string what;
    if (!(words >> line.at >> line.who >> what >> line.number >> line.socket)) return std::nullopt;
    words >> line.detail;
    const auto* const name = std::find(kNames.begin(), kNames.end(), what);
    if (name == kNames.end()) return std::nullopt;
    line.what = static_cast<What>(name - kNames.begin());
    history.push_back(std::move(line));
  }
  return history;
}

std::string OtherEnd(std::string_view who) {
  std::string other(who);
  other.back() = other.back() == 'd' ? 'c' : 'd';
  return other;
}

}  // namespace pairwire::faults

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/suite.h"

#include <array>
#include <cmath>

#include "signaling/load/scenarios.h"

namespace pairwire::load {
namespace {

struct SuitePart {
  const char* name;
  void (*run)(Stage& stage, Checks& checks);
};

constexpr std::array<SuitePart, 7> kParts = {{{"type safety", CheckTypes},
                                              {"WebSocket connection", CheckSockets},
                                              {"HTTP fallback", CheckHttpFallback},
                                              {"multi-display sync", CheckDisplaySync},
                                              {"latency", CheckLatency},
                                              {"reconnection", CheckReconnect},
                                              {"concurrent load", CheckUnderLoad}}};

// Rounded down: 100 % is all of them.
double Percent(std::size_t passed, std::size_t made) {
  if (made == 0) return 0;
  return std::floor(1e4 * static_cast<double>(passed) / static_cast<double>(made)) / 100;
}

}  // namespace

bool Checks::Expect(bool holds, std::string_view what) {
  Count(1, holds ? 1 : 0, what);
  return holds;
}

void Checks::Count(std::size_t count, std::size_t succeeded, std::string_view what) {
  made_ += count;
  passed_ += succeeded;
  if (succeeded == count || failures_.size() >= kMaxFailures) return;
  std::string failure(what);
  if (count > 1) {
    failure +=
        ": " + std::to_string(count - succeeded) + " of " + std::to_string(count) + " did not";
  }
  failures_.push_back(std::move(failure));
}

void Checks::Note(std::string note) { note_ += (note_.empty() ? "" : "; ") + std::move(note); }

Result<Report> RunSuite(Stage& stage) {
  Report report;
  report.Add("scenario", "suite");
  report.Add("relays", static_cast<double>(stage.relay_count()));
  std::vector<Report> rows;
  std::vector<Report> failures;
  std::size_t made = 0;
  std::size_t passed = 0;
  for (const SuitePart& part : kParts) {
    Checks checks;
    const TimePoint start = Clock::now();
    part.run(stage, checks);
    checks.Expect(checks.made() > 0, "there was something to check");
    Report row;
    row.Add("part", part.name);
    row.Add("checks", static_cast<double>(checks.made()));
    row.Add("passed", static_cast<double>(checks.passed()));
    row.Add("percent", Percent(checks.passed(), checks.made()));
    row.Add("seconds", std::round(10 * Seconds(Clock::now() - start)) / 10);
    row.Add("note", checks.note());
    rows.push_back(std::move(row));
    made += checks.made();
    passed += checks.passed();
    for (const std::string& what : checks.failures()) {
      Report failure;
      failure.Add("failed", part.name);
      failure.Add("what", what);
      failures.push_back(std::move(failure));
    }
  }
  report.Add("parts", rows);
  if (!failures.empty()) report.Add("failures", failures);
  report.Add("percent", Percent(passed, made));
  if (passed < made) {
    report.SetFailed(std::to_string(made - passed) + " of " + std::to_string(made) +
                     " checks failed");
  }
  return report;
}

}  // namespace pairwire::load

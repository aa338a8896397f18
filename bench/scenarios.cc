// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The table of scenarios, and what all of them share.
#include <array>

#include "bench/scenario.h"
#include "bench/usage.h"

namespace pairwire::bench {

extern const Scenario kThroughput;
extern const Scenario kMessages;
extern const Scenario kLatency;
extern const Scenario kConnect;
extern const Scenario kMemory;
extern const Scenario kMany;
extern const Scenario kSoak;
extern const Scenario kLoops;

namespace {

constexpr std::array kScenarios = {&kThroughput, &kMessages, &kLatency, &kConnect,
                                   &kMemory,     &kMany,     &kSoak,    &kLoops};

}  // namespace

std::span<const Scenario* const> Scenarios() { return kScenarios; }

const Scenario* FindScenario(std::string_view name) {
  for (const Scenario* scenario : kScenarios) {
    if (scenario->name == name) return scenario;
  }
  return nullptr;
}

Report NewReport(const Options& options) {
  Report report;
  report.Add("scenario", options.scenario->name);
  if (options.size != 0) report.Add("size", static_cast<double>(options.size));
  report.Add("processes", options.processes);
  report.Add("allocator", AllocatorName());
  return report;
}

void Context::Fail(const Error& error) const {
  if (active) {
    conductor.Finish(tl::unexpected<Error>(error));
  } else {
    wire.Send({{"error", ToString(error)}});
  }
}

void Context::OnLoopAt(Conductor::Clock::time_point when, std::function<void()> task) const {
  conductor.At(when, [&network = network, task = std::move(task)]() mutable {
    network.Post(std::move(task));
  });
}

void Context::OnLoopAfter(double seconds, std::function<void()> task) const {
  const auto wait = std::chrono::duration_cast<Conductor::Clock::duration>(
      std::chrono::duration<double>(seconds));
  OnLoopAt(Conductor::Clock::now() + wait, std::move(task));
}

}  // namespace pairwire::bench

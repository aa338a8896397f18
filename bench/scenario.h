// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Scenario: one thing to measure. A scenario is one file that defines one of these, and its line in
// scenarios.cc.
//
// It has two roles. The active one makes the offer, runs the show and finishes with the report; the
// passive one is the other end, in the same process on the same loop or in a second process. They
// talk over the Wire. Whatever goes wrong is told by Context::Fail, at either end.
#ifndef PAIRWIRE_BENCH_SCENARIO_H_
#define PAIRWIRE_BENCH_SCENARIO_H_

#include <pairwire/network.h>

#include <chrono>
#include <memory>
#include <span>
#include <string_view>

#include "bench/conductor.h"
#include "bench/options.h"
#include "bench/report.h"
#include "bench/wire.h"

namespace pairwire::bench {

// What a role works with; all of it outlives the role's Network, but for the Network itself.
struct Context {
  const Options& options;
  Network& network;
  Conductor& conductor;
  Wire& wire;
  bool active;

  // Ends the whole run. Any thread.
  void Fail(const Error& error) const;

  // Runs `task` on the loop thread at `when`.
  void OnLoopAt(Conductor::Clock::time_point when, std::function<void()> task) const;
  void OnLoopAfter(double seconds, std::function<void()> task) const;
};

// Lives on the loop thread, but is made before and destroyed after the loop runs.
class Role {
 public:
  virtual ~Role() = default;
  virtual void Start() {}
  virtual void OnWire(const Json& message) = 0;
};

struct Scenario {
  std::string_view name;
  std::string_view summary;
  std::size_t default_size = 0;
  double default_seconds = 0;
  std::size_t default_pairs = 1;
  int default_processes = 2;
  // Longest time that the run may take beside its measured part.
  std::chrono::seconds (*allowance)(const Options&) = nullptr;
  std::unique_ptr<Role> (*make_active)(Context&) = nullptr;
  // Null: the active role does it all, in one process.
  std::unique_ptr<Role> (*make_passive)(Context&) = nullptr;
};

std::span<const Scenario* const> Scenarios();
// Null when there is none of this name.
const Scenario* FindScenario(std::string_view name);

// Adds what every report begins with.
Report NewReport(const Options& options);

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_SCENARIO_H_

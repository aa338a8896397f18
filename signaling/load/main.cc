// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-load: puts load on a relay and measures it (docs/load.md). Exit codes: 0 done and all
// that was promised came; 1 it did not, or could not be done; 2 wrong usage.
#include <cstdio>
#include <string>

#include "signaling/load/helpers.h"
#include "signaling/load/options.h"
#include "signaling/load/scenarios.h"
#include "signaling/load/stage.h"

namespace pairwire::load {
namespace {

Result<Report> RunScenario(Stage& stage, const Helpers& helpers) {
  switch (stage.options().scenario) {
    case ScenarioName::kWaiting:
      return RunWaiting(stage, helpers);
    case ScenarioName::kPairing:
      return RunPairing(stage);
    case ScenarioName::kSignaling:
      return RunSignaling(stage);
    case ScenarioName::kStatus:
      return RunStatus(stage);
    case ScenarioName::kExpiry:
      return RunExpiry(stage);
    case ScenarioName::kSuite:
      return RunSuite(stage);
  }
  return Fail(Errc::kInvalidState, "no such scenario");
}

int Complain(const std::string& what, int exit_code) {
  std::fprintf(stderr, "pairwire-load: %s\n", what.c_str());
  return exit_code;
}

int Main(int argc, char** argv) {
  const auto parsed = ParseOptions(argc, argv);
  if (const int* exit_code = std::get_if<int>(&parsed)) return *exit_code;
  Options options = std::get<Options>(parsed);
  const std::size_t wanted = options.displays;
  if (const std::size_t missing = options.as_many ? FitDisplays(options) : 0; missing > 0) {
    Complain("NOT ALL: " + std::to_string(wanted) + " displays were asked for, " +
                 std::to_string(options.displays) + " may wait from " +
                 std::to_string(options.processes) +
                 " processes: raise `ulimit -Hn` or --processes",
             kExitDone);
  }
  // Before anything is open.
  const auto helpers = Helpers::Start(options);
  if (!helpers) return Complain(helpers.error().detail, kExitFailed);
  const auto stage = Stage::Create(options);
  if (!stage) {
    const bool usage = stage.error().code == Errc::kInvalidArgument;
    return Complain(stage.error().detail, usage ? kExitUsage : kExitFailed);
  }
  Result<Report> report = RunScenario(**stage, *helpers);
  if (report && options.as_many) report->Add("displaysWanted", static_cast<double>(wanted));
  if (!report) return Complain(report.error().detail, kExitFailed);
  std::fputs((options.json ? report->ToJson() + "\n" : report->ToText()).c_str(), stdout);
  std::fflush(stdout);
  return report->failed() ? Complain(report->failure(), kExitFailed) : kExitDone;
}

}  // namespace
}  // namespace pairwire::load

int main(int argc, char** argv) { return pairwire::load::Main(argc, argv); }

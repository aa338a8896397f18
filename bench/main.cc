// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-bench: measures the library on loopback, one scenario a run (bench/README.md).
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "bench/conductor.h"
#include "bench/options.h"
#include "bench/peer_settings.h"
#include "bench/scenario.h"
#include "bench/second_process.h"
#include "bench/usage.h"
#include "bench/wire.h"

namespace pairwire::bench {
namespace {

void Listen(Wire& wire, Conductor& conductor, Role& role) {
  wire.SetHandler([&conductor, &role](const Json& message) {
    if (message.contains("error")) {
      return conductor.Finish(
          Fail(Errc::kPeerLeft, "the other end: " + message.value("error", "")));
    }
    role.OnWire(message);
  });
}

Conductor::Clock::time_point Deadline(const Options& options) {
  const std::chrono::duration<double> allowance = options.scenario->allowance(options);
  const std::chrono::duration<double> limit(
      options.deadline_seconds.value_or(allowance.count() + options.seconds));
  return Conductor::Clock::now() + std::chrono::duration_cast<Conductor::Clock::duration>(limit);
}

// Both ends on one loop. What the loop uses is destroyed after it.
Result<Report> RunOneProcess(const Options& options) {
  Conductor conductor;
  auto created = Network::Create(NetworkSettings(options));
  if (!created) return tl::unexpected<Error>(created.error());
  std::unique_ptr<Network> network = *std::move(created);
  MemoryWire first(*network);
  MemoryWire second(*network);
  first.ConnectTo(second);
  second.ConnectTo(first);
  Context context{options, *network, conductor, first, /*active=*/true};
  Context other{options, *network, conductor, second, /*active=*/false};
  const std::unique_ptr<Role> active = options.scenario->make_active(context);
  std::unique_ptr<Role> passive;
  if (options.scenario->make_passive != nullptr) passive = options.scenario->make_passive(other);
  Listen(first, conductor, *active);
  if (passive) Listen(second, conductor, *passive);
  network->Post([&active] { active->Start(); });
  Result<Report> result = conductor.Run(Deadline(options));
  network.reset();
  return result;
}

// One end of two.
Result<Report> RunEnd(const Options& options, int fd, bool active) {
  Conductor conductor;
  auto created = Network::Create(NetworkSettings(options));
  if (!created) return tl::unexpected<Error>(created.error());
  std::unique_ptr<Network> network = *std::move(created);
  SocketWire wire(fd, *network, conductor);
  Context context{options, *network, conductor, wire, active};
  const std::unique_ptr<Role> role =
      active ? options.scenario->make_active(context) : options.scenario->make_passive(context);
  Listen(wire, conductor, *role);
  network->Post([&role] { role->Start(); });
  Result<Report> result = conductor.Run(Deadline(options));
  network.reset();
  return result;
}

Result<Report> RunFirstOfTwo(const Options& options, int argc, char** argv) {
  auto second = SecondProcess::Start(argc, argv);
  if (!second) return tl::unexpected<Error>(second.error());
  return RunEnd(options, (*second)->fd(), /*active=*/true);
}

int Main(int argc, char** argv) {
  auto parsed = ParseOptions(argc, argv);
  if (const int* exit_code = std::get_if<int>(&parsed)) return *exit_code;
  const Options& options = std::get<Options>(parsed);
  const std::string missing = FindMissingSwitch(options);
  if (!missing.empty()) return WrongUsage(missing);
  RaiseDescriptorLimit();
  if (options.link_fd) {
    // Whatever happens here is the first process's to tell.
    RunEnd(options, *options.link_fd, /*active=*/false);
    return kExitDone;
  }
  const Result<Report> report =
      options.processes == 1 ? RunOneProcess(options) : RunFirstOfTwo(options, argc, argv);
  if (!report) {
    std::fprintf(stderr, "pairwire-bench: %s\n", ToString(report.error()).c_str());
    return kExitFailed;
  }
  std::printf("%s%s", (options.json ? report->ToJson() : report->ToText()).c_str(),
              options.json ? "\n" : "");
  return kExitDone;
}

}  // namespace
}  // namespace pairwire::bench

int main(int argc, char** argv) { return pairwire::bench::Main(argc, argv); }

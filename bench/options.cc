// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <vector>

#include "bench/scenario.h"

namespace pairwire::bench {
namespace {

constexpr char kProgram[] = "pairwire-bench";

std::string ScenarioHelp() {
  std::string help = "What to measure:";
  for (const Scenario* scenario : Scenarios()) {
    help += "\n" + std::string(scenario->name) + ": " + std::string(scenario->summary);
  }
  return help;
}

// What only makes sense together; empty when all is well.
std::string FindContradiction(const Options& options) {
  const Scenario& scenario = *options.scenario;
  const std::string name(scenario.name);
  if (options.processes == 2 && scenario.make_passive == nullptr) {
    return name + " measures one process: leave --processes 2 out";
  }
  if (options.bulk && name != "latency") return "--bulk belongs to latency";
  if (options.unreliable && name != "throughput" && name != "messages") {
    return "--unreliable belongs to throughput and messages";
  }
  if (options.session) {
    if (name != "throughput" && name != "messages") {
      return "--session belongs to throughput and messages";
    }
    if (options.unreliable) return "--session sends commands, which are reliable";
    if (options.buffer != 0) return "a session's buffer is fixed: leave --buffer out";
    if (options.size > kMaxCommandBytes) {
      return "with --session, --size is " + std::to_string(kMaxCommandBytes) + " at most";
    }
  }
  const std::size_t least = options.bulk ? kMinBulkBuffer : 2 * options.size;
  if (options.buffer != 0 && options.buffer < least) {
    return "--buffer must be " + std::to_string(least) + " at least";
  }
  return {};
}

}  // namespace

int WrongUsage(const std::string& what) {
  std::fprintf(stderr, "%s: %s (try %s --help)\n", kProgram, what.c_str(), kProgram);
  return kExitUsage;
}

std::variant<Options, int> ParseOptions(int argc, char** argv) {
  Options options;
  std::string name;
  std::optional<double> seconds;
  std::optional<std::size_t> size;
  std::optional<std::size_t> pairs;
  std::optional<int> processes;
  std::string fast_path;
  std::optional<unsigned> spin_us;
  std::optional<unsigned> pacing_ms;

  CLI::App cli("Measures Pairwire on this machine's loopback.", kProgram);
  cli.add_option("scenario", name, ScenarioHelp())->required()->option_text("SCENARIO");
  cli.add_flag("--json", options.json, "One JSON object on stdout instead of text");
  cli.add_option("--seconds", seconds, "Length of the measured part")
      ->check(CLI::Range(0.1, 3600.0));
  cli.add_option("--size", size, "Bytes of a message")
      ->check(CLI::Range(kMinMessageBytes, kMaxMessageBytes));
  cli.add_option("--processes", processes,
                 "2: each end in a process of its own; 1: both on one loop")
      ->check(CLI::Range(1, 2));
  cli.add_flag("--unreliable", options.unreliable,
               "throughput, messages: unordered, no retransmissions; reports the loss");
  cli.add_flag("--session", options.session,
               "throughput, messages: commands of a Session instead of a raw channel");
  cli.add_flag("--bulk", options.bulk, "latency: beside a saturating stream of 64 KiB messages");
  cli.add_option("--trips", options.trips, "latency: round trips (10000)")
      ->check(CLI::Range(std::size_t{10}, std::size_t{10'000'000}));
  cli.add_option("--runs", options.runs, "connect: connections made, one after the other (50)")
      ->check(CLI::Range(std::size_t{1}, std::size_t{100'000}));
  cli.add_option("--pairs", pairs, "memory (200), many (1000), soak (50): connections")
      ->check(CLI::Range(std::size_t{1}, kMaxPairs));
  cli.add_option("--networks", options.networks, "loops: Networks, each with a loop (2)")
      ->check(CLI::Range(std::size_t{1}, kMaxNetworks));
  cli.add_flag("--certificates-ahead", options.certificates_ahead,
               "connect: both certificates exist before the clock starts");
  cli.add_option("--deadline", options.deadline_seconds,
                 "Seconds after which a run without a result has failed (30 and more)")
      ->check(CLI::Range(0.1, 100'000.0));
  cli.add_option("--buffer", options.buffer, "Bytes that a sender keeps waiting in its connection")
      ->check(CLI::Range(std::size_t{4096}, std::size_t{1} << 30));
  cli.add_option("--fast-path", fast_path, "on or off; default: the library's")
      ->check(CLI::IsMember({"on", "off"}));
  cli.add_option("--spin", spin_us, "Microseconds of busy polling before the loop sleeps")
      ->check(CLI::Range(0u, 1'000'000u));
  cli.add_option("--pacing", pacing_ms, "Ta of ICE in milliseconds; default: the library's")
      ->check(CLI::Range(1u, 1000u));
  cli.add_option("--link-fd", options.link_fd)->group("");  // hidden: the second process
  try {
    cli.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    cli.exit(asked);
    return kExitDone;
  } catch (const CLI::ParseError& wrong) {
    std::string what = wrong.what();
    for (char& c : what) {
      if (c == '\n') c = ' ';
    }
    return WrongUsage(what);
  }

  options.scenario = FindScenario(name);
  if (options.scenario == nullptr) return WrongUsage("there is no scenario " + name);
  const Scenario& scenario = *options.scenario;
  options.seconds = seconds.value_or(scenario.default_seconds);
  options.size = size.value_or(scenario.default_size);
  options.pairs = pairs.value_or(scenario.default_pairs);
  options.processes =
      processes.value_or(scenario.make_passive == nullptr ? 1 : scenario.default_processes);
  if (!fast_path.empty()) options.fast_path = fast_path == "on";
  if (spin_us) options.spin = std::chrono::microseconds(*spin_us);
  if (pacing_ms) options.pacing = std::chrono::milliseconds(*pacing_ms);
  const std::string contradiction = FindContradiction(options);
  if (!contradiction.empty()) return WrongUsage(contradiction);
  return options;
}

}  // namespace pairwire::bench

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdio>
#include <map>

#include "signaling/protocol/limits.h"

namespace pairwire::load {
namespace {

constexpr char kProgram[] = "pairwire-load";

// Registering, joining and leaving beside the measured part: 2,000 a second is slow.
constexpr double kAllowanceSeconds = 60;
constexpr double kSlowestPerSecond = 500;

struct Defaults {
  double seconds;
  std::size_t displays;
};

Defaults DefaultsOf(ScenarioName scenario) {
  switch (scenario) {
    case ScenarioName::kWaiting:
      return {30, 5'000};
    case ScenarioName::kPairing:
      return {10, 0};  // as many as the rate asks for
    case ScenarioName::kSignaling:
      return {6, 0};
    case ScenarioName::kStatus:
      return {10, 1'000};
    case ScenarioName::kExpiry:
      return {3, 0};
    case ScenarioName::kSuite:
      return {60, 100};
  }
  return {};
}

int WrongUsage(std::string what) {
  std::replace(what.begin(), what.end(), '\n', ' ');
  std::fprintf(stderr, "%s: %s (try %s --help)\n", kProgram, what.c_str(), kProgram);
  return kExitUsage;
}

}  // namespace

std::variant<Options, int> ParseOptions(int argc, char** argv) {
  static const std::map<std::string, ScenarioName> kScenarios = {
      {"waiting", ScenarioName::kWaiting},     {"pairing", ScenarioName::kPairing},
      {"signaling", ScenarioName::kSignaling}, {"status", ScenarioName::kStatus},
      {"expiry", ScenarioName::kExpiry},       {"suite", ScenarioName::kSuite}};
  static const std::map<std::string, Transport> kTransports = {
      {"sse", Transport::kSse}, {"poll", Transport::kPoll}, {"ws", Transport::kWs}};
  static const std::map<std::string, Part> kParts = {
      {"both", Part::kBoth}, {"throughput", Part::kThroughput}, {"latency", Part::kLatency}};

  Options options;
  std::string transport = "sse";
  std::string part = "both";
  std::optional<double> seconds;
  std::optional<std::size_t> displays;
  std::optional<double> deadline;

  CLI::App cli("Puts load on a relay and measures what it does, and what it costs.", kProgram);
  cli.add_option("scenario", options.scenario_text,
                 "What to do:\n"
                 "waiting: displays that wait for a controller; memory, accepts and idle time\n"
                 "pairing: controllers that send codes, at a fixed rate; time to pairing:ready\n"
                 "signaling: messages from member to member; most a second, and latency\n"
                 "status: heartbeats and the status of displays\n"
                 "expiry: codes that nobody uses; how late their end is told\n"
                 "suite: seven scenarios that check as well as measure; all must pass")
      ->required()
      ->option_text("SCENARIO");
  cli.add_option("--relay", options.relays,
                 "http://HOST:PORT; repeatable: displays and controllers go to different ones")
      ->required()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->delimiter(',');
  cli.add_flag("--json", options.json, "One JSON object on stdout instead of a table");
  cli.add_option("--relay-pid", options.relay_pids,
                 "Process of each relay, in their order: its CPU and memory stand in the report")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  cli.add_option("--bystander-pid", options.bystander_pids,
                 "Process of a node of the relay that gets no load: its CPU too; repeatable")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  cli.add_option("--redis-pid", options.redis_pid, "Process of Redis: its CPU too")
      ->check(CLI::PositiveNumber);
  cli.add_option("--seconds", seconds,
                 "Length of the measured part (waiting 30, pairing 10, signaling 6 each, status "
                 "10, expiry 3, suite 60)")
      ->check(CLI::Range(0.1, 3600.0));
  cli.add_option("--displays", displays, "waiting (5000), status (1000), suite (100)")
      ->check(CLI::Range(std::size_t{1}, kMaxDisplays));
  cli.add_option("--pairs", options.pairs, "signaling: pairs of members")
      ->check(CLI::Range(std::size_t{1}, kMaxPairs))
      ->capture_default_str();
  cli.add_option("--window", options.window, "signaling: messages under way for each pair")
      ->check(CLI::Range(std::size_t{1}, kMaxWindow))
      ->capture_default_str();
  cli.add_option("--rate", options.rate,
                 "pairing: pairings a second; expiry: codes a second; signaling, suite: messages a "
                 "second for the latency")
      ->check(CLI::Range(0.1, kMaxRate))
      ->capture_default_str();
  cli.add_option("--meets", options.meets,
                 "pairing: displays come back with so many names each and no code, and their "
                 "controllers by one of them")
      ->check(CLI::Range(std::size_t{0}, protocol::kMaxMeets))
      ->capture_default_str();
  cli.add_option("--size", options.size, "signaling: bytes of a message")
      ->check(CLI::Range(kMinMessageBytes, kMaxMessageBytes))
      ->capture_default_str();
  cli.add_flag("--ack", options.ack, "signaling: ask for an ack of each message, and count them");
  cli.add_option("--part", part, "signaling: throughput, latency or both")
      ->check(CLI::IsMember(kParts))
      ->capture_default_str();
  cli.add_option("--transport", transport, "waiting: sse, poll or ws (a socket from the start)")
      ->check(CLI::IsMember(kTransports))
      ->capture_default_str();
  cli.add_flag("!--no-time-bars", options.judge_times,
               "suite: report times without judging them, for a machine that is busy otherwise");
  cli.add_flag("--pair-all", options.pair_all, "waiting: pair every display at the end");
  cli.add_option("--processes", options.processes,
                 "waiting: processes that share the displays, as each may have only so many open")
      ->check(CLI::Range(std::size_t{1}, kMaxProcesses))
      ->capture_default_str();
  cli.add_flag("--as-many", options.as_many,
               "waiting: take as many displays as the system allows when that is less, and say so");
  cli.add_option("--others", options.others,
                 "expiry: sessions at the last relay that stay, beside those that end")
      ->check(CLI::Range(std::size_t{0}, kMaxDisplays))
      ->capture_default_str();
  cli.add_option("--sources", options.sources,
                 "Loopback addresses to connect from, 127.0.0.2 and up; 0: the system chooses")
      ->check(CLI::Range(std::size_t{0}, std::size_t{65'000}))
      ->capture_default_str();
  cli.add_option("--cpu", options.cpu, "Processor to stay on")->check(CLI::Range(0, 1023));
  cli.add_option("--deadline", deadline, "Seconds after which the run has failed")
      ->check(CLI::Range(0.1, 100'000.0));
  try {
    cli.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    cli.exit(asked);
    return kExitDone;
  } catch (const CLI::ParseError& wrong) {
    return WrongUsage(wrong.what());
  }

  const auto scenario = kScenarios.find(options.scenario_text);
  if (scenario == kScenarios.end()) {
    return WrongUsage("there is no scenario " + options.scenario_text);
  }
  options.scenario = scenario->second;
  options.transport = kTransports.at(transport);
  options.part = kParts.at(part);
  const Defaults defaults = DefaultsOf(options.scenario);
  options.seconds = seconds.value_or(defaults.seconds);
  options.displays = displays.value_or(defaults.displays);
  if (options.relay_pids.size() > options.relays.size()) {
    return WrongUsage("there are more --relay-pid than --relay");
  }
  if ((options.processes > 1 || options.as_many) && options.scenario != ScenarioName::kWaiting) {
    return WrongUsage("--processes and --as-many are for waiting");
  }
  if (options.meets > 0 && options.scenario != ScenarioName::kPairing) {
    return WrongUsage("--meets is for pairing");
  }
  if (options.processes > 1 && options.displays < options.processes)
    return WrongUsage("there are more --processes than --displays");
  const double crowd = std::max(static_cast<double>(options.displays + options.others),
                                options.rate * options.seconds);
  options.deadline_seconds = deadline.value_or(kAllowanceSeconds + 3 * options.seconds +
                                               std::min(crowd, 1e5) / kSlowestPerSecond);
  return options;
}

}  // namespace pairwire::load

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/controller/status_command.h"

#include <pairwire/network.h>
#include <pairwire/status.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <cstdio>
#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "samples/common/arguments.h"
#include "samples/common/main_loop.h"
#include "samples/common/reporter.h"

namespace pairwire::samples {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kProgram[] = "pairwire-controller";
constexpr int kMostSeconds = 3600;

struct Settings {
  StatusOptions status;
  int interval = 30;  // seconds
  bool once = false;
  bool json = false;
  bool verbose = false;
};

// One line at a time, of one thread at a time: the Network's, then the main one.
void Print(const std::string& line) {
  std::fprintf(stdout, "%s\n", line.c_str());
  std::fflush(stdout);
}

void Print(const Json& json) { Print(json.dump(-1, ' ', false, Json::error_handler_t::replace)); }

Json JsonOf(const events::Metrics& metrics) {
  Json json = Json::object();
  if (metrics.fps) json["fps"] = *metrics.fps;
  if (metrics.cpu_percent) json["cpuPercent"] = *metrics.cpu_percent;
  if (metrics.memory_mb) json["memoryMb"] = *metrics.memory_mb;
  if (metrics.latency_ms) json["latencyMs"] = *metrics.latency_ms;
  return json;
}

Json JsonOf(const DisplayReport& report) {
  Json json = {{"event", "status"},
               {"displayId", report.display_id},
               {"status", ToString(report.status)},
               {"source", ToString(report.source)}};
  if (report.age) json["ageMs"] = report.age->count();
  if (!report.design_id.empty()) json["designId"] = report.design_id;
  if (const Json metrics = JsonOf(report.metrics); !metrics.empty()) json["metrics"] = metrics;
  return json;
}

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string AgeOf(std::chrono::milliseconds age) {
  const auto seconds = age.count() / 1000;
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 7200) return std::to_string(seconds / 60) + " min";
  return std::to_string(seconds / 3600) + " h";
}

std::string LineOf(const DisplayReport& report) {
  std::string line = Printable(report.display_id) + "  " + std::string(ToString(report.status));
  const events::Metrics& metrics = report.metrics;
  if (metrics.fps) line += "  " + Number(*metrics.fps) + " fps";
  if (metrics.cpu_percent) line += "  cpu " + Number(*metrics.cpu_percent) + " %";
  if (metrics.memory_mb) line += "  " + Number(*metrics.memory_mb) + " MB";
  if (metrics.latency_ms) line += "  " + Number(*metrics.latency_ms) + " ms";
  if (report.age) line += "  said " + AgeOf(*report.age) + " ago";
  if (report.source == StatusSource::kStale) line += "  (last known; not confirmed by the relay)";
  if (report.source == StatusSource::kNone) line += "  (never heard of)";
  return line;
}

void Show(const Settings& settings, const DisplayReport& report) {
  if (settings.json) {
    Print(JsonOf(report));
  } else {
    Print(LineOf(report));
  }
}

void Show(const Settings& settings, Reporter& reporter, const StatusRound& round) {
  if (round.error) reporter.Error(*round.error);
  if (!settings.json) return;
  Json json = {{"event", "round"}, {"reports", round.reports}, {"tries", round.tries}};
  if (round.error) json["code"] = ToString(round.error->code);
  Print(json);
}

int Run(const Settings& settings) {
  MainLoop main_loop;
  Reporter reporter(kProgram, settings.json);
  auto network = Network::Create();
  if (!network) {
    reporter.Error(network.error());
    return kExitFailed;
  }
  StatusRound last;  // written before Finish, read after Wait
  StatusEvents on;
  on.on_file_error = [&](const Error& error) { reporter.Error(error); };
  if (!settings.once) {
    on.on_report = [&](const DisplayReport& report) { Show(settings, report); };
  }
  on.on_round = [&](const StatusRound& round) {
    if (!settings.once) return Show(settings, reporter, round);
    last = round;
    main_loop.Finish(round.error ? kExitFailed : kExitDone);
  };
  auto client = StatusClient::Create(**network, settings.status, std::move(on));
  if (!client) return WrongUsage(kProgram, client.error().detail);
  const std::optional<int> exit_code = main_loop.Wait();
  if (settings.once && exit_code) {
    for (const DisplayReport& report : client->All()) Show(settings, report);
    Show(settings, reporter, last);
  }
  *client = StatusClient();
  return exit_code.value_or(kExitDone);
}

int Main(int argc, char** argv) {
  Settings settings;
  CLI::App cli("Shows how displays are, as the relay tells it; --file keeps what it told.",
               "pairwire-controller status");
  cli.add_option("--relay", settings.status.relay_url, "The relay, http://HOST:PORT or https://…")
      ->required();
  auto* const displays = cli.add_option("--display", settings.status.display_ids,
                                        "Ids of displays, as they report themselves");
  cli.add_option("--design", settings.status.design_id, "All displays of this design")
      ->excludes(displays);
  cli.add_option("--file", settings.status.file, "Keep the last known state here");
  cli.add_option("--interval", settings.interval, "Seconds between two rounds")
      ->check(CLI::Range(1, kMostSeconds))
      ->capture_default_str();
  cli.add_flag("--once", settings.once, "One round, then end: 1 when the relay did not answer");
  cli.add_flag("--json", settings.json, "One JSON object a line on stdout");
  cli.add_flag("--verbose", settings.verbose, "Log to stderr");
  if (const auto exit_code = ParseArguments(cli, argc, argv)) return *exit_code;
  SetUpLog(settings.verbose);
  settings.status.interval = std::chrono::seconds(settings.interval);
  return Run(settings);
}

}  // namespace

std::optional<int> RunStatusCommand(int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]) != "status") return std::nullopt;
  return Main(argc - 1, argv + 1);
}

}  // namespace pairwire::samples

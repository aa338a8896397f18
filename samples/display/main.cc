// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-display: shows a code, then whatever a controller sends; runs until SIGINT or SIGTERM.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

#include "samples/common/arguments.h"
#include "samples/common/main_loop.h"
#include "samples/common/pairings_command.h"
#include "samples/common/peer_options.h"
#include "samples/common/reporter.h"
#include "samples/display/display_app.h"
#include "samples/display/status_report.h"

namespace pairwire::samples {
namespace {

constexpr char kProgram[] = "pairwire-display";

// A controller may send 1 MiB in one message; browsers stop at 256 KiB by themselves.
constexpr std::size_t kMaxMessageBytes = 1024 * 1024;
constexpr std::size_t kReceiveBufferBytes = 2 * 1024 * 1024;

int Run(DisplaySettings settings, const StatusReportSettings& status) {
  MainLoop main_loop;
  Reporter reporter(kProgram, settings.json);
  auto network = Network::Create();
  if (!network) {
    reporter.Error(network.error());
    return kExitFailed;
  }
  if (!settings.display.secret) reporter.NoSecret();
  StatusReport report(**network, reporter, settings.json);
  settings.on_session_change = [&report] { report.OnSessionChange(); };
  settings.on_frame = [&report](std::chrono::microseconds late, std::uint64_t dropped) {
    report.OnFrame(late, dropped);
  };
  DisplayApp app(**network, main_loop, reporter, settings);
  const Result<void> reporting =
      report.Start(status, settings.display, [&app] { return app.session(); });
  if (!reporting) return WrongUsage(kProgram, reporting.error().detail);
  const Result<void> started = app.Start();
  if (!started) {
    report.Detach();
    return WrongUsage(kProgram, started.error().detail);
  }
  const int exit_code = main_loop.Wait().value_or(kExitDone);
  report.Detach();
  return exit_code;
}

int Main(int argc, char** argv) {
  if (const auto exit_code = RunPairingsCommand(kProgram, argc, argv)) return *exit_code;
  DisplaySettings settings;
  bool verbose = false;
  CLI::App cli("Shows a pairing code and receives messages and files from a controller, directly.",
               kProgram);
  cli.add_option("--relay", settings.display.relay_url, "The relay, http://HOST:PORT or https://…")
      ->required();
  cli.add_option("--name", settings.display.name, "Name that the controller sees");
  cli.add_option("--design", settings.display.design_id, "Design that this display shows");
  auto* const json = cli.add_flag("--json", settings.json, "One JSON object a line on stdout");
  cli.add_option("--out", settings.directory, "Store files here; without it files are refused");
  auto* const no_secret =
      cli.add_flag("!--no-secret", settings.display.secret,
                   "A code of digits alone: the relay, or who guesses it, can sit in between");
  cli.add_option("--letters", settings.display.code_letters, "Letters in the code: 5, 6 or 8")
      ->check(CLI::IsMember({5, 6, 8}))
      ->capture_default_str();
  cli.add_option("--page", settings.display.page_url,
                 "The page for the code's URL; else the relay's own");
  cli.add_flag("--qr", settings.qr, "Draw the code's URL as a QR code")
      ->excludes(json)
      ->excludes(no_secret);
  cli.add_option("--pairings", settings.display.pairings_file,
                 "Remember controllers in this file; those in it connect without a code")
      ->excludes(no_secret);
  cli.footer("pairwire-display pairings --help: who is remembered, and how to forget them.");
  PeerOptions peer_options;
  AddPeerOptions(cli, peer_options);
  StatusReportSettings status;
  AddStatusReportOptions(cli, status);
  cli.add_flag("--nearest", settings.display.nearest_node,
               "Measure the way to all nodes of the relay and use the nearest");
  cli.add_flag("--echo", settings.echo, "Send every message back as it came");
  cli.add_flag("--chat", settings.chat, "Send the lines of stdin to the controller");
  cli.add_flag("--verbose", verbose, "Log to stderr");
  if (const auto exit_code = ParseArguments(cli, argc, argv)) return *exit_code;
  SetUpLog(verbose);
  if (!settings.directory.empty()) {
    std::error_code error;
    std::filesystem::create_directories(settings.directory, error);
    if (error) {
      Reporter(kProgram, settings.json)
          .Error("cannot_store",
                 "cannot use --out: " + settings.directory + ": " + error.message());
      return kExitFailed;
    }
  }
  Apply(peer_options, settings.display.peer);
  Apply(peer_options, settings.display.session);
  settings.display.peer.max_message_size = kMaxMessageBytes;
  settings.display.peer.max_receive_buffer = kReceiveBufferBytes;
  return Run(settings, status);
}

}  // namespace
}  // namespace pairwire::samples

int main(int argc, char** argv) { return pairwire::samples::Main(argc, argv); }

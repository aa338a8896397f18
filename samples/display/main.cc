// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-display: shows a code, then whatever a controller sends; runs until SIGINT or SIGTERM.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <filesystem>
#include <string>
#include <system_error>

#include "samples/common/arguments.h"
#include "samples/common/main_loop.h"
#include "samples/common/peer_options.h"
#include "samples/common/reporter.h"
#include "samples/display/display_app.h"

namespace pairwire::samples {
namespace {

constexpr char kProgram[] = "pairwire-display";

// A controller may send 1 MiB in one message; browsers stop at 256 KiB by themselves.
constexpr std::size_t kMaxMessageBytes = 1024 * 1024;
constexpr std::size_t kReceiveBufferBytes = 2 * 1024 * 1024;

int Run(const DisplaySettings& settings) {
  MainLoop main_loop;
  Reporter reporter(kProgram, settings.json);
  auto network = Network::Create();
  if (!network) {
    reporter.Error(network.error());
    return kExitFailed;
  }
  DisplayApp app(**network, main_loop, reporter, settings);
  const Result<void> started = app.Start();
  if (!started) return WrongUsage(kProgram, started.error().detail);
  return main_loop.Wait().value_or(kExitDone);
}

int Main(int argc, char** argv) {
  DisplaySettings settings;
  bool no_secret = false;
  bool verbose = false;
  CLI::App cli("Shows a pairing code and receives messages and files from a controller, directly.",
               kProgram);
  cli.add_option("--relay", settings.display.relay_url, "The relay, http://HOST:PORT or https://…")
      ->required();
  cli.add_option("--name", settings.display.name, "Name that the controller sees");
  cli.add_option("--design", settings.display.design_id, "Design that this display shows");
  cli.add_flag("--json", settings.json, "One JSON object a line on stdout");
  cli.add_option("--out", settings.directory, "Store files here; without it files are refused");
  cli.add_flag("--no-secret", no_secret,
               "Pair without secret letters in the code. This version always does.");
  PeerOptions peer_options;
  AddPeerOptions(cli, peer_options);
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
  settings.display.peer.max_message_size = kMaxMessageBytes;
  settings.display.peer.max_receive_buffer = kReceiveBufferBytes;
  return Run(settings);
}

}  // namespace
}  // namespace pairwire::samples

int main(int argc, char** argv) { return pairwire::samples::Main(argc, argv); }

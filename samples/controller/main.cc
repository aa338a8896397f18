// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-controller: enters a display's code and does one thing: send, send-file, chat, ping or
// watch.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <string>
#include <vector>

#include "samples/common/arguments.h"
#include "samples/common/file_disk.h"
#include "samples/common/main_loop.h"
#include "samples/common/peer_options.h"
#include "samples/common/reporter.h"
#include "samples/controller/command.h"
#include "samples/controller/controller_app.h"

namespace pairwire::samples {
namespace {

constexpr char kProgram[] = "pairwire-controller";
constexpr int kMostPings = 1'000'000;

struct Settings {
  ControllerOptions controller;
  PeerOptions peer_options;
  bool json = false;
  bool verbose = false;
  std::string text;
  std::vector<std::string> paths;
  int pings = 100;
};

struct Commands {
  CLI::App* send = nullptr;
  CLI::App* send_file = nullptr;
  CLI::App* chat = nullptr;
  CLI::App* ping = nullptr;
  CLI::App* watch = nullptr;
};

Commands Describe(CLI::App& cli, Settings& settings) {
  cli.add_option("--relay", settings.controller.relay_url,
                 "The relay, http://HOST:PORT or https://…")
      ->required();
  cli.add_option("--code", settings.controller.code, "The code that the display shows")->required();
  cli.add_option("--name", settings.controller.name, "Name that the display sees");
  cli.add_flag("--json", settings.json, "One JSON object a line on stdout");
  cli.add_flag("--nearest", settings.controller.nearest_node,
               "Measure the way to all nodes of the relay and use the nearest");
  AddPeerOptions(cli, settings.peer_options);
  cli.add_flag("--verbose", settings.verbose, "Log to stderr");
  cli.require_subcommand(1);
  cli.fallthrough();

  Commands commands;
  commands.send = cli.add_subcommand("send", "Send one message");
  commands.send->add_option("TEXT", settings.text, "The message")->required();
  commands.send_file = cli.add_subcommand("send-file", "Send files");
  commands.send_file->add_option("PATH", settings.paths, "The files")->required();
  commands.chat = cli.add_subcommand(
      "chat", "Send each line of stdin, print the answers; /send PATH sends a file, /quit ends");
  commands.ping = cli.add_subcommand("ping", "Measure round trips");
  commands.ping->add_option("--count", settings.pings, "How many")
      ->check(CLI::Range(1, kMostPings))
      ->capture_default_str();
  commands.watch = cli.add_subcommand("watch", "Print what comes from the display until it ends");
  return commands;
}

std::unique_ptr<Command> MakeCommand(const Commands& commands, const Settings& settings,
                                     CommandContext context) {
  if (*commands.send) return MakeSendCommand(context, settings.text);
  if (*commands.send_file) return MakeSendFileCommand(context, settings.paths);
  if (*commands.chat) return MakeChatCommand(context);
  if (*commands.ping) return MakePingCommand(context, settings.pings);
  return MakeWatchCommand(context);
}

int Run(const Commands& commands, const Settings& settings) {
  MainLoop main_loop;
  Reporter reporter(kProgram, settings.json);
  // A file that can not be read is better known before a code is used up.
  for (const std::string& path : settings.paths) {
    const auto source = DiskSource::Open(path);
    if (!source) {
      reporter.Error(source.error().code, source.error().message);
      return kExitFailed;
    }
  }
  auto network = Network::Create();
  if (!network) {
    reporter.Error(network.error());
    return kExitFailed;
  }
  auto command = MakeCommand(commands, settings, {**network, main_loop, reporter});
  const bool ends_by_interrupt = command->EndsByInterrupt();
  ControllerApp app(**network, main_loop, reporter, std::move(command));
  const Result<void> started = app.Start(settings.controller);
  if (!started) return WrongUsage(kProgram, started.error().detail);
  std::optional<int> exit_code = main_loop.Wait();
  if (!exit_code) {
    exit_code = ends_by_interrupt ? kExitDone : kExitFailed;
    if (!ends_by_interrupt) reporter.Error({Errc::kCancelled, "interrupted"});
  }
  return *exit_code;
}

int Main(int argc, char** argv) {
  Settings settings;
  CLI::App cli("Enters a display's code and talks to it, directly.", kProgram);
  const Commands commands = Describe(cli, settings);
  if (const auto exit_code = ParseArguments(cli, argc, argv)) return *exit_code;
  SetUpLog(settings.verbose);
  Apply(settings.peer_options, settings.controller.peer);
  return Run(commands, settings);
}

}  // namespace
}  // namespace pairwire::samples

int main(int argc, char** argv) { return pairwire::samples::Main(argc, argv); }

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-controller: enters the codes of one or several displays and does one thing: send,
// send-file, chat, ping, watch or present.
#include <pairwire/bulk.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "samples/common/arguments.h"
#include "samples/common/main_loop.h"
#include "samples/common/pairings_command.h"
#include "samples/common/peer_options.h"
#include "samples/common/reporter.h"
#include "samples/controller/command.h"
#include "samples/controller/controller_app.h"
#include "samples/controller/group_app.h"
#include "samples/controller/status_command.h"

namespace pairwire::samples {
namespace {

constexpr char kProgram[] = "pairwire-controller";
constexpr int kMostPings = 1'000'000;
constexpr int kMostFps = 240;
constexpr int kMostSeconds = 3'600;

struct Settings {
  ControllerOptions controller;
  std::vector<std::string> codes;
  PeerOptions peer_options;
  bool json = false;
  bool verbose = false;
  std::string to;
  std::string text;
  std::vector<std::string> paths;
  int pings = 100;
  PresentSettings present;
};

struct Commands {
  CLI::App* send = nullptr;
  CLI::App* send_file = nullptr;
  CLI::App* chat = nullptr;
  CLI::App* ping = nullptr;
  CLI::App* watch = nullptr;
  CLI::App* present = nullptr;
};

Commands Describe(CLI::App& cli, Settings& settings) {
  cli.add_option("--relay", settings.controller.relay_url,
                 "The relay, http://HOST:PORT or https://…")
      ->required();
  auto* const code =
      cli.add_option("--code", settings.codes,
                     "The code that the display shows, or its URL; again for each further display")
          ->allow_extra_args(false);
  auto* const no_secret =
      cli.add_flag("!--no-secret", settings.controller.secret,
                   "Take a code of digits alone: the relay, or who guesses it, can sit in between");
  auto* const pairings =
      cli.add_option("--pairings", settings.controller.pairings_file,
                     "Remember the display in this file; later --to connects without a code")
          ->excludes(no_secret);
  cli.add_option("--to", settings.to,
                 "Instead of a code: a remembered display, by its name or its id")
      ->excludes(code)
      ->needs(pairings);
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
  commands.watch = cli.add_subcommand(
      "watch", "Print what comes from the displays, how they are and how they are reached");
  commands.present = cli.add_subcommand(
      "present", "Show frames on all displays at the same moments, and how far apart they were");
  commands.present->add_option("--fps", settings.present.fps, "Frames a second")
      ->check(CLI::Range(1, kMostFps))
      ->capture_default_str();
  commands.present->add_option("--seconds", settings.present.seconds, "How long")
      ->check(CLI::Range(1, kMostSeconds))
      ->capture_default_str();
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

std::unique_ptr<GroupCommand> MakeGroupCommand(const Commands& commands, const Settings& settings,
                                               CommandContext context) {
  if (*commands.send) return MakeGroupSend(context, settings.text);
  if (*commands.chat) return MakeGroupChat(context);
  if (*commands.present) return MakePresent(context, settings.present);
  return MakeGroupWatch(context);
}

// All displays at once.
int RunGroup(const Commands& commands, const Settings& settings) {
  MainLoop main_loop;
  Reporter reporter(kProgram, settings.json);
  auto network = Network::Create();
  if (!network) {
    reporter.Error(network.error());
    return kExitFailed;
  }
  if (!settings.controller.secret) reporter.NoSecret();
  const CommandContext context{**network, main_loop, reporter};
  auto command = MakeGroupCommand(commands, settings, context);
  const bool ends_by_interrupt = command->EndsByInterrupt();
  GroupApp app(context, std::move(command));
  const Result<void> started = app.Start(settings.controller, settings.codes);
  if (!started) return WrongUsage(kProgram, started.error().detail);
  const std::optional<int> exit_code = main_loop.Wait();
  if (!exit_code && !ends_by_interrupt) reporter.Error({Errc::kCancelled, "interrupted"});
  const int done = exit_code.value_or(ends_by_interrupt ? kExitDone : kExitFailed);
  return app.all_reached() ? done : kExitFailed;
}

int Run(const Commands& commands, const Settings& settings) {
  MainLoop main_loop;
  Reporter reporter(kProgram, settings.json);
  // A file that can not be read is better known before a code is used up.
  for (const std::string& path : settings.paths) {
    const auto file = FileToSend::Open(path);
    if (!file) {
      reporter.Error(file.error().code, file.error().message);
      return kExitFailed;
    }
  }
  auto network = Network::Create();
  if (!network) {
    reporter.Error(network.error());
    return kExitFailed;
  }
  if (!settings.controller.secret) reporter.NoSecret();
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
  if (const auto exit_code = RunStatusCommand(argc, argv)) return *exit_code;
  if (const auto exit_code = RunPairingsCommand(kProgram, argc, argv)) return *exit_code;
  Settings settings;
  CLI::App cli("Enters a display's code and talks to it, directly.", kProgram);
  cli.footer(
      "pairwire-controller status --help: how displays are, without a code.\n"
      "pairwire-controller pairings --help: which displays are remembered, and how to forget "
      "them.");
  const Commands commands = Describe(cli, settings);
  if (const auto exit_code = ParseArguments(cli, argc, argv)) return *exit_code;
  if (settings.codes.empty() && settings.to.empty()) {
    return WrongUsage(kProgram, "--code CODE is required, or --to NAME for a remembered display");
  }
  SetUpLog(settings.verbose);
  if (!settings.to.empty()) {
    auto found = FindPairing(settings.controller.pairings_file, settings.to);
    if (!found) {
      Reporter(kProgram, settings.json).Error(found.error());
      return kExitFailed;
    }
    settings.controller.pairing_id = std::move(*found);
    settings.codes = {""};  // one display, and the pairing names it
  }
  Apply(settings.peer_options, settings.controller.peer);
  Apply(settings.peer_options, settings.controller.session);
  if (*commands.ping && settings.codes.size() > 1) {
    return WrongUsage(kProgram, "ping measures one display: give one --code");
  }
  if (*commands.present || (settings.codes.size() > 1 && !*commands.send_file)) {
    return RunGroup(commands, settings);
  }
  // Files go to one display after the other.
  int exit_code = kExitDone;
  for (const std::string& code : settings.codes) {
    settings.controller.code = code;
    exit_code = std::max(exit_code, Run(commands, settings));
  }
  return exit_code;
}

}  // namespace
}  // namespace pairwire::samples

int main(int argc, char** argv) { return pairwire::samples::Main(argc, argv); }

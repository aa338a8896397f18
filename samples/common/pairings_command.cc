// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/common/pairings_command.h"

#include <pairwire/pairings.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string_view>

#include "samples/common/arguments.h"
#include "samples/common/main_loop.h"
#include "samples/common/reporter.h"

namespace pairwire::samples {
namespace {

using Json = nlohmann::ordered_json;

// UTC, as the file's owner may have moved since: "2026-11-22T01:15:00Z".
std::string TimeText(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

void Print(const std::string& line) {
  std::fprintf(stdout, "%s\n", line.c_str());
  std::fflush(stdout);
}

void PrintJson(const Json& json) {
  Print(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void PrintPairing(const RememberedPairing& pairing, bool json) {
  if (json) {
    PrintJson({{"event", "pairing"},
               {"pairingId", pairing.id},
               {"name", pairing.name},
               {"peer", pairing.display ? "controller" : "display"},
               {"made", TimeText(pairing.made)},
               {"lastUsed", TimeText(pairing.last_used)}});
    return;
  }
  Print(pairing.id + "  " + (pairing.display ? "controller" : "display") + "  last used " +
        TimeText(pairing.last_used) + "  " +
        (pairing.name.empty() ? "(no name)" : Printable(pairing.name)));
}

int List(const std::string& file, bool json, Reporter& reporter) {
  const auto pairings = ListPairings(file);
  if (!pairings) {
    reporter.Error(pairings.error());
    return kExitFailed;
  }
  for (const RememberedPairing& pairing : *pairings) PrintPairing(pairing, json);
  if (pairings->empty() && !json) Print("Nobody is remembered in " + file + ".");
  return kExitDone;
}

int Revoke(const std::string& file, const std::string& id, bool json, Reporter& reporter) {
  const auto revoked = RevokePairing(file, id);
  if (!revoked) {
    reporter.Error(revoked.error());
    return kExitFailed;
  }
  if (json) {
    PrintJson({{"event", "revoked"}, {"pairingId", id}});
  } else {
    Print("Forgotten. A session of it that is open ends within 2 s.");
  }
  return kExitDone;
}

int Main(const std::string& program, int argc, char** argv) {
  std::string file;
  std::string id;
  bool json = false;
  CLI::App cli("Who is remembered, and connects without a code.", program + " pairings");
  cli.add_option("--pairings", file, "The file that the program was started with")->required();
  cli.add_flag("--json", json, "One JSON object a line on stdout");
  cli.require_subcommand(1);
  cli.fallthrough();
  const CLI::App* const list = cli.add_subcommand("list", "All of them, the one used last first");
  CLI::App* const revoke = cli.add_subcommand(
      "revoke", "Forget one: it needs a code again, and a session of it that is open ends");
  revoke->add_option("ID", id, "As list prints it")->required();
  if (const auto exit_code = ParseArguments(cli, argc, argv)) return *exit_code;
  Reporter reporter(program, json);
  return *list ? List(file, json, reporter) : Revoke(file, id, json, reporter);
}

}  // namespace

std::optional<int> RunPairingsCommand(const std::string& program, int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]) != "pairings") return std::nullopt;
  return Main(program, argc - 1, argv + 1);
}

Result<std::string> FindPairing(const std::string& file, const std::string& named) {
  const auto pairings = ListPairings(file);
  if (!pairings) return tl::unexpected(pairings.error());
  std::string id;
  for (const RememberedPairing& pairing : *pairings) {
    if (pairing.display) continue;
    if (pairing.id == named) return named;
    if (pairing.name != named) continue;
    if (!id.empty()) {
      return Fail(Errc::kInvalidArgument,
                  "several remembered displays have this name: take the id "
                  "(pairwire-controller pairings list)");
    }
    id = pairing.id;
  }
  if (id.empty()) {
    return Fail(Errc::kInvalidArgument, "no display of this name or id is remembered in " + file +
                                            "; --code pairs with one");
  }
  return id;
}

}  // namespace pairwire::samples

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/common/arguments.h"

#include <pairwire/log.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <string>

#include "samples/common/main_loop.h"

namespace pairwire::samples {

std::optional<int> ParseArguments(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    app.exit(asked);
    return kExitDone;
  } catch (const CLI::ParseError& wrong) {
    std::string what = wrong.what();
    for (char& c : what) {
      if (c == '\n') c = ' ';
    }
    return WrongUsage(app.get_name(), what);
  }
  return std::nullopt;
}

int WrongUsage(const std::string& program, const std::string& what) {
  std::fprintf(stderr, "%s: %s (try %s --help)\n", program.c_str(), what.c_str(), program.c_str());
  return kExitUsage;
}

void SetUpLog(bool verbose) {
  if (!verbose) return;
  SetLogSink(
      [](LogLevel, std::string_view line) {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
      },
      LogLevel::kDebug);
}

}  // namespace pairwire::samples

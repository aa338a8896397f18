// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Command lines: CLI11 with our exit codes: --help and --version on stdout and 0; wrong usage as
// one line that says what to do, and 2.
#ifndef PAIRWIRE_SAMPLES_COMMON_ARGUMENTS_H_
#define PAIRWIRE_SAMPLES_COMMON_ARGUMENTS_H_

#include <optional>
#include <string>

namespace CLI {
class App;
}  // namespace CLI

namespace pairwire::samples {

// Parses into what the app's options are bound to. Set: exit with this code.
std::optional<int> ParseArguments(CLI::App& app, int argc, char** argv);

// One line on stderr and kExitUsage, for what is found wrong after parsing.
int WrongUsage(const std::string& program, const std::string& what);

// Sends the library's log to stderr when `verbose`.
void SetUpLog(bool verbose);

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_COMMON_ARGUMENTS_H_

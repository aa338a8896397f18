// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// `pairwire-relay check`: what is wrong with a set-up, said before it is found out under load. It
// looks at the options and at the machine; it starts nothing and changes nothing.
//
// Not here: wrong usage, which the options' own parser reports (config.h); Redis (redis_check.h).
#ifndef PAIRWIRE_SIGNALING_SERVER_CHECK_COMMAND_H_
#define PAIRWIRE_SIGNALING_SERVER_CHECK_COMMAND_H_

#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "signaling/server/config.h"

namespace pairwire::server {

struct Finding {
  enum class Level { kOk, kWarning, kError };
  Level level = Level::kOk;
  std::string text;  // one line; begins with the option or the part that it is about
};

// What is asked of the machine; tests hand in their own.
struct Machine {
  std::function<Result<void>(const std::string& host, std::uint16_t port)> try_listen;
  std::function<bool(const std::string& path)> is_folder;
  std::function<bool(const std::string& path)> is_file;
  std::size_t soft_descriptors = 0;
  std::size_t hard_descriptors = 0;
  std::size_t backlog = 0;  // net.core.somaxconn; 0: not known
};
Machine ThisMachine();

// In the order of the options. At least one.
std::vector<Finding> CheckSetup(const ServerConfig& config, const Machine& machine);

// "ok       --listen: …" a line.
std::string ToText(const std::vector<Finding>& findings);
// 1 when there is an error, else 0.
int ExitCode(const std::vector<Finding>& findings);

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_CHECK_COMMAND_H_

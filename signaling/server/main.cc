// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-relay: reads the options, runs one Server, and ends it on SIGTERM or SIGINT. Prints one
// line on stdout once it listens; logs go to stderr. `pairwire-relay check` looks instead of
// running, `pairwire-relay events` prints the event log. Exit codes: 0 ended as asked, 1 could not
// run, 2 wrong usage.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "signaling/server/check_command.h"
#include "signaling/server/config.h"
#include "signaling/server/events_command.h"
#include "signaling/server/redis_check.h"
#include "signaling/server/server.h"

namespace {

using pairwire::server::CommandLine;
using pairwire::server::ParseCommandLine;
using pairwire::server::Server;

// Signals are taken by a thread that waits for them, so that no code runs in a signal handler. The
// first SIGTERM or SIGINT drains, the second ends the process where it stands. SIGHUP reads the
// certificate anew, as often as it comes. SIGUSR2 only wakes the thread to end it.
void WaitForSignals(const sigset_t& signals, Server& server) {
  bool draining = false;
  while (true) {
    int number = 0;
    if (sigwait(&signals, &number) != 0 || number == SIGUSR2) return;
    if (number == SIGHUP) {
      server.ReloadCertificate();
      continue;
    }
    if (draining) _exit(1);
    draining = true;
    server.Drain();
  }
}

int Run(const pairwire::server::ServerConfig& config) {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) sigaddset(&signals, number);
  // Before any thread starts, so that all inherit it.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  auto server = Server::Create(config);
  if (!server) {
    std::fprintf(stderr, "pairwire-relay: %s\n", server.error().detail.c_str());
    return server.error().code == pairwire::Errc::kInvalidArgument ? 2 : 1;
  }
  std::printf("listening on %s\n", (*server)->url().c_str());
  std::fflush(stdout);
  std::thread waiter([&] { WaitForSignals(signals, **server); });
  (*server)->Run();
  pthread_kill(waiter.native_handle(), SIGUSR2);
  waiter.join();
  return 0;
}

int Check(const pairwire::server::ServerConfig& config) {
  auto findings = CheckSetup(config, pairwire::server::ThisMachine());
  if (config.redis) {
    const auto now = [] { return std::chrono::system_clock::now(); };
    for (auto& finding : CheckRedis(config, now)) findings.push_back(std::move(finding));
  }
  std::fputs(ToText(findings).c_str(), stdout);
  return ExitCode(findings);
}

int Events(const CommandLine& line) {
  const auto to = [](std::FILE* file) {
    return [file](const std::string& text) {
      return std::fputs(text.c_str(), file) >= 0 && std::fflush(file) == 0;
    };
  };
  return RunEvents(*line.config, *line.events, to(stdout), to(stderr));
}

}  // namespace

int main(int argc, char** argv) {
  const CommandLine line = ParseCommandLine(std::vector<std::string>(argv + 1, argv + argc));
  if (line.config && line.check) return Check(*line.config);
  if (line.config && line.events) return Events(line);
  if (line.config) return Run(*line.config);
  std::fprintf(line.exit_code == 0 ? stdout : stderr, "%s\n", line.text.c_str());
  return line.exit_code;
}

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-interop-peer: our peer as a process. Commands come as JSON lines on stdin, events go out
// as JSON lines on stdout (tests/interop/README.md); logs go to stderr, PAIRWIRE_LOG=debug|info for
// more than warnings. Ends at `{"cmd":"quit"}` or at the end of stdin.

#include <pairwire/log.h>
#include <pairwire/network.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/interop/peer/peer_tool.h"
#include "tests/interop/peer/protocol.h"

namespace pairwire::interop {
namespace {

void LogToStderr() {
  const char* wanted = std::getenv("PAIRWIRE_LOG");
  const std::string_view level = wanted == nullptr ? "warning" : wanted;
  SetLogSink(
      [](LogLevel, std::string_view line) {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
      },
      level == "debug"  ? LogLevel::kDebug
      : level == "info" ? LogLevel::kInfo
                        : LogLevel::kWarning);
}

bool IsQuit(const std::string& line) {
  const Json command = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  return command.is_object() && command.contains("cmd") && command["cmd"] == "quit";
}

// Reads lines until quit or the end of stdin. The main thread does nothing else but keep the pace
// of streams; what lines mean is the loop thread's matter.
void ReadCommands(Network& network, PeerTool& tool) {
  std::string pending;
  std::array<char, 65536> buffer{};
  while (true) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    // While nothing streams, a stream can start only after a line came, hence the wait of 20 ms.
    const int ready = poll(&input, 1, tool.wants_ticks() ? 1 : 20);
    if (ready < 0 && errno != EINTR) return;
    if (tool.wants_ticks()) network.Post([&tool] { tool.OnTick(); });
    if (ready <= 0) continue;
    const ssize_t got = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got <= 0) return;
    pending.append(buffer.data(), static_cast<std::size_t>(got));
    std::size_t end;
    while ((end = pending.find('\n')) != std::string::npos) {
      const std::string line = pending.substr(0, end);
      pending.erase(0, end + 1);
      if (line.empty()) continue;
      if (IsQuit(line)) return;
      network.Post([&tool, line] { tool.OnLine(line); });
    }
  }
}

int Main() {
  std::signal(SIGPIPE, SIG_IGN);
  LogToStderr();
  auto network = Network::Create();
  if (!network) {
    std::fprintf(stderr, "pairwire-interop-peer: %s\n", ToString(network.error()).c_str());
    return 1;
  }
  PeerTool tool(**network);
  PrintEvent({{"event", "ready"}, {"peer", "pairwire"}, {"version", PAIRWIRE_VERSION}});
  ReadCommands(**network, tool);
  network->reset();  // Before the tool: its callbacks end here.
  return 0;
}

}  // namespace
}  // namespace pairwire::interop

int main() { return pairwire::interop::Main(); }

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-bench-peer: ours as a process that bench/peers/driver.mjs drives. Commands come as JSON
// lines on stdin, events go out as JSON lines on stdout (bench/peers/README.md). Ends at
// `{"cmd":"quit"}` or at the end of stdin.

#include <pairwire/network.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>

#include "bench/peers/pairwire/bench_peer.h"

namespace pairwire::bench {
namespace {

int Main() {
  std::signal(SIGPIPE, SIG_IGN);
  auto network = Network::Create();
  if (!network) {
    std::fprintf(stderr, "pairwire-bench-peer: %s\n", ToString(network.error()).c_str());
    return 1;
  }
  BenchPeer peer(**network);
  PrintEvent({{"event", "ready"}, {"peer", "pairwire"}, {"version", PAIRWIRE_VERSION}});
  for (std::string line; std::getline(std::cin, line);) {
    const Json command = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (command.is_object() && command.value("cmd", Json()) == "quit") break;
    (*network)->Post([&peer, line] { peer.OnLine(line); });
  }
  network->reset();  // before the peer: its callbacks end here
  return 0;
}

}  // namespace
}  // namespace pairwire::bench

int main() { return pairwire::bench::Main(); }

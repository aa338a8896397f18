// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-session-judge: reads histories of sessions, one JSON object a line, and answers each
// with one line of what session_checker.h finds: a JSON list of [invariant, line], empty when all
// was kept. For the simulation of the page's modules (tests/samples/web). Events are lists in the
// order of test::Event's members.
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/peer/delivery/session_checker.h"

namespace {

using nlohmann::json;
using pairwire::test::Event;
using pairwire::test::History;
using pairwire::test::What;

History HistoryOf(const json& in) {
  History history;
  history.first_seq = in.at("firstSeq");
  history.window_ms = in.at("windowMs");
  history.outbox_bytes = in.at("outboxBytes");
  history.outbox_messages = in.at("outboxMessages");
  history.state_bytes = in.at("stateBytes");
  history.rested = in.at("rested");
  for (const json& event : in.at("events")) {
    const int what = event.at(0);
    const int end = event.at(1);
    if (what < 0 || what > static_cast<int>(What::kAppClosed) || end < 0 || end > 1) {
      throw json::other_error::create(501, "no such event", &event);
    }
    history.events.push_back({static_cast<What>(what), end, event.at(2), event.at(3), event.at(4),
                              event.at(5), event.at(6)});
  }
  return history;
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    try {
      json answer = json::array();
      for (const auto& breach : pairwire::test::CheckSession(HistoryOf(json::parse(line)))) {
        answer.push_back({breach.invariant, breach.line});
      }
      std::cout << answer.dump() << std::endl;
    } catch (const json::exception& error) {
      std::fprintf(stderr, "pairwire-session-judge: %s\n", error.what());
      return 2;
    }
  }
  return 0;
}

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-events-peer: reads one event's JSON a line, and answers with one line: the event as C++
// writes it, or "! " and why not. tests/samples/web/events.test.mjs compares it with the page's.
#include <pairwire/events.h>

#include <iostream>
#include <string>

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto event = pairwire::ParseEvent(line);
    const auto text = event ? pairwire::EventToJson(*event)
                            : pairwire::Result<std::string>(tl::unexpected(event.error()));
    std::cout << (text ? *text : "! " + text.error().detail) << "\n";
  }
  return 0;
}

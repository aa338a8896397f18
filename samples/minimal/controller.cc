// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The smallest controller: enters a code, says hello, prints the answer. As the README shows it.
#include <pairwire/session.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: %s RELAY-URL CODE\n", argv[0]), 2;
  auto network = pairwire::Network::Create().value();
  pairwire::Session session;
  pairwire::ControllerEvents on;
  on.on_error = [](const pairwire::Error& error) { std::puts(ToString(error).c_str()); };
  on.on_session = [&](pairwire::Session connected) {
    session = std::move(connected);
    session.Subscribe({.on_message = [](const pairwire::Command& message) {
      std::printf("%.*s\n", int(message.data.size()), (const char*)message.data.data());
    }});
    (void)session.Send("Hello, display!");
  };
  auto controller =
      pairwire::Controller::Create(*network, {.relay_url = argv[1], .code = argv[2]}, on);
  std::getchar();
}

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The smallest display: shows a code, prints what a controller says, answers. As the README shows
// it.
#include <pairwire/session.h>

#include <cstdio>

int main(int argc, char** argv) {
  auto network = pairwire::Network::Create().value();
  pairwire::Session session;
  pairwire::DisplayEvents on;
  on.on_code = [](const pairwire::PairingCode& code) {
    std::printf("Code: %s\n", code.code.c_str());
  };
  on.on_session = [&](pairwire::Session connected) {
    session = std::move(connected);
    session.Subscribe({.on_message = [&](const pairwire::Command& message) {
      std::printf("%.*s\n", int(message.data.size()), (const char*)message.data.data());
      (void)session.Send("Got it.");
    }});
  };
  auto display = pairwire::Display::Create(
      *network, {.relay_url = argc > 1 ? argv[1] : "http://127.0.0.1:8080"}, on);
  std::getchar();
}

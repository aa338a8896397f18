// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ServerPort: a port for a server process that a test is about to start and that cannot choose one
// itself.
#ifndef PAIRWIRE_TESTS_SUPPORT_SERVER_PORT_H_
#define PAIRWIRE_TESTS_SUPPORT_SERVER_PORT_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>

namespace pairwire::test {

// A port for a server that is about to start: below those that the system gives to sockets without
// one, so that no other test takes it meanwhile, and for each process another.
inline std::uint16_t ServerPort() {
  // Far from those of the processes that were started next to this one.
  static unsigned next = static_cast<unsigned>(getpid()) * 1237;
  for (;;) {
    const auto port = static_cast<std::uint16_t>(20'000 + next++ % 10'000);
    bool free = true;
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
      const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(port);
      free = free && bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
      close(fd);
    }
    if (free) return port;
  }
}

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_SUPPORT_SERVER_PORT_H_

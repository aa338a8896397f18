// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/wire.h"

#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>

namespace pairwire::bench {

void MemoryWire::Send(Json message) {
  network_.Post([other = other_, message = std::move(message)] { other->handler_(message); });
}

SocketWire::SocketWire(int fd, Network& network, Conductor& conductor)
    : fd_(fd), network_(network) {
  conductor.ReadLines(
      fd,
      [this](std::string_view line) {
        Json message = Json::parse(line, nullptr, /*allow_exceptions=*/false);
        if (!message.is_object()) return;  // only our own program writes here
        network_.Post([this, message = std::move(message)] { handler_(message); });
      },
      [&conductor] { conductor.Finish(Fail(Errc::kPeerLeft, "the other process ended")); });
}

void SocketWire::Send(Json message) {
  const std::string line = message.dump() + '\n';
  const std::lock_guard lock(mutex_);
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t sent = send(fd_, line.data() + done, line.size() - done, MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) return;
    if (sent > 0) done += static_cast<std::size_t>(sent);
  }
}

}  // namespace pairwire::bench

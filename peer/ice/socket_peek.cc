// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/socket_peek.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace pairwire::ice {
namespace {

constexpr std::array<std::uint8_t, 4> kCookie = {0x21, 0x12, 0xa4, 0x42};
constexpr std::size_t kCookieAt = 4;  // behind type and length

int SocketOption(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

}  // namespace

void FindStun(ByteSpan bytes, const std::function<void(ByteSpan)>& found) {
  auto from = bytes.begin();
  while (true) {
    const auto cookie = std::search(from, bytes.end(), kCookie.begin(), kCookie.end());
    if (cookie == bytes.end()) return;
    from = cookie + 1;
    const auto at = static_cast<std::size_t>(cookie - bytes.begin());
    if (at < kCookieAt) continue;
    const ByteSpan message = bytes.subspan(at - kCookieAt);
    const bool binding = message[0] <= 0x01 && (message[1] == 0x01 || message[1] == 0x11);
    if (binding) found(message);
  }
}

void PeekStun(int fd, const FoundStun& found) {
  const int domain = SocketOption(fd, SO_DOMAIN);  // -1: the context's own wake-up descriptor
  if (domain != AF_INET && domain != AF_INET6) return;
  const bool datagrams = SocketOption(fd, SO_TYPE) == SOCK_DGRAM;

  std::array<std::uint8_t, kMaxPeekedBytes> buffer;
  const auto peek = [&] {
    sockaddr_storage storage{};
    auto* const sender = reinterpret_cast<sockaddr*>(&storage);
    socklen_t sender_size = datagrams ? sizeof(storage) : 0;
    const ssize_t size =
        recvfrom(fd, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT, sender, &sender_size);
    if (size <= 0) return size;
    const auto from = udp::SocketAddress::From(sender, sender_size);
    FindStun({buffer.data(), static_cast<std::size_t>(size)}, [&](ByteSpan message) {
      const bool whole = from && message.data() == buffer.data();
      found(message, whole ? *from : udp::SocketAddress());
    });
    return size;
  };
  if (!datagrams) {
    peek();
    return;
  }
  // With an offset each look goes on behind the last one, into the next datagram.
  const int start = 0;
  const bool walks = setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &start, sizeof(start)) == 0;
  for (std::size_t i = 0; i < (walks ? kMaxPeekedDatagrams : 1); ++i) {
    if (peek() < 0) break;
  }
  const int off = -1;
  if (walks) setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off));
}

}  // namespace pairwire::ice

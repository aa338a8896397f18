// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/socket_peek.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace pairwire::ice {
namespace {

constexpr std::array<std::uint8_t, 4> kCookie = {0x21, 0x12, 0xa4, 0x42};
constexpr std::size_t kCookieAt = 4;           // behind type and length
constexpr std::uint8_t kResponseClass = 0x01;  // the first byte of a success or an error
// Any check or answer; what is longer is left.
constexpr std::size_t kMaxTakenBytes = 1500;

int SocketOption(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

// Not so: the context's own wake-up descriptor.
bool IsInternetSocket(int fd) {
  const int domain = SocketOption(fd, SO_DOMAIN);
  return domain == AF_INET || domain == AF_INET6;
}

// All that waits: what is wanted may be behind a lot of data, and goes when that is read.
void PeekStream(int fd, const FoundStun& found) {
  int waiting = 0;
  if (ioctl(fd, FIONREAD, &waiting) != 0 || waiting <= 0) return;
  std::vector<std::uint8_t> bytes(
      std::min(static_cast<std::size_t>(waiting), kMaxPeekedStreamBytes));
  const ssize_t size = recv(fd, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  if (size <= 0) return;
  FindStun(ByteSpan(bytes).first(static_cast<std::size_t>(size)),
           [&](ByteSpan message) { return found(message, udp::SocketAddress()); });
}

}  // namespace

bool FindStun(ByteSpan bytes, const std::function<bool(ByteSpan)>& found) {
  auto from = bytes.begin();
  while (true) {
    const auto cookie = std::search(from, bytes.end(), kCookie.begin(), kCookie.end());
    if (cookie == bytes.end()) return true;
    from = cookie + 1;
    const auto at = static_cast<std::size_t>(cookie - bytes.begin());
    if (at < kCookieAt) continue;
    const ByteSpan message = bytes.subspan(at - kCookieAt);
    const bool binding = message[0] <= 0x01 && (message[1] == 0x01 || message[1] == 0x11);
    if (binding && !found(message)) return false;
  }
}

bool PeekStun(int fd, const FoundStun& found) {
  if (!IsInternetSocket(fd)) return false;
  if (SocketOption(fd, SO_TYPE) != SOCK_DGRAM) {
    PeekStream(fd, found);
    return false;
  }
  std::array<std::uint8_t, kMaxPeekedBytes> buffer;
  enum class Look { kNothing, kMore, kEnough };
  const std::uint8_t* last = nullptr;  // where the last message that was found begins
  const auto look = [&] {
    sockaddr_storage storage{};
    auto* const sender = reinterpret_cast<sockaddr*>(&storage);
    socklen_t sender_size = sizeof(storage);
    const ssize_t size =
        recvfrom(fd, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT, sender, &sender_size);
    if (size < 0) return Look::kNothing;
    const auto from = udp::SocketAddress::From(sender, sender_size);
    const ByteSpan bytes(buffer.data(), static_cast<std::size_t>(size));
    const bool more = FindStun(bytes, [&](ByteSpan message) {
      last = message.data();
      const bool whole = from && message.data() == buffer.data();
      return found(message, whole ? *from : udp::SocketAddress());
    });
    return more ? Look::kMore : Look::kEnough;
  };
  // On an idle path the first datagram is the one that is waited for, and this is all.
  const Look first = look();
  if (first == Look::kNothing) return false;
  if (first == Look::kEnough) {
    const bool is_answer = last == buffer.data() && buffer[0] == kResponseClass;
    return is_answer && recv(fd, buffer.data(), 0, MSG_DONTWAIT) >= 0;
  }

  // With an offset each look goes on behind the last one, into the next datagram.
  const int start = 0;
  if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &start, sizeof(start)) != 0) return false;
  for (std::size_t i = 0; i < kMaxPeekedDatagrams && look() == Look::kMore; ++i) {
  }
  const int off = -1;
  setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off));
  return false;
}

bool TakeDatagram(int fd, const std::function<bool(ByteSpan, const udp::SocketAddress&)>& wanted) {
  std::array<std::uint8_t, kMaxTakenBytes> buffer;
  sockaddr_storage storage{};
  auto* const sender = reinterpret_cast<sockaddr*>(&storage);
  socklen_t sender_size = sizeof(storage);
  const ssize_t size = recvfrom(fd, buffer.data(), buffer.size(),
                                MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT, sender, &sender_size);
  if (size <= 0 || static_cast<std::size_t>(size) > buffer.size()) return false;
  const auto from = udp::SocketAddress::From(sender, sender_size);
  if (!from || !wanted({buffer.data(), static_cast<std::size_t>(size)}, *from)) return false;
  return recv(fd, buffer.data(), 0, MSG_DONTWAIT) >= 0;
}

}  // namespace pairwire::ice

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/udp/socket_address.h"

#include <cstring>

namespace pairwire::udp {

std::optional<SocketAddress> SocketAddress::From(const sockaddr* address, socklen_t size) {
  SocketAddress result;
  if (size >= sizeof(sockaddr_in) && address->sa_family == AF_INET) {
    std::memcpy(&result.storage_.v4, address, sizeof(sockaddr_in));
    return result;
  }
  if (size >= sizeof(sockaddr_in6) && address->sa_family == AF_INET6) {
    std::memcpy(&result.storage_.v6, address, sizeof(sockaddr_in6));
    return result;
  }
  return std::nullopt;
}

std::optional<SocketAddress> SocketAddress::OfSocket(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  if (getsockname(fd, address, &size) != 0) return std::nullopt;
  return From(address, size);
}

std::uint16_t SocketAddress::port() const {
  return ntohs(v6() ? storage_.v6.sin6_port : storage_.v4.sin_port);
}

void SocketAddress::TakeScope(const SocketAddress& local) {
  if (!v6() || !local.v6() || !IN6_IS_ADDR_LINKLOCAL(&storage_.v6.sin6_addr)) return;
  if (storage_.v6.sin6_scope_id == 0) storage_.v6.sin6_scope_id = local.storage_.v6.sin6_scope_id;
}

ByteSpan SocketAddress::ip() const {
  if (v6()) return storage_.v6.sin6_addr.s6_addr;
  return {reinterpret_cast<const std::uint8_t*>(&storage_.v4.sin_addr), sizeof(in_addr)};
}

bool SocketAddress::operator==(const SocketAddress& other) const {
  if (storage_.any.sa_family != other.storage_.any.sa_family) return false;
  if (storage_.any.sa_family == AF_INET) {
    const sockaddr_in& a = storage_.v4;
    const sockaddr_in& b = other.storage_.v4;
    return a.sin_port == b.sin_port && a.sin_addr.s_addr == b.sin_addr.s_addr;
  }
  if (storage_.any.sa_family != AF_INET6) return false;
  const sockaddr_in6& a = storage_.v6;
  const sockaddr_in6& b = other.storage_.v6;
  const bool one_scope =
      a.sin6_scope_id == b.sin6_scope_id || a.sin6_scope_id == 0 || b.sin6_scope_id == 0;
  return a.sin6_port == b.sin6_port && one_scope &&
         std::memcmp(&a.sin6_addr, &b.sin6_addr, sizeof(in6_addr)) == 0;
}

}  // namespace pairwire::udp

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/net/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace pairwire::net {
namespace {

sockaddr_in ToIpv4(const sockaddr_in6& address) {
  sockaddr_in out{};
  std::memcpy(&out, &address, sizeof out);
  return out;
}

}  // namespace

std::optional<Endpoint> Endpoint::FromLiteral(const std::string& address, std::uint16_t port) {
  Endpoint out;
  sockaddr_in ipv4{};
  if (::inet_pton(AF_INET, address.c_str(), &ipv4.sin_addr) == 1) {
    ipv4.sin_family = AF_INET;
    std::memcpy(&out.address_, &ipv4, sizeof ipv4);
  } else if (::inet_pton(AF_INET6, address.c_str(), &out.address_.sin6_addr) == 1) {
    out.address_.sin6_family = AF_INET6;
  } else {
    return std::nullopt;
  }
  out.set_port(port);
  return out;
}

std::optional<Endpoint> Endpoint::FromSystem(const sockaddr* address, socklen_t size) {
  const std::size_t needed = address->sa_family == AF_INET    ? sizeof(sockaddr_in)
                             : address->sa_family == AF_INET6 ? sizeof(sockaddr_in6)
                                                              : 0;
  if (needed == 0 || size < needed) return std::nullopt;
  Endpoint out;
  std::memcpy(&out.address_, address, needed);
  return out;
}

socklen_t Endpoint::size() const {
  return family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

// Both families have the port at the same place.
static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));

std::uint16_t Endpoint::port() const { return ntohs(address_.sin6_port); }

void Endpoint::set_port(std::uint16_t port) { address_.sin6_port = htons(port); }

std::array<std::uint8_t, 16> Endpoint::Bytes() const {
  std::array<std::uint8_t, 16> out = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (family() == AF_INET6) {
    std::memcpy(out.data(), &address_.sin6_addr, out.size());
  } else {
    const sockaddr_in ipv4 = ToIpv4(address_);
    std::memcpy(out.data() + 12, &ipv4.sin_addr, 4);
  }
  return out;
}

std::string Endpoint::ToText() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family() == AF_INET) {
    const sockaddr_in ipv4 = ToIpv4(address_);
    ::inet_ntop(AF_INET, &ipv4.sin_addr, text.data(), text.size());
    return std::string(text.data()) + ":" + std::to_string(port());
  }
  ::inet_ntop(AF_INET6, &address_.sin6_addr, text.data(), text.size());
  return "[" + std::string(text.data()) + "]:" + std::to_string(port());
}

}  // namespace pairwire::net

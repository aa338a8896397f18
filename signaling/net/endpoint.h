// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Endpoint: an IPv4 or IPv6 address with a port, as the system calls take it.
//
// Not here: names (resolver.h).
#ifndef PAIRWIRE_SIGNALING_NET_ENDPOINT_H_
#define PAIRWIRE_SIGNALING_NET_ENDPOINT_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace pairwire::net {

class Endpoint {
 public:
  // "127.0.0.1" or "::1", without brackets, zone or port; nothing for any other text.
  static std::optional<Endpoint> FromLiteral(const std::string& address, std::uint16_t port);
  // Nothing for a family that is neither IPv4 nor IPv6.
  static std::optional<Endpoint> FromSystem(const sockaddr* address, socklen_t size);

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t size() const;
  int family() const { return address_.sin6_family; }
  std::uint16_t port() const;
  void set_port(std::uint16_t port);
  // IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2).
  std::array<std::uint8_t, 16> Bytes() const;
  // "127.0.0.1:80", "[::1]:80".
  std::string ToText() const;

 private:
  Endpoint() = default;

  // Room for both; of an IPv4 address the beginning is a sockaddr_in.
  sockaddr_in6 address_{};
};

}  // namespace pairwire::net

#endif  // PAIRWIRE_SIGNALING_NET_ENDPOINT_H_

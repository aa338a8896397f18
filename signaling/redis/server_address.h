// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ServerAddress: where one Redis server listens, by name or IP address.
#ifndef PAIRWIRE_SIGNALING_REDIS_SERVER_ADDRESS_H_
#define PAIRWIRE_SIGNALING_REDIS_SERVER_ADDRESS_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pairwire::redis {

struct ServerAddress {
  std::string host;  // a name or an address; an IPv6 address without brackets
  std::uint16_t port = 6379;

  auto operator<=>(const ServerAddress&) const = default;
};

// A port is a number of 1..65535 without a sign or a leading space.
std::optional<std::uint16_t> ParsePort(std::string_view text);

// "host:port", "[::1]:port" where an address has colons.
std::string ToString(const ServerAddress& address);

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_SERVER_ADDRESS_H_

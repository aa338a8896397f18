// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NetworkSnapshot: the addresses of this machine at one moment. It says nothing about routes.
#ifndef PAIRWIRE_PEER_NET_NETWORK_SNAPSHOT_H_
#define PAIRWIRE_PEER_NET_NETWORK_SNAPSHOT_H_

#include <pairwire/result.h>

#include <compare>
#include <cstddef>
#include <string>
#include <vector>

namespace pairwire::net {

struct NetworkAddress {
  std::string interface;  // "eth0"
  std::string address;    // "192.0.2.1", "fd00::1", "fe80::1" without a zone
  // The interface is switched on and has its carrier. IPv4 addresses stay on one that is not.
  bool up = false;

  auto operator<=>(const NetworkAddress&) const = default;
};

// Sorted, without doubles: two machines in the same state compare equal.
using NetworkSnapshot = std::vector<NetworkAddress>;

// More than any host has that is not a router or under attack; the rest is left out.
inline constexpr std::size_t kMaxNetworkAddresses = 512;

// Asks the kernel, for the network namespace of the calling thread; loopback included. IPv6
// addresses count from when they can be used, that is when duplicate address detection (RFC 4862
// section 5.4) has passed: getifaddrs shows them before, so that nothing would change in the list
// when they become usable. Blocks as long as the kernel takes to answer, some ten microseconds.
// kSystem: no socket, or the kernel refuses.
Result<NetworkSnapshot> ReadNetwork();

}  // namespace pairwire::net

#endif  // PAIRWIRE_PEER_NET_NETWORK_SNAPSHOT_H_

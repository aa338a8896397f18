// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/net/own_address.h"

#include <netinet/in.h>
#include <unistd.h>

namespace pairwire::net {

bool IsOwnAddress(const sockaddr_storage& address) {
  sockaddr_storage local = address;
  socklen_t size = 0;
  // Neither a wildcard nor a group is anybody's, though both can be bound.
  if (local.ss_family == AF_INET) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(local);
    const auto value = ntohl(v4.sin_addr.s_addr);
    if (value == INADDR_ANY || value == INADDR_BROADCAST || IN_MULTICAST(value)) return false;
    v4.sin_port = 0;
    size = sizeof(v4);
  } else if (local.ss_family == AF_INET6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(local);
    if (IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr) || IN6_IS_ADDR_MULTICAST(&v6.sin6_addr))
      return false;
    v6.sin6_port = 0;
    size = sizeof(v6);
  } else {
    return false;
  }
  const int fd = socket(local.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool own = bind(fd, reinterpret_cast<const sockaddr*>(&local), size) == 0;
  close(fd);
  return own;
}

}  // namespace pairwire::net

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/local_addresses.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

namespace pairwire::ice {
namespace {

socklen_t SizeOf(const LocalAddress& address) {
  return address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

LocalAddress Copy(const sockaddr* address) {
  LocalAddress copy{};
  copy.ss_family = address->sa_family;
  std::memcpy(&copy, address, SizeOf(copy));
  return copy;
}

// 0 or errno: whether a socket can be bound to it. Asked here, as libnice would try each port of a
// range in vain; also, an IPv6 address that is still being checked for duplicates cannot be bound
// yet.
int TryBind(const LocalAddress& address) {
  const int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), SizeOf(address)) == 0;
  const int error = bound ? 0 : errno;
  close(fd);
  return error;
}

bool OutOfResources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

std::optional<LocalAddress> Parse(const std::string& text) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;  // never a name
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(text.c_str(), nullptr, &hints, &found) != 0) return std::nullopt;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  if (found->ai_family != AF_INET && found->ai_family != AF_INET6) return std::nullopt;
  return Copy(found->ai_addr);
}

bool IsWildcardOrMulticast(const LocalAddress& address) {
  if (address.ss_family == AF_INET) {
    const auto v4 = ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr);
    return v4 == INADDR_ANY || v4 == INADDR_BROADCAST || IN_MULTICAST(v4);
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return IN6_IS_ADDR_UNSPECIFIED(&v6) || IN6_IS_ADDR_MULTICAST(&v6);
}

Result<std::vector<LocalAddress>> Explicit(const std::vector<std::string>& texts) {
  if (texts.size() > kMaxLocalAddresses) {
    return Fail(Errc::kLimitExceeded, "more than 16 bind addresses");
  }
  std::vector<LocalAddress> result;
  for (const std::string& text : texts) {
    const auto address = Parse(text);
    if (!address || IsWildcardOrMulticast(*address)) {
      return Fail(Errc::kInvalidArgument,
                  "bind address '" + text + "' is not the address of a host");
    }
    if (const int error = TryBind(*address); OutOfResources(error)) {
      return Fail(Errc::kSystem, std::string("socket: ") + std::strerror(error));
    } else if (error != 0) {
      return Fail(Errc::kInvalidArgument,
                  "bind address '" + text + "' is not one of this machine's");
    }
    result.push_back(*address);
  }
  return result;
}

bool MatchesAny(const std::vector<std::string>& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return MatchesInterface(pattern, name); });
}

}  // namespace

bool MatchesInterface(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

Result<std::vector<LocalAddress>> LocalAddresses(const std::vector<std::string>& bind_addresses,
                                                 const std::vector<std::string>& interfaces,
                                                 const std::vector<std::string>& excluded) {
  if (!bind_addresses.empty()) return Explicit(bind_addresses);

  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) {
    return Fail(Errc::kSystem, std::string("getifaddrs: ") + std::strerror(errno));
  }
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);

  std::vector<LocalAddress> routable;
  std::vector<LocalAddress> link_local;
  std::vector<LocalAddress> loopback;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
    const auto family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    if (!interfaces.empty() && !MatchesAny(interfaces, entry->ifa_name)) continue;
    if (MatchesAny(excluded, entry->ifa_name)) continue;
    const LocalAddress address = Copy(entry->ifa_addr);
    if (TryBind(address) != 0) continue;
    if ((entry->ifa_flags & IFF_LOOPBACK) != 0) {
      loopback.push_back(address);
    } else if (family == AF_INET6 &&
               IN6_IS_ADDR_LINKLOCAL(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr)) {
      link_local.push_back(address);
    } else {
      routable.push_back(address);
    }
  }
  auto& chosen = !routable.empty() ? routable : !link_local.empty() ? link_local : loopback;
  if (chosen.empty()) return Fail(Errc::kSystem, "this machine has no usable network address");
  if (chosen.size() > kMaxLocalAddresses) chosen.resize(kMaxLocalAddresses);
  return chosen;
}

}  // namespace pairwire::ice

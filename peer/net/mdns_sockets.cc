// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/net/mdns_sockets.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "peer/base/log.h"
#include "peer/net/dns_message.h"

namespace pairwire::net {
namespace {

constexpr std::uint32_t kGroupV4 = 0xe00000fb;  // 224.0.0.251
// ff02::fb
constexpr in6_addr kGroupV6 = {{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfb}}};

// Of one socket in one turn of the loop; the rest is the next one's.
constexpr int kMaxDatagramsPerTurn = 16;

sockaddr_storage GroupAddress(sa_family_t family, unsigned int interface) {
  sockaddr_storage storage{};
  if (family == AF_INET) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(kMdnsPort);
    v4.sin_addr.s_addr = htonl(kGroupV4);
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(kMdnsPort);
    v6.sin6_addr = kGroupV6;
    v6.sin6_scope_id = interface;
  }
  return storage;
}

socklen_t SizeOf(const sockaddr_storage& address) {
  return address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

template <typename T>
bool Set(int fd, int level, int option, const T& value) {
  return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

// Multicast leaves by `interface`, with TTL 255 (RFC 6762 section 11), and is heard on this
// machine.
bool SetSending(int fd, sa_family_t family, unsigned int interface) {
  constexpr int kTtl = 255;
  constexpr int kOn = 1;
  const int index = static_cast<int>(interface);
  if (family == AF_INET6) {
    return Set(fd, IPPROTO_IPV6, IPV6_V6ONLY, kOn) &&
           Set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, index) &&
           Set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, kTtl) &&
           Set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, kTtl) &&
           Set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, kOn);
  }
  ip_mreqn request{};
  request.imr_ifindex = index;
  return Set(fd, IPPROTO_IP, IP_MULTICAST_IF, request) &&
         Set(fd, IPPROTO_IP, IP_MULTICAST_TTL, kTtl) && Set(fd, IPPROTO_IP, IP_TTL, kTtl) &&
         Set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, kOn);
}

// Port 5353 of the group, on this interface alone.
bool JoinGroup(int fd, sa_family_t family, unsigned int interface) {
  constexpr int kOn = 1;
  constexpr int kOff = 0;
  // Either is enough for some other program that shares the port; both suit all.
  if (!Set(fd, SOL_SOCKET, SO_REUSEADDR, kOn) || !Set(fd, SOL_SOCKET, SO_REUSEPORT, kOn)) {
    return false;
  }
  const sockaddr_storage group = GroupAddress(family, interface);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&group), SizeOf(group)) != 0) return false;
  if (family == AF_INET6) {
    ipv6_mreq request{};
    request.ipv6mr_multiaddr = kGroupV6;
    request.ipv6mr_interface = interface;
    return Set(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, request);
  }
  ip_mreqn request{};
  request.imr_multiaddr.s_addr = htonl(kGroupV4);
  request.imr_ifindex = static_cast<int>(interface);
  // Off: only what this socket joined, not what any socket of the machine did.
  return Set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, request) &&
         Set(fd, IPPROTO_IP, IP_MULTICAST_ALL, kOff);
}

}  // namespace

MdnsSockets::MdnsSockets(IoLoop& loop, Kind kind, OnDatagram on_datagram)
    : loop_(loop), kind_(kind), on_datagram_(std::move(on_datagram)) {}

MdnsSockets::~MdnsSockets() { Close(); }

std::vector<MdnsSockets::Interface> MdnsSockets::Interfaces() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
  std::map<std::string, Interface> found;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
    if ((entry->ifa_flags & (IFF_MULTICAST | IFF_LOOPBACK)) == 0) continue;
    const auto family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    Interface& interface = found[entry->ifa_name];
    (family == AF_INET ? interface.v4 : interface.v6) = true;
  }
  std::vector<Interface> interfaces;
  for (auto& [name, interface] : found) {
    interface.index = if_nametoindex(name.c_str());
    if (interface.index != 0) interfaces.push_back(interface);
    if (interfaces.size() == kMaxInterfaces) break;
  }
  return interfaces;
}

std::size_t MdnsSockets::Open() {
  Close();
  for (const Interface& interface : Interfaces()) {
    if (interface.v4) Add(interface.index, AF_INET);
    if (interface.v6) Add(interface.index, AF_INET6);
  }
  return sockets_.size();
}

void MdnsSockets::Add(unsigned int interface, sa_family_t family) {
  const int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  const std::size_t link = sockets_.size();
  FdWatchId watch = 0;
  if (SetSending(fd, family, interface) &&
      (kind_ == Kind::kEphemeral || JoinGroup(fd, family, interface))) {
    watch = loop_.WatchReadable(fd, [this, link] { OnReadable(link); });
  }
  if (watch == 0) {
    if (LogWanted(LogLevel::kDebug)) {
      Log(LogLevel::kDebug, "mdns: no socket on interface " + std::to_string(interface) + ": " +
                                std::strerror(errno));
    }
    close(fd);
    return;
  }
  sockets_.push_back({fd, family, interface, watch});
}

void MdnsSockets::Close() {
  ++opened_;
  for (const Socket& socket : sockets_) {
    loop_.UnwatchFd(socket.watch);
    close(socket.fd);
  }
  sockets_.clear();
}

void MdnsSockets::SendToGroup(ByteSpan bytes) {
  for (std::size_t link = 0; link < sockets_.size(); ++link) SendToGroup(bytes, link);
}

void MdnsSockets::SendToGroup(ByteSpan bytes, std::size_t link) {
  if (link >= sockets_.size()) return;
  SendTo(bytes, GroupAddress(sockets_[link].family, sockets_[link].interface), link);
}

void MdnsSockets::SendTo(ByteSpan bytes, const sockaddr_storage& to, std::size_t link) {
  if (link >= sockets_.size()) return;
  sendto(sockets_[link].fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
         reinterpret_cast<const sockaddr*>(&to), SizeOf(to));
}

void MdnsSockets::OnReadable(std::size_t link) {
  const auto alive = safety_.Watch();
  const std::uint64_t opened = opened_;
  const OnDatagram on_datagram = on_datagram_;          // a copy: the callback may destroy us
  std::array<std::uint8_t, kMaxDnsMessage + 1> buffer;  // one more: too long shows
  for (int i = 0; i < kMaxDatagramsPerTurn; ++i) {
    sockaddr_storage from{};
    socklen_t from_size = sizeof(from);
    const ssize_t got = recvfrom(sockets_[link].fd, buffer.data(), buffer.size(), MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&from), &from_size);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    // An ICMP error of something sent before; reading it took it away.
    if (got < 0) continue;
    on_datagram(ByteSpan(buffer.data(), static_cast<std::size_t>(got)), from, link);
    if (!*alive || opened != opened_) return;
  }
}

}  // namespace pairwire::net

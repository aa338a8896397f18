// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/net/network_monitor.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "peer/base/log.h"

namespace pairwire::net {
namespace {

// What a notice says is not read, only that there was one, so little is kept: when more come than
// fit, the kernel says ENOBUFS, which is as good a notice.
constexpr int kReceiveBuffer = 32 * 1024;
// In one turn of the loop; the rest is the next one's.
constexpr int kMaxNoticesPerTurn = 64;

Result<int> OpenSocket() {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0) return Fail(Errc::kSystem, std::string("rtnetlink: ") + std::strerror(errno));
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof(kReceiveBuffer));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    const std::string reason = std::strerror(errno);
    close(fd);
    return Fail(Errc::kSystem, "rtnetlink: " + reason);
  }
  return fd;
}

}  // namespace

Result<std::unique_ptr<NetworkMonitor>> NetworkMonitor::Create(IoLoop& loop, Events& events) {
  // The socket first: a change between the two is then a notice.
  const auto fd = OpenSocket();
  if (!fd) return tl::unexpected(fd.error());
  auto now = ReadNetwork();
  if (!now) {
    close(*fd);
    return tl::unexpected(now.error());
  }
  std::unique_ptr<NetworkMonitor> monitor(new NetworkMonitor(loop, events, *fd, std::move(*now)));
  if (monitor->watch_ == 0) return Fail(Errc::kSystem, "rtnetlink: the loop cannot watch it");
  return monitor;
}

NetworkMonitor::NetworkMonitor(IoLoop& loop, Events& events, int fd, NetworkSnapshot now)
    : loop_(loop), fd_(fd), filter_(loop, events, &ReadNetwork, std::move(now)) {
  watch_ = loop_.WatchReadable(fd_, [this] { OnReadable(); });
}

NetworkMonitor::~NetworkMonitor() {
  if (watch_ != 0) loop_.UnwatchFd(watch_);
  close(fd_);
}

void NetworkMonitor::OnReadable() {
  bool noticed = false;
  for (int i = 0; i < kMaxNoticesPerTurn; ++i) {
    std::array<char, 16> start;  // the rest of the message is thrown away
    const ssize_t got = recv(fd_, start.data(), start.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (got < 0 && errno == ENOBUFS) Log(LogLevel::kDebug, "net: notices were lost, reading anew");
    noticed = true;
  }
  if (noticed) filter_.Hint();
}

}  // namespace pairwire::net

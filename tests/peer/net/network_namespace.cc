// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/peer/net/network_namespace.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "peer/net/network_snapshot.h"
#include "tests/support/child_process.h"
#include "tests/support/wait.h"

namespace pairwire::test {
namespace {

constexpr char kThisThread[] = "/proc/thread-self/ns/net";

// Of iproute2; Debian has it where an ordinary user's PATH does not lead.
constexpr char kIp[] = "/usr/sbin/ip";

}  // namespace

NetworkNamespace::NetworkNamespace() {
  if (!std::filesystem::exists(kIp)) return;
  const int before = open(kThisThread, O_RDONLY | O_CLOEXEC);
  if (before < 0) return;
  if (unshare(CLONE_NEWNET) == 0) {
    fd_ = open(kThisThread, O_RDONLY | O_CLOEXEC);
    Command({"ip", "link", "set", "lo", "up"});
    EXPECT_EQ(setns(before, CLONE_NEWNET), 0);
  }
  close(before);
}

NetworkNamespace::~NetworkNamespace() {
  if (fd_ >= 0) close(fd_);
}

std::string NetworkNamespace::path() const {
  return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd_);
}

InNetwork::InNetwork(const NetworkNamespace& network)
    : before_(open(kThisThread, O_RDONLY | O_CLOEXEC)) {
  EXPECT_EQ(setns(network.fd(), CLONE_NEWNET), 0);
}

InNetwork::~InNetwork() {
  EXPECT_EQ(setns(before_, CLONE_NEWNET), 0);
  close(before_);
}

void Command(std::vector<std::string> arguments) {
  if (arguments.at(0) == "ip") arguments[0] = kIp;
  std::string line;
  for (const std::string& argument : arguments) line += argument + " ";
  ChildProcess child(std::move(arguments));
  EXPECT_EQ(child.WaitForExit(), 0) << line << child.errors();
}

void WaitUntilUp(const std::string& interface, const std::string& address) {
  const int notices = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  sockaddr_nl local{};
  local.nl_family = AF_NETLINK;
  local.nl_groups = RTMGRP_LINK;
  ASSERT_EQ(bind(notices, reinterpret_cast<const sockaddr*>(&local), sizeof(local)), 0);
  const net::NetworkAddress wanted{interface, address, true};
  while (true) {
    const auto network = net::ReadNetwork();
    ASSERT_TRUE(network.has_value());
    if (std::find(network->begin(), network->end(), wanted) != network->end()) break;
    pollfd ready{notices, POLLIN, 0};
    ASSERT_EQ(poll(&ready, 1, static_cast<int>(kDeadline.count()) * 1000), 1)
        << interface << " has no carrier";
    std::array<char, 16> rest_is_thrown_away;
    recv(notices, rest_is_thrown_away.data(), rest_is_thrown_away.size(), 0);
  }
  close(notices);
}

void Join(const NetworkNamespace& a, const NetworkNamespace& b) {
  {
    const InNetwork inside(a);
    Command({"ip", "link", "add", "veth-a", "type", "veth", "peer", "name", "veth-b", "netns",
             b.path()});
    Command({"ip", "address", "add", "192.0.2.1/24", "dev", "veth-a"});
    Command({"ip", "address", "add", "fd00::1/64", "dev", "veth-a", "nodad"});
    Command({"ip", "link", "set", "veth-a", "addrgenmode", "none"});
  }
  {
    const InNetwork inside(b);
    Command({"ip", "address", "add", "192.0.2.2/24", "dev", "veth-b"});
    Command({"ip", "address", "add", "fd00::2/64", "dev", "veth-b", "nodad"});
    Command({"ip", "link", "set", "veth-b", "addrgenmode", "none", "up"});
  }
  {
    const InNetwork inside(a);
    Command({"ip", "link", "set", "veth-a", "up"});
    WaitUntilUp("veth-a", "192.0.2.1");
  }
  const InNetwork inside(b);
  WaitUntilUp("veth-b", "192.0.2.2");
}

}  // namespace pairwire::test

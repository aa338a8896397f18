// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The split of one port between two real sockets, as the running kernel does it.
#include "peer/udp/port_split.h"

#include <gtest/gtest.h>
#include <netinet/ip.h>

#include <utility>
#include <vector>

#include "tests/peer/udp/raw_socket.h"
#include "tests/support/fd_count.h"

namespace pairwire::udp {
namespace {

constexpr std::chrono::milliseconds kAtOnce{0};

// Loopback delivers before send returns: what is not there now does not come.
std::vector<Bytes> Drain(int fd) {
  std::vector<Bytes> all;
  while (true) {
    Bytes bytes(2048);
    const ssize_t size = recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0) return all;
    bytes.resize(static_cast<std::size_t>(size));
    all.push_back(std::move(bytes));
  }
}

class PortSplitTest : public ::testing::TestWithParam<bool> {};

INSTANTIATE_TEST_SUITE_P(Families, PortSplitTest, ::testing::Bool(),
                         [](const auto& family) { return family.param ? "Ipv6" : "Ipv4"; });

TEST_P(PortSplitTest, EachFirstByteReachesItsSocketWhicheverPortItComesFrom) {
  RawSocket first(GetParam());
  ASSERT_TRUE(ShareUdpPort(first.fd()));
  const auto twin = OpenTwin(first.fd());
  ASSERT_TRUE(twin);
  for (unsigned byte = 0; byte < 256; ++byte) {
    // Several senders: the kernel's default is to choose by a hash of both addresses.
    for (int sender = 0; sender < 4; ++sender) {
      const RawSocket other(GetParam());
      ASSERT_TRUE(other.SendTo(first.address(), Bytes(20, static_cast<std::uint8_t>(byte))));
    }
    const bool for_twin = IsForTwin(static_cast<std::uint8_t>(byte));
    EXPECT_EQ(Drain(*twin).size(), for_twin ? 4U : 0U) << byte;
    EXPECT_EQ(Drain(first.fd()).size(), for_twin ? 0U : 4U) << byte;
  }
  const RawSocket other(GetParam());
  ASSERT_TRUE(other.SendTo(first.address(), {}));
  EXPECT_EQ(Drain(first.fd()).size(), 1U);
  close(*twin);
}

TEST_P(PortSplitTest, WithoutATwinTheFirstSocketGetsEverythingAndTheNextTwinSplitsAgain) {
  RawSocket first(GetParam());
  ASSERT_TRUE(ShareUdpPort(first.fd()));
  const auto send_both = [&] {
    for (int sender = 0; sender < 8; ++sender) {
      const RawSocket other(GetParam());
      ASSERT_TRUE(other.SendTo(first.address(), Bytes(20, 1)));
      ASSERT_TRUE(other.SendTo(first.address(), Bytes(20, 22)));
    }
  };
  for (int round = 0; round < 3; ++round) {
    send_both();
    EXPECT_EQ(Drain(first.fd()).size(), 16U);
    const auto twin = OpenTwin(first.fd());
    ASSERT_TRUE(twin);
    send_both();
    EXPECT_EQ(Drain(first.fd()), std::vector<Bytes>(8, Bytes(20, 1)));
    EXPECT_EQ(Drain(*twin), std::vector<Bytes>(8, Bytes(20, 22)));
    close(*twin);
  }
}

TEST_P(PortSplitTest, TheTwinSendsFromThePortAndAsTheFirstDoes) {
  RawSocket first(GetParam());
  const int level = GetParam() ? IPPROTO_IPV6 : IPPROTO_IP;
  const int option = GetParam() ? IPV6_TCLASS : IP_TOS;
  const int expedited = 0xb8;
  ASSERT_EQ(setsockopt(first.fd(), level, option, &expedited, sizeof(expedited)), 0);
  ASSERT_TRUE(ShareUdpPort(first.fd()));
  const auto twin = OpenTwin(first.fd());
  ASSERT_TRUE(twin);
  int tos = 0;
  socklen_t size = sizeof(tos);
  ASSERT_EQ(getsockopt(*twin, level, option, &tos, &size), 0);
  EXPECT_EQ(tos, expedited);
  EXPECT_TRUE(SocketAddress::OfSocket(*twin) == first.address());
  close(*twin);
}

TEST(PortSplit, RefusesWhatIsNoBoundUdpSocketAndKeepsNoDescriptor) {
  const auto before = test::OpenFdCount();
  const int unbound = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  EXPECT_FALSE(ShareUdpPort(unbound));
  EXPECT_FALSE(OpenTwin(unbound));
  close(unbound);
  EXPECT_FALSE(ShareUdpPort(-1));
  {
    // Not shared: the port is taken.
    RawSocket first;
    EXPECT_FALSE(OpenTwin(first.fd()));
    // Such a socket goes on as it was.
    RawSocket other;
    ASSERT_TRUE(other.SendTo(first.address(), Bytes(20, 22)));
    EXPECT_TRUE(first.Receive(kAtOnce));
  }
  EXPECT_EQ(test::OpenFdCount(), before);
}

}  // namespace
}  // namespace pairwire::udp

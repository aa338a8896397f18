// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A closed gate keeps datagrams from going and from coming, whatever call they are for; streams
// pass. This program has the gate's calls in place of the system's.
#include "tests/faults/datagram_gate.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

namespace pairwire::faults {
namespace {

struct Pair {
  explicit Pair(int type) {
    EXPECT_EQ(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, fds.data()), 0);
  }
  ~Pair() {
    for (const int fd : fds) close(fd);
  }
  std::array<int, 2> fds{-1, -1};
};

struct Gate {
  Gate() { CloseDatagramGate(std::chrono::hours(1)); }
  ~Gate() { OpenDatagramGate(); }
};

constexpr std::size_t kSize = 5;
std::array<char, kSize> buffer = {'h', 'e', 'l', 'l', 'o'};

msghdr Message(iovec& part) {
  part = {buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return message;
}

// Each call with one message of kSize bytes; true: it says that it went, or came.
using Call = std::function<bool(int fd)>;

const std::vector<Call> kSends = {
    [](int fd) { return send(fd, buffer.data(), kSize, 0) == kSize; },
    [](int fd) { return sendto(fd, buffer.data(), kSize, 0, nullptr, 0) == kSize; },
    [](int fd) {
      iovec part{};
      const msghdr message = Message(part);
      return sendmsg(fd, &message, 0) == kSize;
    },
    [](int fd) {
      iovec part{};
      mmsghdr message{Message(part), 0};
      return sendmmsg(fd, &message, 1, 0) == 1 && message.msg_len == kSize;
    },
};

const std::vector<Call> kReceives = {
    [](int fd) { return recv(fd, buffer.data(), kSize, 0) == kSize; },
    [](int fd) { return recvfrom(fd, buffer.data(), kSize, 0, nullptr, nullptr) == kSize; },
    [](int fd) {
      iovec part{};
      msghdr message = Message(part);
      return recvmsg(fd, &message, 0) == kSize;
    },
    [](int fd) {
      iovec part{};
      mmsghdr message{Message(part), 0};
      return recvmmsg(fd, &message, 1, 0, nullptr) == 1;
    },
};

TEST(DatagramGate, NothingGoesOut) {
  const Pair pair(SOCK_DGRAM);
  for (const Call& send_it : kSends) {
    {
      const Gate closed;
      EXPECT_TRUE(DatagramGateIsClosed());
      EXPECT_TRUE(send_it(pair.fds[0])) << "as it is on a path that loses it";
    }
    EXPECT_FALSE(kReceives[0](pair.fds[1]));
    EXPECT_TRUE(send_it(pair.fds[0]));
    EXPECT_TRUE(kReceives[0](pair.fds[1]));
  }
}

TEST(DatagramGate, NothingComesIn) {
  const Pair pair(SOCK_DGRAM);
  for (const Call& receive : kReceives) {
    ASSERT_TRUE(kSends[0](pair.fds[0]));
    ASSERT_TRUE(kSends[0](pair.fds[0]));
    {
      const Gate closed;
      EXPECT_FALSE(receive(pair.fds[1]));
      EXPECT_EQ(errno, EAGAIN);
    }
    EXPECT_FALSE(receive(pair.fds[1])) << "it is lost, not late";
    ASSERT_TRUE(kSends[0](pair.fds[0]));
    EXPECT_TRUE(receive(pair.fds[1]));
  }
}

TEST(DatagramGate, StreamsPass) {
  const Pair pair(SOCK_STREAM);
  const Gate closed;
  EXPECT_TRUE(kSends[0](pair.fds[0]));
  EXPECT_TRUE(kReceives[0](pair.fds[1]));
}

TEST(DatagramGate, OpensByItself) {
  CloseDatagramGate(std::chrono::milliseconds(1));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (DatagramGateIsClosed()) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
}

}  // namespace
}  // namespace pairwire::faults

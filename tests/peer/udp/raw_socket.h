// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RawSocket: a plain UDP socket on loopback, as the other end of what is tested, or as the first
// socket of a port.
#ifndef PAIRWIRE_TESTS_PEER_UDP_RAW_SOCKET_H_
#define PAIRWIRE_TESTS_PEER_UDP_RAW_SOCKET_H_

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pairwire/bytes.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <optional>

#include "peer/udp/socket_address.h"

namespace pairwire::udp {

class RawSocket {
 public:
  explicit RawSocket(bool v6 = false)
      : fd_(socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    EXPECT_GE(fd_, 0);
    if (v6) {
      sockaddr_in6 address{};
      address.sin6_family = AF_INET6;
      address.sin6_addr = in6addr_loopback;
      EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    } else {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    }
    const int size = 4 * 1024 * 1024;
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
  }
  ~RawSocket() { close(fd_); }

  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  int fd() const { return fd_; }
  SocketAddress address() const { return SocketAddress::OfSocket(fd_).value(); }

  bool SendTo(const SocketAddress& to, ByteSpan bytes) const {
    return sendto(fd_, bytes.data(), bytes.size(), 0, to.data(), to.size()) ==
           static_cast<ssize_t>(bytes.size());
  }

  // As one super-packet, if `segment` is not 0.
  bool SendGlued(const SocketAddress& to, ByteSpan bytes, int segment) const {
    EXPECT_EQ(setsockopt(fd_, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
    const bool sent = SendTo(to, bytes);
    const int off = 0;
    setsockopt(fd_, IPPROTO_UDP, UDP_SEGMENT, &off, sizeof(off));
    return sent;
  }

  // The next datagram; nullopt when none comes in time.
  std::optional<Bytes> Receive(std::chrono::milliseconds limit = std::chrono::seconds(10)) const {
    pollfd waiting{fd_, POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(limit.count())) != 1) return std::nullopt;
    Bytes bytes(65'536);
    const ssize_t size = recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(size));
    return bytes;
  }

 private:
  const int fd_;
};

}  // namespace pairwire::udp

#endif  // PAIRWIRE_TESTS_PEER_UDP_RAW_SOCKET_H_

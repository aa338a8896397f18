// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PortSender: a socket on any port (0), or on one that its owner shares: it then sends as that
// port's owner and hears nothing.
#ifndef PAIRWIRE_TESTS_PEER_ICE_PORT_SENDER_H_
#define PAIRWIRE_TESTS_PEER_ICE_PORT_SENDER_H_

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pairwire/bytes.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>

namespace pairwire::ice {

class PortSender {
 public:
  PortSender(const std::string& address, int port)
      : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    setsockopt(fd_, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    const sockaddr_in bound = Address(address, port);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&bound), sizeof(bound)), 0);
  }
  ~PortSender() { close(fd_); }

  PortSender(const PortSender&) = delete;
  PortSender& operator=(const PortSender&) = delete;

  // In one super-packet if `segment` is not 0.
  void Send(const Bytes& bytes, int port, int segment = 0) const {
    setsockopt(fd_, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
    const sockaddr_in to = Address("127.0.0.1", port);
    EXPECT_EQ(sendto(fd_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                     sizeof(to)),
              static_cast<ssize_t>(bytes.size()));
  }

 private:
  static sockaddr_in Address(const std::string& text, int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    inet_pton(AF_INET, text.c_str(), &address.sin_addr);
    return address;
  }

  const int fd_;
};

}  // namespace pairwire::ice

#endif  // PAIRWIRE_TESTS_PEER_ICE_PORT_SENDER_H_

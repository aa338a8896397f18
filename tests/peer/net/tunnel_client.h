// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A plain TCP client of a tunnel, and the tunnel on a loop of its own: what the tunnel's tests use.
#ifndef PAIRWIRE_TESTS_PEER_NET_TUNNEL_CLIENT_H_
#define PAIRWIRE_TESTS_PEER_NET_TUNNEL_CLIENT_H_

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "peer/base/asio_loop.h"
#include "peer/base/run_and_wait.h"
#include "peer/net/tls_tunnel.h"

namespace pairwire::test {

// Blocking, with a deadline that only a hang reaches.
class TunnelClient {
 public:
  explicit TunnelClient(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    constexpr timeval kHang{30, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kHang, sizeof(kHang));
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &kHang, sizeof(kHang));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  ~TunnelClient() { Close(); }
  TunnelClient(const TunnelClient&) = delete;
  TunnelClient& operator=(const TunnelClient&) = delete;

  int fd() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }
  bool Send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // What came until there are `size` bytes, or the end.
  std::string Receive(std::size_t size) {
    std::string text(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      const ssize_t got = recv(fd_, text.data() + have, size - have, 0);
      if (got <= 0) break;
      have += static_cast<std::size_t>(got);
    }
    text.resize(have);
    return text;
  }
  // Throws away what comes. False when the deadline passes before the other end closes.
  bool WaitForEnd() {
    ssize_t got = 1;
    char byte = 0;
    while (got > 0) got = recv(fd_, &byte, 1, 0);
    return got == 0 || errno == ECONNRESET;
  }

 private:
  int fd_;
};

class TunnelOnLoop {
 public:
  explicit TunnelOnLoop(net::TlsTunnel::Options options) {
    EXPECT_TRUE(loop_.Start().has_value());
    OnLoop([&] {
      auto tunnel = net::TlsTunnel::Create(loop_, std::move(options));
      ASSERT_TRUE(tunnel.has_value()) << ToString(tunnel.error());
      tunnel_ = std::move(*tunnel);
      port_ = tunnel_->port();
    });
  }
  ~TunnelOnLoop() { Destroy(); }

  void OnLoop(Task task) { ASSERT_TRUE(RunAndWait(loop_, std::move(task))); }
  void Destroy() {
    OnLoop([this] { tunnel_.reset(); });
  }
  std::uint16_t port() const { return port_; }
  std::string last_error() {
    std::string error;
    OnLoop([&] { error = tunnel_->last_error(); });
    return error;
  }
  std::size_t connections() {
    std::size_t count = 0;
    OnLoop([&] { count = tunnel_->connections(); });
    return count;
  }

 private:
  AsioLoop loop_{"tunnel"};
  std::unique_ptr<net::TlsTunnel> tunnel_;
  std::uint16_t port_ = 0;
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_PEER_NET_TUNNEL_CLIENT_H_

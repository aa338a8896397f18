// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NarrowPath: two UDP sockets of 127.0.0.1 between two peers, which know only them of one another.
// What goes through may be limited to small datagrams, or to none; STUN always passes, so that ICE
// sees a path that lives. One thread. IPv4 only, one address at each end.
#ifndef PAIRWIRE_TESTS_PEER_CONNECTION_NARROW_PATH_H_
#define PAIRWIRE_TESTS_PEER_CONNECTION_NARROW_PATH_H_

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <pairwire/ice_candidate.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace pairwire::test {

class NarrowPath {
 public:
  NarrowPath() {
    for (Side& side : sides_) {
      side.socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      sockaddr_in address = Loopback(0);
      EXPECT_EQ(::bind(side.socket, AsSockaddr(address), sizeof address), 0);
      socklen_t size = sizeof address;
      EXPECT_EQ(::getsockname(side.socket, AsSockaddr(address), &size), 0);
      side.port = ntohs(address.sin_port);
    }
    thread_ = std::thread([this] { Run(); });
  }
  ~NarrowPath() {
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(stop_, &one, sizeof one), static_cast<ssize_t>(sizeof one));
    thread_.join();
    for (const Side& side : sides_) ::close(side.socket);
    ::close(stop_);
  }
  NarrowPath(const NarrowPath&) = delete;
  NarrowPath& operator=(const NarrowPath&) = delete;

  // Datagrams of DTLS above it are lost, either way. 0: all; the default: none.
  void SetLargest(std::size_t bytes) { largest_ = bytes; }
  std::size_t lost() const { return lost_; }

  // The candidate of end `index` (0 or 1) as the other end is to see it: at our socket. Empty for
  // one that is none of UDP over IPv4 on 127.0.0.1, and for the second one of an end.
  std::optional<IceCandidate> Replace(std::size_t index, const IceCandidate& candidate) {
    if (candidate.candidate.empty()) return candidate;
    std::istringstream words(candidate.candidate);
    std::vector<std::string> fields;
    for (std::string word; words >> word;) fields.push_back(word);
    // RFC 8839 section 5.1: foundation, component, transport, priority, address, port.
    if (fields.size() < 6 || fields[4] != "127.0.0.1") return std::nullopt;
    std::uint16_t none = 0;
    const auto port = static_cast<std::uint16_t>(std::stoi(fields[5]));
    if (!sides_[index].peer_port.compare_exchange_strong(none, port)) return std::nullopt;
    fields[5] = std::to_string(sides_[index].port);
    IceCandidate seen = candidate;
    seen.candidate.clear();
    for (const std::string& field : fields) {
      seen.candidate += (seen.candidate.empty() ? "" : " ") + field;
    }
    return seen;
  }

 private:
  struct Side {
    int socket = -1;
    std::uint16_t port = 0;                   // the other end sends here what is for this end
    std::atomic<std::uint16_t> peer_port{0};  // where this end really is
  };

  static sockaddr* AsSockaddr(sockaddr_in& address) {
    return reinterpret_cast<sockaddr*>(&address);
  }
  static sockaddr_in Loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  void Run() {
    std::array<pollfd, 3> ready{pollfd{sides_[0].socket, POLLIN, 0},
                                pollfd{sides_[1].socket, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
    while (::poll(ready.data(), ready.size(), -1) > 0 && ready[2].revents == 0) {
      for (std::size_t index = 0; index < 2; ++index) {
        if (ready[index].revents != 0) Forward(sides_[index], sides_[1 - index]);
      }
    }
  }

  // What came for `to` leaves by the socket that stands for its sender, `from`.
  void Forward(const Side& to, const Side& from) {
    std::array<std::uint8_t, 65'536> buffer;
    const ssize_t size = ::recv(to.socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size <= 0 || to.peer_port == 0) return;
    const bool is_stun = buffer[0] < 20;  // RFC 7983
    if (!is_stun && static_cast<std::size_t>(size) > largest_) {
      ++lost_;
      return;
    }
    sockaddr_in address = Loopback(to.peer_port);
    static_cast<void>(::sendto(from.socket, buffer.data(), static_cast<std::size_t>(size), 0,
                               AsSockaddr(address), sizeof address));
  }

  std::array<Side, 2> sides_;
  const int stop_ = ::eventfd(0, EFD_CLOEXEC);
  std::atomic<std::size_t> largest_{65'536};
  std::atomic<std::size_t> lost_{0};
  std::thread thread_;
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_PEER_CONNECTION_NARROW_PATH_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SocketAddress: an IPv4 or IPv6 address with a port, in the form in which the kernel takes and
// gives it. A value of 28 bytes; no text, no names.
#ifndef PAIRWIRE_PEER_UDP_SOCKET_ADDRESS_H_
#define PAIRWIRE_PEER_UDP_SOCKET_ADDRESS_H_

#include <netinet/in.h>
#include <pairwire/bytes.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>

namespace pairwire::udp {

class SocketAddress {
 public:
  // No address; equal to no other.
  SocketAddress() = default;

  // nullopt: another family, or fewer bytes than the family has.
  static std::optional<SocketAddress> From(const sockaddr* address, socklen_t size);
  // What `fd` is bound to; nullopt: no internet socket.
  static std::optional<SocketAddress> OfSocket(int fd);

  bool known() const { return storage_.any.sa_family != AF_UNSPEC; }
  bool v6() const { return storage_.any.sa_family == AF_INET6; }
  std::uint16_t port() const;
  // A link-local address without a scope takes the one of `local`; nothing can be sent there
  // without.
  void TakeScope(const SocketAddress& local);
  // 4 or 16 bytes, in network order.
  ByteSpan ip() const;

  const sockaddr* data() const { return &storage_.any; }
  socklen_t size() const { return v6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in); }

  // Family, address and port; the scope of link-local addresses where both name one.
  bool operator==(const SocketAddress& other) const;

 private:
  union Storage {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  };

  Storage storage_{.v6 = {}};
};

}  // namespace pairwire::udp

#endif  // PAIRWIRE_PEER_UDP_SOCKET_ADDRESS_H_

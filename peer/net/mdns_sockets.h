// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// MdnsSockets: one multicast socket for each interface and address family, on the loop (RFC 6762
// section 3). It moves datagrams and knows nothing of what is in them.
//
// Sockets for port 5353 are bound to the group's address, not to the wildcard. Several programs on
// a machine share that port (avahi, browsers), each gets a copy of what is sent to the group, but
// the kernel hands a unicast datagram to only one of those that are bound to the wildcard: we would
// take away their answers.
#ifndef PAIRWIRE_PEER_NET_MDNS_SOCKETS_H_
#define PAIRWIRE_PEER_NET_MDNS_SOCKETS_H_

#include <pairwire/bytes.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "peer/base/io_loop.h"
#include "peer/base/task_safety.h"

namespace pairwire::net {

inline constexpr std::uint16_t kMdnsPort = 5353;

// Loop thread only.
class MdnsSockets {
 public:
  // kGroup: port 5353, hears what is sent to the group. kEphemeral: any port, hears what is sent to
  // it alone; whoever is asked from it answers there (RFC 6762 section 6.7).
  enum class Kind { kGroup, kEphemeral };
  // `link` numbers the socket, for SendTo. May call every method and destroy the sockets.
  using OnDatagram =
      std::function<void(ByteSpan bytes, const sockaddr_storage& from, std::size_t link)>;

  // Interfaces beyond these are left out.
  static constexpr std::size_t kMaxInterfaces = 16;

  MdnsSockets(IoLoop& loop, Kind kind, OnDatagram on_datagram);
  ~MdnsSockets();
  MdnsSockets(const MdnsSockets&) = delete;
  MdnsSockets& operator=(const MdnsSockets&) = delete;

  // A socket for every interface that is up and knows multicast, and for loopback, so that two
  // programs on one machine find each other without a network. Returns how many there are; what
  // fails is left out. Sockets that were open are closed first.
  std::size_t Open();
  void Close();
  std::size_t size() const { return sockets_.size(); }

  // To 224.0.0.251 or ff02::fb, from each socket. What the system does not take is lost, as on the
  // wire.
  void SendToGroup(ByteSpan bytes);
  void SendToGroup(ByteSpan bytes, std::size_t link);
  void SendTo(ByteSpan bytes, const sockaddr_storage& to, std::size_t link);

 private:
  struct Interface {
    unsigned int index = 0;
    bool v4 = false;
    bool v6 = false;
  };
  struct Socket {
    int fd = -1;
    sa_family_t family = AF_UNSPEC;
    unsigned int interface = 0;
    FdWatchId watch = 0;
  };

  static std::vector<Interface> Interfaces();
  void Add(unsigned int interface, sa_family_t family);
  void OnReadable(std::size_t link);

  IoLoop& loop_;
  const Kind kind_;
  const OnDatagram on_datagram_;
  std::vector<Socket> sockets_;
  std::uint64_t opened_ = 0;  // counts Open and Close: links of before mean nothing any more
  TaskSafety safety_;
};

}  // namespace pairwire::net

#endif  // PAIRWIRE_PEER_NET_MDNS_SOCKETS_H_

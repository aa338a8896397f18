// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ReadBuffers: the memory that one loop's sockets read into, one after the other: a read is over
// before the next one begins, so a peer needs none of its own. One call of the system gives up to
// 16 super-packets (UDP_GRO: consecutive datagrams of equal size from one sender, glued together by
// the sending or the receiving kernel), or 64 plain datagrams. Loop thread only.
#ifndef PAIRWIRE_PEER_UDP_READ_BUFFERS_H_
#define PAIRWIRE_PEER_UDP_READ_BUFFERS_H_

#include <pairwire/bytes.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "peer/udp/socket_address.h"

namespace pairwire::udp {

class ReadBuffers {
 public:
  // Touched only as far as traffic fills it.
  static constexpr std::size_t kBytes = 1024 * 1024;
  static constexpr std::size_t kSuperPackets = 16;
  // 16 KiB each: more than a DTLS record (RFC 6347 section 4.1) of the size that SCTP makes.
  static constexpr std::size_t kPlainPackets = 64;

  // One super-packet, or one datagram.
  struct Received {
    ByteSpan bytes;
    // Of each datagram in it; the last one may be shorter. At least 1.
    std::size_t segment;
    SocketAddress from;
    bool truncated;
  };

  ReadBuffers();
  ~ReadBuffers();

  ReadBuffers(const ReadBuffers&) = delete;
  ReadBuffers& operator=(const ReadBuffers&) = delete;

  // Reads what is there, without waiting. `glued`: the socket has UDP_GRO on. The result is good
  // until the next Read; empty: nothing, or an error.
  std::span<const Received> Read(int fd, bool glued);

 private:
  struct Slot;

  std::unique_ptr<std::uint8_t[]> memory_;  // made with the first read
  std::vector<Slot> slots_;
  std::vector<mmsghdr> headers_;
  std::vector<Received> received_;
};

}  // namespace pairwire::udp

#endif  // PAIRWIRE_PEER_UDP_READ_BUFFERS_H_

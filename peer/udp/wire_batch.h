// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// WireBatch: the datagrams that one loop's sockets want to send, gathered in one buffer and given
// to the kernel in few calls. Datagrams of equal size to one address form a group, which the kernel
// takes as one super-packet (UDP_SEGMENT) and cuts as late as it can: a tenth of the cost. A
// shorter datagram ends its group, a longer one begins the next, and so does another socket's: what
// one socket sends should come in one run (interleaved one by one, each is a call of its own).
// Neighbouring groups of one socket leave in one sendmmsg.
//
// It flushes when two groups' worth of bytes wait, so that the other end has work while this one
// goes on, and when the loop's turn ends, so that nothing waits longer than what else is ready.
//
// A socket whose kernel or route cannot do this falls back by itself, for good: to the same
// datagrams without UDP_SEGMENT (EIO where a route has no checksum offload, EINVAL), and to one
// call for each message (ENOSYS).
//
// What does not fit into a socket's send buffer is dropped and counted, like what a full router
// drops: that buffer (1 MiB) is a queue already, and a second one behind it would only add delay
// and hide from SCTP that the path is full.
//
// A datagram that is larger than what the path is known to carry (EMSGSIZE) leaves in fragments,
// and its socket is told: fragments arrive, but are more easily lost. Loop thread only.
#ifndef PAIRWIRE_PEER_UDP_WIRE_BATCH_H_
#define PAIRWIRE_PEER_UDP_WIRE_BATCH_H_

#include <pairwire/bytes.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "peer/base/loop.h"
#include "peer/base/task_safety.h"
#include "peer/udp/socket_address.h"

namespace pairwire::udp {

struct SendCounters {
  std::uint64_t packets = 0;  // given to the kernel
  std::uint64_t bytes = 0;
  std::uint64_t calls = 0;      // of the system
  std::uint64_t full = 0;       // datagrams that found the send buffer full
  std::uint64_t failed = 0;     // datagrams that met another error
  std::uint64_t too_large = 0;  // datagrams sent in fragments
};

// One socket of a batch. Outlives what it appended: Forget.
struct WireSocket {
  int fd = -1;
  bool segments = true;  // UDP_SEGMENT
  bool many = true;      // sendmmsg
  SendCounters counters = {};
  // Called from inside Append and Flush, which must not be entered again: post. An errno and, for
  // EMSGSIZE, the size that was too large. Never for a full buffer.
  std::function<void(int error, std::size_t size)> on_trouble = {};
};

// The kernel's part; tests hand in one that refuses.
struct SendCalls {
  std::function<int(int fd, mmsghdr* messages, unsigned count, int flags)> send_many = ::sendmmsg;
  std::function<ssize_t(int fd, const msghdr* message, int flags)> send_one = ::sendmsg;
};

class WireBatch {
 public:
  // Of one group: the kernel's own bounds are 64 (128 since 6.9) and 65,507.
  static constexpr std::size_t kMaxGroupPackets = 64;
  static constexpr std::size_t kMaxGroupBytes = 65'000;
  // Of all: the buffer exists once a loop.
  static constexpr std::size_t kMaxBytes = 2 * kMaxGroupBytes;
  static constexpr std::size_t kMaxGroups = 64;

  // `loop` outlives it.
  explicit WireBatch(Loop& loop, SendCalls calls = {});

  WireBatch(const WireBatch&) = delete;
  WireBatch& operator=(const WireBatch&) = delete;

  // Copies `datagram`; it leaves when this turn of the loop ends, or before. Order is kept within
  // a socket. False: empty, or more than kMaxGroupBytes.
  bool Append(WireSocket& socket, const SocketAddress& to, ByteSpan datagram);

  void Flush();

  // Sends what `socket` has waiting; nothing here refers to it afterwards.
  void Forget(const WireSocket& socket);

 private:
  // Datagrams of `segment` bytes, the last one perhaps shorter, one behind the other in buffer_.
  struct Group {
    WireSocket* socket;
    SocketAddress to;
    std::size_t offset;
    std::size_t bytes;
    std::size_t segment;
    std::size_t packets;
  };
  // What the kernel is given for one group.
  struct Message;

  bool Joins(const Group& group, const WireSocket& socket, const SocketAddress& to,
             std::size_t size) const;
  static bool IsSuperPacket(const Group& group);
  void SendRun(std::span<const Group> run);
  std::size_t PushGroups(std::span<const Group> groups, int& error);
  int PushApart(const Group& group);
  std::size_t Push(WireSocket& socket, std::span<mmsghdr> messages, int& error);
  bool PushInFragments(WireSocket& socket, mmsghdr& message, bool v6);
  static void Drop(WireSocket& socket, std::size_t packets, int error);

  Loop& loop_;
  const SendCalls calls_;
  std::unique_ptr<std::uint8_t[]> buffer_;  // made with the first datagram
  std::size_t used_ = 0;
  std::vector<Group> groups_;
  bool flush_posted_ = false;
  bool flushing_ = false;
  TaskSafety safety_;
};

}  // namespace pairwire::udp

#endif  // PAIRWIRE_PEER_UDP_WIRE_BATCH_H_

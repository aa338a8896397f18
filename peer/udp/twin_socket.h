// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TwinSocket: the second socket on another one's UDP port (port_split.h), which moves the DTLS, RTP
// and RTCP of that port in bulk: what one read gives goes up as one batch, what one turn of the
// loop sends goes down in few calls. The first socket and its owner (an ICE agent) are not touched
// and not known.
//
// It decides nothing: whom to send to and whose datagrams to take is its owner's business, as is
// what to do with datagrams that are neither DTLS nor RTP. Such come here glued to the end of a
// super-packet, of which the kernel's split sees the first byte only. Loop thread only.
#ifndef PAIRWIRE_PEER_UDP_TWIN_SOCKET_H_
#define PAIRWIRE_PEER_UDP_TWIN_SOCKET_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "peer/base/io_loop.h"
#include "peer/base/task_safety.h"
#include "peer/udp/read_buffers.h"
#include "peer/udp/socket_address.h"
#include "peer/udp/wire_batch.h"

namespace pairwire::udp {

// What the twin sockets of one loop share: 1.1 MiB, of which idle loops touch nothing.
struct LoopBuffers {
  // `loop` outlives it.
  explicit LoopBuffers(Loop& loop, SendCalls calls = {}) : wire(loop, std::move(calls)) {}

  ReadBuffers read;
  WireBatch wire;
  std::vector<ByteSpan> batch;  // of the read under way
};

struct TwinOptions {
  // Without them: as on a kernel that has none. For comparisons and tests.
  bool segments = true;   // UDP_SEGMENT, sending
  bool glued = true;      // UDP_GRO, receiving
  bool send_many = true;  // sendmmsg
};

struct ReceiveCounters {
  std::uint64_t packets = 0;  // datagrams handed up
  std::uint64_t bytes = 0;
  std::uint64_t reads = 0;      // calls of the system that gave something
  std::uint64_t refused = 0;    // super-packets or datagrams from addresses that the owner refused
  std::uint64_t truncated = 0;  // the same, larger than their place
  std::uint64_t strays = 0;     // datagrams that the split would have given to the first socket
};

class TwinSocket {
 public:
  // Called from the loop's own frame; the owner may call back and may destroy the socket, but not
  // in OnTwinSource.
  class Events {
   public:
    // Whether datagrams from there are wanted. Asked for each super-packet.
    virtual bool OnTwinSource(const SocketAddress& from) = 0;
    // At least one, at most kMaxBatch, in order; valid during the call.
    virtual void OnTwinPackets(std::span<const ByteSpan> packets) = 0;
    // Neither DTLS nor RTP by its first byte.
    virtual void OnTwinStray(const TwinSocket& twin, ByteSpan packet,
                             const SocketAddress& from) = 0;
    // The socket refused something for a reason other than a full buffer.
    virtual void OnTwinSendFailed(int error) = 0;
    // A datagram of so many bytes left in fragments: the path carries less.
    virtual void OnTwinTooLarge(std::size_t bytes) = 0;

   protected:
    ~Events() = default;
  };

  // Datagrams of one call to OnTwinPackets; what one read gives beyond them is another batch.
  static constexpr std::size_t kMaxBatch = 1024;
  // SO_RCVBUF and SO_SNDBUF, bytes as the kernel counts them; it keeps to its own maximum.
  static constexpr int kSocketBuffer = 1024 * 1024;

  // `fd` is bound and went through ShareUdpPort. It, `loop`, `buffers` and `events` outlive the
  // twin. kSystem: no descriptor, or the loop refuses to watch it.
  static Result<std::unique_ptr<TwinSocket>> Open(IoLoop& loop, LoopBuffers& buffers, int fd,
                                                  Events& events, TwinOptions options = {});
  // Sends what waits. Datagrams that nobody read yet are lost; later ones go to the first socket.
  ~TwinSocket();

  TwinSocket(const TwinSocket&) = delete;
  TwinSocket& operator=(const TwinSocket&) = delete;

  // Gathers; sent by the end of the loop's turn. False: nothing could be sent so (size).
  bool Send(const SocketAddress& to, ByteSpan datagram) {
    return buffers_.wire.Append(wire_, to, datagram);
  }

  const SendCounters& sent() const { return wire_.counters; }
  const ReceiveCounters& received() const { return received_; }
  bool segments() const { return wire_.segments; }
  bool glued() const { return glued_; }

 private:
  TwinSocket(IoLoop& loop, LoopBuffers& buffers, int fd, Events& events, TwinOptions options);

  void OnReadable();
  bool Split(const ReadBuffers::Received& received);
  bool HandUp();
  void OnTrouble(int error, std::size_t size);

  IoLoop& loop_;
  LoopBuffers& buffers_;
  Events& events_;
  WireSocket wire_;
  bool glued_;
  ReceiveCounters received_;
  FdWatchId watch_ = 0;
  bool failure_posted_ = false;
  bool too_large_posted_ = false;
  TaskSafety safety_;
};

}  // namespace pairwire::udp

#endif  // PAIRWIRE_PEER_UDP_TWIN_SOCKET_H_

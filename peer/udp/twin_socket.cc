// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/udp/twin_socket.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "peer/udp/port_split.h"

namespace pairwire::udp {
namespace {

bool SetOption(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

}  // namespace

Result<std::unique_ptr<TwinSocket>> TwinSocket::Open(IoLoop& loop, LoopBuffers& buffers, int fd,
                                                     Events& events, TwinOptions options) {
  const auto twin = OpenTwin(fd);
  if (!twin) return tl::unexpected(twin.error());
  std::unique_ptr<TwinSocket> socket(new TwinSocket(loop, buffers, *twin, events, options));
  socket->watch_ = loop.WatchReadable(*twin, [self = socket.get()] { self->OnReadable(); });
  if (socket->watch_ == 0) return Fail(Errc::kSystem, "the loop watches no more descriptors");
  return socket;
}

TwinSocket::TwinSocket(IoLoop& loop, LoopBuffers& buffers, int fd, Events& events,
                       TwinOptions options)
    : loop_(loop),
      buffers_(buffers),
      events_(events),
      wire_{.fd = fd, .segments = options.segments, .many = options.send_many},
      glued_(options.glued && SetOption(fd, IPPROTO_UDP, UDP_GRO, 1)) {
  wire_.on_trouble = [this](int error, std::size_t size) { OnTrouble(error, size); };
  SetOption(fd, SOL_SOCKET, SO_RCVBUF, kSocketBuffer);
  SetOption(fd, SOL_SOCKET, SO_SNDBUF, kSocketBuffer);
  // RFC 8831 section 5: no fragments; the kernel then says what is too large instead.
  const auto address = SocketAddress::OfSocket(fd);
  if (address && address->v6()) {
    SetOption(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO);
  } else {
    SetOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
  }
}

TwinSocket::~TwinSocket() {
  buffers_.wire.Forget(wire_);
  loop_.UnwatchFd(watch_);
  close(wire_.fd);
}

void TwinSocket::OnReadable() {
  const auto read = buffers_.read.Read(wire_.fd, glued_);
  if (!read.empty()) ++received_.reads;
  buffers_.batch.clear();
  for (const ReadBuffers::Received& received : read) {
    if (received.truncated) {
      ++received_.truncated;
    } else if (!events_.OnTwinSource(received.from)) {
      ++received_.refused;
    } else if (!Split(received)) {
      return;
    }
  }
  HandUp();
}

// False: this socket is gone.
bool TwinSocket::Split(const ReadBuffers::Received& received) {
  for (std::size_t at = 0; at < received.bytes.size(); at += received.segment) {
    const ByteSpan packet =
        received.bytes.subspan(at, std::min(received.segment, received.bytes.size() - at));
    if (IsForTwin(packet[0])) {
      buffers_.batch.push_back(packet);
      received_.bytes += packet.size();
      ++received_.packets;
      if (buffers_.batch.size() == kMaxBatch && !HandUp()) return false;
      continue;
    }
    ++received_.strays;
    const auto alive = safety_.Watch();
    events_.OnTwinStray(*this, packet, received.from);
    if (!*alive) return false;
  }
  return true;
}

bool TwinSocket::HandUp() {
  if (buffers_.batch.empty()) return true;
  const auto alive = safety_.Watch();
  LoopBuffers& buffers = buffers_;
  events_.OnTwinPackets(buffers.batch);
  buffers.batch.clear();
  return *alive;
}

// Inside the batch's Flush, and so perhaps inside anything that sends: told from the loop's frame.
void TwinSocket::OnTrouble(int error, std::size_t size) {
  const bool too_large = error == EMSGSIZE && size != 0;
  if (std::exchange(too_large ? too_large_posted_ : failure_posted_, true)) return;
  loop_.Post(safety_.Wrap([this, error, size, too_large] {
    (too_large ? too_large_posted_ : failure_posted_) = false;
    if (too_large) return events_.OnTwinTooLarge(size);
    events_.OnTwinSendFailed(error);
  }));
}

}  // namespace pairwire::udp

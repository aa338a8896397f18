// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/udp/read_buffers.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace pairwire::udp {

struct ReadBuffers::Slot {
  iovec part;
  sockaddr_in6 from;
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(int))> control;
};

ReadBuffers::ReadBuffers() = default;
ReadBuffers::~ReadBuffers() = default;

namespace {

// 0: none, so a plain datagram.
std::size_t SegmentOf(msghdr& header) {
  for (cmsghdr* option = CMSG_FIRSTHDR(&header); option != nullptr;
       option = CMSG_NXTHDR(&header, option)) {
    if (option->cmsg_level != IPPROTO_UDP || option->cmsg_type != UDP_GRO) continue;
    int segment = 0;
    std::memcpy(&segment, CMSG_DATA(option), sizeof(segment));
    return segment > 0 ? static_cast<std::size_t>(segment) : 0;
  }
  return 0;
}

}  // namespace

std::span<const ReadBuffers::Received> ReadBuffers::Read(int fd, bool glued) {
  if (memory_ == nullptr) {
    memory_ = std::make_unique_for_overwrite<std::uint8_t[]>(kBytes);
    slots_.resize(kPlainPackets);
    headers_.resize(kPlainPackets);
    received_.reserve(kPlainPackets);
  }
  received_.clear();
  const std::size_t count = glued ? kSuperPackets : kPlainPackets;
  const std::size_t room = kBytes / count;
  for (std::size_t i = 0; i < count; ++i) {
    Slot& slot = slots_[i];
    slot.part = {memory_.get() + i * room, room};
    msghdr& header = headers_[i].msg_hdr;
    header = {};
    header.msg_name = &slot.from;
    header.msg_namelen = sizeof(slot.from);
    header.msg_iov = &slot.part;
    header.msg_iovlen = 1;
    if (!glued) continue;
    header.msg_control = slot.control.data();
    header.msg_controllen = slot.control.size();
  }
  const int read =
      recvmmsg(fd, headers_.data(), static_cast<unsigned>(count), MSG_DONTWAIT, nullptr);
  for (std::size_t i = 0; i < static_cast<std::size_t>(std::max(read, 0)); ++i) {
    msghdr& header = headers_[i].msg_hdr;
    const auto from =
        SocketAddress::From(reinterpret_cast<const sockaddr*>(&slots_[i].from), header.msg_namelen);
    const std::size_t size = headers_[i].msg_len;
    if (!from || size == 0) continue;
    const std::size_t segment = glued ? SegmentOf(header) : 0;
    received_.push_back({{memory_.get() + i * room, size},
                         segment == 0 ? size : segment,
                         *from,
                         (header.msg_flags & MSG_TRUNC) != 0});
  }
  return received_;
}

}  // namespace pairwire::udp

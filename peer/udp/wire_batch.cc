// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/udp/wire_batch.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "peer/base/check.h"

namespace pairwire::udp {
namespace {

constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;

bool IsFull(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM;
}

// What a group may meet that its datagrams alone do not: no checksum offload on the route (EIO), no
// UDP_SEGMENT or segments larger than the path's MTU (EINVAL, since 6.14 EMSGSIZE).
bool IsOfGroup(int error) {
  return error == EIO || error == EINVAL || error == EMSGSIZE || error == EOPNOTSUPP ||
         error == ENOPROTOOPT;
}

bool AllowFragments(const WireSocket& socket, bool v6, bool allow) {
  const int value = v6 ? (allow ? IPV6_PMTUDISC_WANT : IPV6_PMTUDISC_DO)
                       : (allow ? IP_PMTUDISC_WANT : IP_PMTUDISC_DO);
  return setsockopt(socket.fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                    v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &value, sizeof(value)) == 0;
}

}  // namespace

struct WireBatch::Message {
  iovec part;
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(std::uint16_t))> control;

  // `to` and `this` stay where they are until the message was sent.
  void Fill(msghdr& header, const SocketAddress& to, std::uint8_t* bytes, std::size_t size,
            std::size_t segment) {
    part = {bytes, size};
    header = {};
    header.msg_name = const_cast<sockaddr*>(to.data());
    header.msg_namelen = to.size();
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    if (segment == 0) return;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* const option = CMSG_FIRSTHDR(&header);
    option->cmsg_level = IPPROTO_UDP;
    option->cmsg_type = UDP_SEGMENT;
    option->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
    const auto value = static_cast<std::uint16_t>(segment);
    std::memcpy(CMSG_DATA(option), &value, sizeof(value));
  }
};

WireBatch::WireBatch(Loop& loop, SendCalls calls) : loop_(loop), calls_(std::move(calls)) {
  groups_.reserve(kMaxGroups);
}

bool WireBatch::Joins(const Group& group, const WireSocket& socket, const SocketAddress& to,
                      std::size_t size) const {
  const bool open = group.bytes == group.packets * group.segment;  // no shorter one ended it
  return open && socket.segments && group.socket == &socket && size <= group.segment &&
         group.packets < kMaxGroupPackets && group.bytes + size <= kMaxGroupBytes && group.to == to;
}

bool WireBatch::Append(WireSocket& socket, const SocketAddress& to, ByteSpan datagram) {
  PAIRWIRE_CHECK(!flushing_);
  if (datagram.empty() || datagram.size() > kMaxGroupBytes) return false;
  if (used_ + datagram.size() > kMaxBytes) Flush();
  const bool joins = !groups_.empty() && Joins(groups_.back(), socket, to, datagram.size());
  if (!joins && groups_.size() == kMaxGroups) Flush();
  if (buffer_ == nullptr) buffer_ = std::make_unique_for_overwrite<std::uint8_t[]>(kMaxBytes);

  std::memcpy(buffer_.get() + used_, datagram.data(), datagram.size());
  if (joins) {
    groups_.back().bytes += datagram.size();
    ++groups_.back().packets;
  } else {
    groups_.push_back({&socket, to, used_, datagram.size(), datagram.size(), 1});
  }
  used_ += datagram.size();
  if (!std::exchange(flush_posted_, true)) {
    loop_.PostAtTurnEnd(safety_.Wrap([this] {
      flush_posted_ = false;
      Flush();
    }));
  }
  return true;
}

void WireBatch::Flush() {
  PAIRWIRE_CHECK(!std::exchange(flushing_, true));
  for (auto begin = groups_.begin(); begin != groups_.end();) {
    const auto end = std::find_if(
        begin, groups_.end(), [&](const Group& group) { return group.socket != begin->socket; });
    SendRun({begin, end});
    begin = end;
  }
  groups_.clear();
  used_ = 0;
  flushing_ = false;
}

void WireBatch::Forget(const WireSocket& socket) {
  const bool waits = std::any_of(groups_.begin(), groups_.end(),
                                 [&](const Group& group) { return group.socket == &socket; });
  if (waits) Flush();
}

bool WireBatch::IsSuperPacket(const Group& group) { return group.packets > 1; }

// One socket's groups. What follows a failure would meet the same one, and is dropped with it.
void WireBatch::SendRun(std::span<const Group> run) {
  WireSocket& socket = *run.front().socket;
  int error = 0;
  while (!run.empty()) {
    error = 0;
    // Without segments: groups that were made before that was known go apart.
    const auto apart = socket.segments ? run.end() : std::ranges::find_if(run, IsSuperPacket);
    const auto whole = run.first(static_cast<std::size_t>(apart - run.begin()));
    if (!whole.empty()) run = run.subspan(PushGroups(whole, error));
    if (run.empty()) return;
    const Group& group = run.front();
    const bool alone_may_go = error == EMSGSIZE || (IsSuperPacket(group) && IsOfGroup(error));
    if (error != 0 && !alone_may_go) break;
    const auto too_large = socket.counters.too_large;
    const int failure = PushApart(group);
    run = run.subspan(1);
    // The datagrams alone went, and whole: the offload was wrong, not their size.
    if (failure == 0 && error != 0 && error != EMSGSIZE && socket.counters.too_large == too_large) {
      socket.segments = false;
    }
    error = failure;
    if (failure != 0) break;
  }
  std::size_t packets = 0;
  for (const Group& group : run) packets += group.packets;
  if (packets != 0) Drop(socket, packets, error);
}

// How many groups went; `error` says why the next one did not.
std::size_t WireBatch::PushGroups(std::span<const Group> groups, int& error) {
  std::array<mmsghdr, kMaxGroups> headers;
  std::array<Message, kMaxGroups> messages;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const Group& group = groups[i];
    messages[i].Fill(headers[i].msg_hdr, group.to, buffer_.get() + group.offset, group.bytes,
                     IsSuperPacket(group) ? group.segment : 0);
  }
  WireSocket& socket = *groups.front().socket;
  const std::size_t sent = Push(socket, {headers.data(), groups.size()}, error);
  for (const Group& group : groups.first(sent)) {
    socket.counters.packets += group.packets;
    socket.counters.bytes += group.bytes;
  }
  return sent;
}

// 0, or the errno that ended it; what did not go is dropped.
int WireBatch::PushApart(const Group& group) {
  std::array<mmsghdr, kMaxGroupPackets> headers;
  std::array<Message, kMaxGroupPackets> messages;
  for (std::size_t i = 0; i < group.packets; ++i) {
    const std::size_t at = i * group.segment;
    messages[i].Fill(headers[i].msg_hdr, group.to, buffer_.get() + group.offset + at,
                     std::min(group.segment, group.bytes - at), 0);
  }
  WireSocket& socket = *group.socket;
  std::size_t done = 0;
  while (true) {
    int error = 0;
    const std::size_t sent =
        Push(socket, std::span(headers).subspan(done, group.packets - done), error);
    socket.counters.packets += sent;
    for (const Message& message : std::span(messages).subspan(done, sent)) {
      socket.counters.bytes += message.part.iov_len;
    }
    done += sent;
    if (done == group.packets) return 0;
    if (error != EMSGSIZE) {
      Drop(socket, group.packets - done, error);
      return error;
    }
    const std::size_t size = messages[done].part.iov_len;
    if (!PushInFragments(socket, headers[done], group.to.v6())) {
      Drop(socket, group.packets - done, EMSGSIZE);
      return EMSGSIZE;
    }
    ++done;
    ++socket.counters.packets;
    ++socket.counters.too_large;
    socket.counters.bytes += size;
    if (socket.on_trouble) socket.on_trouble(EMSGSIZE, size);
    if (done == group.packets) return 0;
  }
}

std::size_t WireBatch::Push(WireSocket& socket, std::span<mmsghdr> messages, int& error) {
  std::size_t sent = 0;
  while (sent < messages.size()) {
    ++socket.counters.calls;
    int count = 0;
    if (socket.many) {
      count = calls_.send_many(socket.fd, &messages[sent],
                               static_cast<unsigned>(messages.size() - sent), kFlags);
    } else {
      count = calls_.send_one(socket.fd, &messages[sent].msg_hdr, kFlags) < 0 ? -1 : 1;
    }
    if (count > 0) {
      sent += static_cast<std::size_t>(count);
    } else if (errno == ENOSYS && socket.many) {
      socket.many = false;
    } else if (errno != EINTR) {
      error = errno;
      return sent;
    }
  }
  return sent;
}

bool WireBatch::PushInFragments(WireSocket& socket, mmsghdr& message, bool v6) {
  if (!AllowFragments(socket, v6, true)) return false;
  int error = 0;
  const bool sent = Push(socket, {&message, 1}, error) == 1;
  AllowFragments(socket, v6, false);
  return sent;
}

void WireBatch::Drop(WireSocket& socket, std::size_t packets, int error) {
  (IsFull(error) ? socket.counters.full : socket.counters.failed) += packets;
  if (!IsFull(error) && socket.on_trouble) socket.on_trouble(error, 0);
}

}  // namespace pairwire::udp

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/fast_path.h"

#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <utility>

#include "peer/base/log.h"

namespace pairwire::ice {

FastPath::FastPath(IoLoop& loop, udp::LoopBuffers& buffers, FastPathSink& sink,
                   udp::TwinOptions options)
    : loop_(loop), buffers_(buffers), sink_(sink), options_(options) {}

FastPath::~FastPath() = default;

void FastPath::Select(const std::optional<DirectPath>& path) {
  twin_ = path ? FindOrOpen(path->fd) : nullptr;
  if (twin_ == nullptr) return;
  remote_ = path->remote;
  if (const auto local = udp::SocketAddress::OfSocket(path->fd)) remote_.TakeScope(*local);
  Trust(remote_);
}

// From the first socket, as the checks were.
bool FastPath::SendStun(ByteSpan message) const {
  const ssize_t sent = sendto(twins_.back().fd, message.data(), message.size(),
                              MSG_DONTWAIT | MSG_NOSIGNAL, remote_.data(), remote_.size());
  return sent >= 0;
}

udp::TwinSocket* FastPath::FindOrOpen(int fd) {
  const auto found =
      std::find_if(twins_.begin(), twins_.end(), [fd](const Twin& twin) { return twin.fd == fd; });
  if (found != twins_.end()) {
    std::rotate(found, found + 1, twins_.end());
    return twins_.back().socket.get();
  }
  auto opened = udp::TwinSocket::Open(loop_, buffers_, fd, *this, options_);
  if (!opened) {
    Log(LogLevel::kWarning, "ice: no fast path for this pair: " + ToString(opened.error()));
    return nullptr;
  }
  if (twins_.size() == kMaxTwins) {
    buffers_.wire.Flush();  // what waits is counted, too
    Add(closed_, *twins_.front().socket);
    twins_.erase(twins_.begin());
  }
  twins_.push_back({fd, std::move(*opened)});
  return twins_.back().socket.get();
}

bool FastPath::Trusts(const udp::SocketAddress& from) const {
  return std::find(trusted_.begin(), trusted_.end(), from) != trusted_.end();
}

void FastPath::Trust(const udp::SocketAddress& from) {
  if (Trusts(from)) return;
  if (trusted_.size() == kMaxTrusted) trusted_.erase(trusted_.begin());
  trusted_.push_back(from);
}

// The selected pair's address is nearly always it; others while the two ends disagree about the
// pair.
bool FastPath::OnTwinSource(const udp::SocketAddress& from) {
  if (from == remote_ || Trusts(from)) return true;
  const auto now = loop_.Now();
  if (looked_at_ && now - *looked_at_ < kLookAgain) return false;
  looked_at_ = now;
  sink_.LookForChecks();
  return Trusts(from);
}

void FastPath::OnTwinPackets(std::span<const ByteSpan> packets) { sink_.OnFastPackets(packets); }

void FastPath::OnTwinStray(const udp::TwinSocket& twin, ByteSpan packet,
                           const udp::SocketAddress& from) {
  sink_.OnFastStray(packet, from, &twin == twin_ && from == remote_);
}

void FastPath::OnTwinSendFailed(int) { sink_.OnFastSendFailed(); }
void FastPath::OnTwinTooLarge(std::size_t bytes) { sink_.OnFastTooLarge(bytes); }

FastPath::Counters FastPath::counters() const {
  Counters sum = closed_;
  for (const Twin& twin : twins_) Add(sum, *twin.socket);
  return sum;
}

void FastPath::Add(Counters& sum, const udp::TwinSocket& twin) {
  const udp::SendCounters& sent = twin.sent();
  sum.packets_sent += sent.packets;
  sum.bytes_sent += sent.bytes;
  sum.send_full += sent.full;
  sum.send_errors += sent.failed;
  sum.too_large += sent.too_large;
  sum.refused += twin.received().refused;
}

}  // namespace pairwire::ice

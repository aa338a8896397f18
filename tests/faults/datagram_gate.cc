// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0

// The checked versions of these calls are inline definitions under the same names; so no header may
// come before this, neither a precompiled one.
#undef _FORTIFY_SOURCE

#include "tests/faults/datagram_gate.h"

#include <dlfcn.h>
#include <errno.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace pairwire::faults {
namespace {

std::atomic<std::int64_t> closed_until{0};

std::int64_t Now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

}  // namespace

void CloseDatagramGate(std::chrono::milliseconds time) {
  const std::int64_t until = Now() + std::chrono::steady_clock::duration(time).count();
  std::int64_t before = closed_until.load();
  while (before < until && !closed_until.compare_exchange_weak(before, until)) {
  }
}

void OpenDatagramGate() { closed_until = 0; }

bool DatagramGateIsClosed() {
  const std::int64_t until = closed_until.load(std::memory_order_relaxed);
  return until != 0 && Now() < until;
}

namespace {

bool Drops(int fd) {
  if (!DatagramGateIsClosed()) return false;
  const int before = errno;
  int type = 0;
  socklen_t size = sizeof(type);
  const bool datagrams =
      getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM;
  errno = before;
  return datagrams;
}

// The C library's own, behind ours.
template <typename F>
F* Next(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

// Everything that waits in the socket is gone; then it is as empty as it looks.
ssize_t NothingArrives(int fd) {
  static auto* const next = Next<ssize_t(int, void*, std::size_t, int)>("recv");
  std::array<char, 1> byte{};
  while (next(fd, byte.data(), byte.size(), MSG_DONTWAIT | MSG_TRUNC) >= 0) {
  }
  errno = EAGAIN;
  return -1;
}

std::size_t SizeOf(const msghdr& message) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) size += message.msg_iov[i].iov_len;
  return size;
}

}  // namespace
}  // namespace pairwire::faults

// --- In place of the C library's -----------------------------------------------------------------

using pairwire::faults::Drops;
using pairwire::faults::Next;
using pairwire::faults::NothingArrives;
using pairwire::faults::SizeOf;

extern "C" {

ssize_t send(int fd, const void* data, size_t size, int flags) {
  static auto* const next = Next<ssize_t(int, const void*, size_t, int)>("send");
  return Drops(fd) ? static_cast<ssize_t>(size) : next(fd, data, size, flags);
}

ssize_t sendto(int fd, const void* data, size_t size, int flags, const sockaddr* to,
               socklen_t to_size) {
  static auto* const next =
      Next<ssize_t(int, const void*, size_t, int, const sockaddr*, socklen_t)>("sendto");
  return Drops(fd) ? static_cast<ssize_t>(size) : next(fd, data, size, flags, to, to_size);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static auto* const next = Next<ssize_t(int, const msghdr*, int)>("sendmsg");
  return Drops(fd) ? static_cast<ssize_t>(SizeOf(*message)) : next(fd, message, flags);
}

int sendmmsg(int fd, mmsghdr* messages, unsigned int count, int flags) {
  static auto* const next = Next<int(int, mmsghdr*, unsigned int, int)>("sendmmsg");
  if (!Drops(fd)) return next(fd, messages, count, flags);
  for (unsigned int i = 0; i < count; ++i) {
    messages[i].msg_len = static_cast<unsigned int>(SizeOf(messages[i].msg_hdr));
  }
  return static_cast<int>(count);
}

ssize_t recv(int fd, void* data, size_t size, int flags) {
  static auto* const next = Next<ssize_t(int, void*, size_t, int)>("recv");
  return Drops(fd) ? NothingArrives(fd) : next(fd, data, size, flags);
}

ssize_t recvfrom(int fd, void* data, size_t size, int flags, sockaddr* from, socklen_t* from_size) {
  static auto* const next =
      Next<ssize_t(int, void*, size_t, int, sockaddr*, socklen_t*)>("recvfrom");
  return Drops(fd) ? NothingArrives(fd) : next(fd, data, size, flags, from, from_size);
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
  static auto* const next = Next<ssize_t(int, msghdr*, int)>("recvmsg");
  const bool errors = (flags & MSG_ERRQUEUE) != 0;
  return !errors && Drops(fd) ? NothingArrives(fd) : next(fd, message, flags);
}

int recvmmsg(int fd, mmsghdr* messages, unsigned int count, int flags, timespec* timeout) {
  static auto* const next = Next<int(int, mmsghdr*, unsigned int, int, timespec*)>("recvmmsg");
  return Drops(fd) ? static_cast<int>(NothingArrives(fd))
                   : next(fd, messages, count, flags, timeout);
}

}  // extern "C"

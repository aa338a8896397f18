// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/udp/port_split.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "peer/udp/socket_address.h"

namespace pairwire::udp {
namespace {

// Their order in the group is the order in which they joined it.
constexpr std::uint32_t kFirst = 0;
constexpr std::uint32_t kTwin = 1;

// Offset 0 is the datagram's first byte. An empty datagram ends the program with 0. The same as
// IsForTwin.
constexpr std::array<sock_filter, 7> kProgram = {{
    {BPF_LD | BPF_B | BPF_ABS, 0, 0, 0},
    {BPF_JMP | BPF_JGE | BPF_K, 0, 4, 20},   // < 20: first
    {BPF_JMP | BPF_JGT | BPF_K, 0, 2, 63},   // <= 63: twin
    {BPF_JMP | BPF_JGE | BPF_K, 0, 2, 128},  // < 128: first
    {BPF_JMP | BPF_JGT | BPF_K, 1, 0, 191},  // > 191: first
    {BPF_RET | BPF_K, 0, 0, kTwin},
    {BPF_RET | BPF_K, 0, 0, kFirst},
}};

tl::unexpected<Error> SystemError(const char* what) {
  return Fail(Errc::kSystem, std::string(what) + ": " + std::strerror(errno));
}

bool SetOption(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

void CopyOption(int from, int to, int level, int option) {
  int value = 0;
  socklen_t size = sizeof(value);
  if (getsockopt(from, level, option, &value, &size) == 0) SetOption(to, level, option, value);
}

// IP_UNICAST_IF is read and written in network byte order on both sides, so it copies as it is.
void CopyOptions(int from, int to, bool v6) {
  if (v6) {
    CopyOption(from, to, IPPROTO_IPV6, IPV6_V6ONLY);
    CopyOption(from, to, IPPROTO_IPV6, IPV6_UNICAST_IF);
    CopyOption(from, to, IPPROTO_IPV6, IPV6_TCLASS);
  } else {
    CopyOption(from, to, IPPROTO_IP, IP_UNICAST_IF);
    CopyOption(from, to, IPPROTO_IP, IP_TOS);
  }
}

}  // namespace

Result<void> ShareUdpPort(int fd) {
  if (!SetOption(fd, SOL_SOCKET, SO_REUSEPORT, 1)) return SystemError("SO_REUSEPORT");
  // A group exists only from its second member on; afterwards it stays, and the program with it.
  auto second = OpenTwin(fd);
  if (!second) {
    SetOption(fd, SOL_SOCKET, SO_REUSEPORT, 0);
    return tl::unexpected(second.error());
  }
  sock_fprog program{kProgram.size(), const_cast<sock_filter*>(kProgram.data())};
  const bool attached =
      setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)) == 0;
  const int error = errno;
  close(*second);
  if (attached) return {};
  SetOption(fd, SOL_SOCKET, SO_REUSEPORT, 0);
  errno = error;
  return SystemError("SO_ATTACH_REUSEPORT_CBPF");
}

Result<int> OpenTwin(int fd) {
  const auto address = SocketAddress::OfSocket(fd);
  if (!address || address->port() == 0) {
    return Fail(Errc::kSystem, "not a bound internet socket");
  }
  const int family = address->v6() ? AF_INET6 : AF_INET;
  const int twin = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
  if (twin < 0) return SystemError("socket");
  CopyOptions(fd, twin, address->v6());
  if (SetOption(twin, SOL_SOCKET, SO_REUSEPORT, 1) &&
      bind(twin, address->data(), address->size()) == 0) {
    return twin;
  }
  const int error = errno;
  close(twin);
  errno = error;
  return SystemError("a second socket on one port");
}

}  // namespace pairwire::udp

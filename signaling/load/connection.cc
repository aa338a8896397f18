// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/connection.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace pairwire::load {
namespace {

constexpr std::uint32_t kLoopbackNet = 0x7f000000;
constexpr std::uint32_t kLoopbackMask = 0xff000000;

void SetOption(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

struct HostAndPort {
  std::string host;
  std::string port;
};

Result<HostAndPort> SplitAuthority(const std::string& authority) {
  HostAndPort parts{authority, "80"};
  std::size_t port_colon = authority.rfind(':');
  if (!authority.empty() && authority[0] == '[') {
    const std::size_t end = authority.find(']');
    if (end == std::string::npos) return Fail(Errc::kInvalidArgument, "--relay: a ] is missing");
    parts.host = authority.substr(1, end - 1);
    if (port_colon < end) port_colon = std::string::npos;
  } else if (port_colon != std::string::npos) {
    parts.host = authority.substr(0, port_colon);
  }
  if (port_colon != std::string::npos) parts.port = authority.substr(port_colon + 1);
  const bool digits = !parts.port.empty() && parts.port.size() <= 5 &&
                      parts.port.find_first_not_of("0123456789") == std::string::npos;
  if (parts.host.empty() || !digits) {
    return Fail(Errc::kInvalidArgument, "--relay must look like http://127.0.0.1:8080");
  }
  return parts;
}

}  // namespace

Result<Target> ParseTarget(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  if (url.substr(0, kScheme.size()) != kScheme) {
    return Fail(Errc::kInvalidArgument, "--relay must begin with http://");
  }
  url.remove_prefix(kScheme.size());
  const std::size_t slash = url.find('/');
  Target target;
  target.host = std::string(url.substr(0, slash));
  if (slash != std::string_view::npos) target.path = std::string(url.substr(slash));
  while (!target.path.empty() && target.path.back() == '/') target.path.pop_back();
  const auto parts = SplitAuthority(target.host);
  if (!parts) return tl::unexpected<Error>(parts.error());

  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(parts->host.c_str(), parts->port.c_str(), &hints, &found);
  if (error != 0) {
    return Fail(Errc::kRelayUnreachable, parts->host + ": " + ::gai_strerror(error));
  }
  std::memcpy(&target.address, found->ai_addr, found->ai_addrlen);
  target.address_length = found->ai_addrlen;
  ::freeaddrinfo(found);
  if (target.address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &target.address, sizeof v4);
    target.loopback = (ntohl(v4.sin_addr.s_addr) & kLoopbackMask) == kLoopbackNet;
  }
  return target;
}

std::uint32_t SourceAddress(const Target& target, std::size_t number, std::size_t count) {
  if (!target.loopback || count == 0) return 0;
  return kLoopbackNet + 2 + static_cast<std::uint32_t>(number % count);
}

Connection::~Connection() { Close(); }

bool Connection::Open(const Target& target, std::uint32_t source) {
  Close();
  fd_ = ::socket(target.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return false;
  SetOption(fd_, IPPROTO_TCP, TCP_NODELAY, 1);
  if (source != 0) {
    // Ports are chosen at the connect, so that one is free for each pair of addresses.
    SetOption(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(source);
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&from), sizeof from) != 0) {
      Close();
      return false;
    }
  }
  const auto* address = reinterpret_cast<const sockaddr*>(&target.address);
  const bool started = ::connect(fd_, address, target.address_length) == 0 || errno == EINPROGRESS;
  if (!started || !reactor_.Add(fd_, *this)) {
    const int reason = errno;
    ::close(fd_);
    fd_ = -1;
    errno = reason;
    return false;
  }
  return true;
}

void Connection::Close(bool reset) {
  if (fd_ < 0) return;
  if (reset) {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  reactor_.Remove(fd_, *this);
  ::close(fd_);
  fd_ = -1;
  connected_ = false;
  dirty_ = false;
  out_ = std::string();
}

bool Connection::Write(std::string_view bytes) {
  if (fd_ < 0 || out_.size() + bytes.size() > kMaxQueuedBytes) return false;
  out_.append(bytes);
  if (connected_ && !dirty_) {
    dirty_ = true;
    reactor_.MarkDirty(*this);
  }
  return true;
}

void Connection::OnTurnEnd() {
  dirty_ = false;
  Flush();
}

// A failure shows as an event of the descriptor in the next turn.
void Connection::Flush() {
  if (out_.empty()) return;
  const ssize_t sent = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
  if (sent <= 0) return;
  if (static_cast<std::size_t>(sent) < out_.size()) {
    out_.erase(0, static_cast<std::size_t>(sent));
    return;
  }
  // Short ones keep their memory, which the next message needs; idle connections hold none.
  constexpr std::size_t kKept = 64 * 1024;
  if (out_.capacity() > kKept) {
    out_ = std::string();
  } else {
    out_.clear();
  }
}

void Connection::OnEvents(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0 && (events & (EPOLLERR | EPOLLHUP)) == 0) {
    connected_ = true;
    Flush();
  }
  bool ended = (events & (EPOLLERR | EPOLLHUP)) != 0;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0) {
    const std::span<char> buffer = reactor_.scratch();
    while (fd_ >= 0) {
      const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (got > 0) {
        OnBytes({buffer.data(), static_cast<std::size_t>(got)});
        const bool all = static_cast<std::size_t>(got) < buffer.size();
        if (all && (events & (EPOLLRDHUP | EPOLLERR | EPOLLHUP)) == 0) break;
        continue;
      }
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) break;
      ended = true;
      break;
    }
  }
  if (!ended || fd_ < 0) return;
  Close();
  OnClosed();
}

}  // namespace pairwire::load

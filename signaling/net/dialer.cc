// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/net/dialer.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace pairwire::net {
namespace {

std::string Reason(int error) { return std::generic_category().message(error); }

}  // namespace

Dialer::Dialer(EventLoop& loop, Resolver& resolver)
    : loop_(loop), resolver_(resolver), alarm_(loop, [this] { OnTimeout(); }) {}

Dialer::~Dialer() { Cancel(); }

void Dialer::Dial(DialTarget target, std::chrono::milliseconds deadline, Done done) {
  Cancel();
  target_ = std::move(target);
  if (target_.server_name.empty()) target_.server_name = target_.host;
  done_ = std::move(done);
  deadline_ = loop_.Now() + deadline;
  last_error_ = Error{Errc::kSystem, "it has no address"};
  state_ = State::kResolving;
  alarm_.SetAt(deadline_);
  query_ = resolver_.Resolve(
      target_.host, [this](Result<Resolver::Addresses> result) { OnResolved(std::move(result)); });
}

void Dialer::Cancel() {
  if (state_ == State::kResolving) resolver_.Cancel(query_);
  state_ = State::kIdle;
  alarm_.Cancel();
  socket_.Close();
  addresses_.clear();
  done_ = nullptr;
}

std::string Dialer::TargetText() const {
  const bool ipv6 = target_.host.find(':') != std::string::npos;
  return (ipv6 ? "[" + target_.host + "]" : target_.host) + ":" + std::to_string(target_.port);
}

void Dialer::OnResolved(Result<Resolver::Addresses> result) {
  if (!result) {
    Finish(tl::unexpected(std::move(result.error())));
    return;
  }
  addresses_ = std::move(*result);
  next_address_ = 0;
  state_ = State::kConnecting;
  ConnectNext();
}

void Dialer::ConnectNext() {
  while (next_address_ < addresses_.size()) {
    Endpoint& address = addresses_[next_address_++];
    address.set_port(target_.port);
    state_ = State::kConnecting;
    const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      last_error_ = Error{Errc::kSystem, Reason(errno)};
      continue;
    }
    socket_ = Socket(loop_, fd);
    socket_.SetEvents(this);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd, address.data(), address.size()) != 0 && errno != EINPROGRESS) {
      last_error_ = Error{Errc::kSystem, Reason(errno)};
      socket_.Close();
      continue;
    }
    // Also when it is connected already: OnWritable comes, and nothing happens inside Dial.
    socket_.WantWrite(true);
    const auto left = deadline_ - loop_.Now();
    const auto shares = static_cast<std::int64_t>(addresses_.size() - next_address_ + 1);
    alarm_.SetAt(loop_.Now() + left / shares);
    return;
  }
  Finish(Fail(last_error_.code,
              "cannot connect to " + TargetText() + ": " + std::exchange(last_error_.detail, {})));
}

void Dialer::Proceed() {
  if (state_ == State::kConnecting) {
    OnConnected();
  } else if (state_ == State::kHandshaking) {
    Handshake();
  }
}

void Dialer::OnConnected() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    FailAddress(Errc::kSystem, Reason(error));
    return;
  }
  socket_.WantWrite(false);
  if (target_.tls == nullptr) {
    socket_.SetEvents(nullptr);
    Finish(std::move(socket_));
    return;
  }
  state_ = State::kHandshaking;
  if (auto started = socket_.StartTlsClient(*target_.tls, target_.server_name); !started) {
    Finish(tl::unexpected(std::move(started.error())));
    return;
  }
  Handshake();
}

void Dialer::Handshake() {
  const Socket::Io io = socket_.Handshake();
  if (io.status == Socket::Io::Status::kWouldBlock) return;
  if (io.status != Socket::Io::Status::kOk) {
    FailAddress(Errc::kSystem, "TLS: " + socket_.error());
    return;
  }
  socket_.SetEvents(nullptr);
  Finish(std::move(socket_));
}

void Dialer::OnTimeout() {
  if (state_ == State::kResolving) {
    resolver_.Cancel(query_);
    Finish(Fail(Errc::kTimedOut, "cannot find " + target_.host + ": no answer in time"));
    return;
  }
  FailAddress(Errc::kTimedOut, state_ == State::kHandshaking ? "no answer to the TLS handshake"
                                                             : "no answer in time");
}

void Dialer::FailAddress(Errc code, std::string why) {
  last_error_ = Error{code, std::move(why)};
  socket_.Close();
  ConnectNext();
}

void Dialer::Finish(Result<Socket> result) {
  state_ = State::kIdle;
  alarm_.Cancel();
  socket_.Close();
  addresses_.clear();
  const Done done = std::exchange(done_, nullptr);
  done(std::move(result));
}

}  // namespace pairwire::net

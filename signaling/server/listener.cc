// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/listener.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "signaling/server/problem_response.h"

namespace pairwire::server {
namespace {

// With no descriptor left accept fails at once and for ever; a pause lets connections end
// meanwhile.
constexpr std::chrono::milliseconds kAcceptPause{100};

// Connections being told that there is no room. Beyond that they are closed without a word.
constexpr std::size_t kMaxRefusedAtOnce = 64;

// A burst of new connections must not hold up those that are there.
constexpr int kAcceptsPerTurn = 64;

// The kernel takes the smaller of this and net.core.somaxconn.
constexpr int kBacklog = 4096;

std::string Sentence(int error, const std::string& where) {
  if (error == EADDRINUSE) {
    return where + " is in use: stop the other program or choose another port with --listen";
  }
  if (error == EACCES) {
    return where + " is not permitted: choose a port above 1023 with --listen";
  }
  return "cannot listen on " + where + ": " + std::generic_category().message(error);
}

bool IsShortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

}  // namespace

Listener::Listener(ConnectionContext& context, HttpHandler& handler, Admission& admission,
                   const net::TlsContext* tls)
    : context_(context),
      handler_(handler),
      admission_(admission),
      tls_(tls),
      resume_(context.loop, [this] { Start(); }) {}

Listener::~Listener() { Close(); }

Result<void> Listener::Open(const std::string& host, std::uint16_t port) {
  const std::optional<net::Endpoint> endpoint = net::Endpoint::FromLiteral(host, port);
  if (!endpoint) {
    return Fail(Errc::kInvalidArgument,
                "--listen needs an address such as 127.0.0.1, 0.0.0.0 or [::1]");
  }
  fd_ = ::socket(endpoint->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return Fail(Errc::kSystem, Sentence(errno, endpoint->ToText()));
  context_.loop.Watch(fd_, *this);
  const int on = 1;
  ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Small messages go at once. Accepted sockets inherit it, which saves each a system call.
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::bind(fd_, endpoint->data(), endpoint->size()) != 0 || ::listen(fd_, kBacklog) != 0) {
    const int error = errno;
    Close();
    return Fail(Errc::kSystem, Sentence(error, endpoint->ToText()));
  }
  return {};
}

std::uint16_t Listener::port() const {
  sockaddr_in6 address{};
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::getsockname(fd_, generic, &size) != 0) return 0;
  const auto endpoint = net::Endpoint::FromSystem(generic, size);
  return endpoint ? endpoint->port() : std::uint16_t{0};
}

void Listener::Start() {
  if (fd_ >= 0) context_.loop.Want(fd_, true, false);
}

void Listener::Close() {
  resume_.Cancel();
  if (fd_ < 0) return;
  context_.loop.Unwatch(fd_);
  ::close(std::exchange(fd_, -1));
}

void Listener::OnFdReadable() {
  for (int i = 0; i < kAcceptsPerTurn && fd_ >= 0; ++i) {
    if (!AcceptOne()) return;
  }
}

bool Listener::AcceptOne() {
  sockaddr_in6 address{};
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const int fd = ::accept4(fd_, generic, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    const int error = errno;
    if (IsShortage(error)) {
      context_.log.Warning("accept_paused", {{"reason", std::generic_category().message(error)}});
      context_.loop.Want(fd_, false, false);
      resume_.SetAt(context_.loop.Now() + kAcceptPause);
    }
    // Others are of that one connection (it has gone again) or say that there is none.
    return error == ECONNABORTED || error == EINTR;
  }
  net::Socket socket(context_.loop, fd);
  if (const auto remote = net::Endpoint::FromSystem(generic, size)) {
    OnAccepted(std::move(socket), *remote);
  }
  return true;
}

void Listener::OnAccepted(net::Socket socket, const net::Endpoint& remote) {
  if (tls_ != nullptr && !socket.StartTlsServer(*tls_)) return;
  Refusal why = Refusal::kConnections;
  auto ticket = admission_.Admit(ClientAddress{remote.Bytes()}, why);
  if (ticket) {
    context_.metrics.OnAccepted();
    auto session =
        std::make_unique<HttpSession>(context_, handler_, std::move(socket), std::move(*ticket));
    HttpSession& started = *session;
    context_.table.Add(std::move(session));
    started.Start();
    return;
  }
  context_.metrics.OnRefused(why);
  // Those that are refused hold no ticket, so the difference is their number.
  if (context_.table.size() >= admission_.connections() + kMaxRefusedAtOnce) return;
  auto session =
      std::make_unique<HttpSession>(context_, handler_, std::move(socket), AdmissionTicket());
  HttpSession& refused = *session;
  context_.table.Add(std::move(session));
  refused.Refuse(ProblemResponse(protocol::ProblemCode::kNotReady,
                                 "the relay has no room for more connections"));
}

}  // namespace pairwire::server

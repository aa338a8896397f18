// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/listener.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <utility>

#include "signaling/server/problem_response.h"
#include "signaling/server/tcp_socket_impl.h"

namespace pairwire::server {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// With no descriptor left accept fails at once and for ever; a pause lets connections end
// meanwhile.
constexpr std::chrono::milliseconds kAcceptPause{100};

// Connections being told that there is no room. Beyond that they are closed without a word.
constexpr std::size_t kMaxRefusedAtOnce = 64;

ClientAddress ToClientAddress(const asio::ip::address& address) {
  ClientAddress out;
  if (address.is_v6()) {
    out.bytes = address.to_v6().to_bytes();
    return out;
  }
  out.bytes = asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()).to_bytes();
  return out;
}

std::string Sentence(const error_code& error, const std::string& where) {
  if (error == asio::error::address_in_use) {
    return where + " is in use: stop the other program or choose another port with --listen";
  }
  if (error == asio::error::access_denied) {
    return where + " is not permitted: choose a port above 1023 with --listen";
  }
  return "cannot listen on " + where + ": " + error.message();
}

}  // namespace

struct Listener::Impl {
  Impl(ConnectionContext& c, HttpHandler& h, Admission& a)
      : context(c), handler(h), admission(a), acceptor(c.loop.io()), resume(c.loop, [this] {
          if (self != nullptr) Accept(*self);
        }) {}

  using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

  static void Accept(const std::shared_ptr<Impl>& impl);
  void OnAccepted(AsioSocket socket);

  ConnectionContext& context;
  HttpHandler& handler;
  Admission& admission;
  Acceptor acceptor;
  Alarm resume;
  bool open = false;
  const std::shared_ptr<Impl>* self = nullptr;  // the Listener's; empty once it is gone
};

Listener::Listener(ConnectionContext& context, HttpHandler& handler, Admission& admission)
    : impl_(std::make_shared<Impl>(context, handler, admission)) {
  impl_->self = &impl_;
}

Listener::~Listener() {
  Close();
  impl_->self = nullptr;
}

Result<void> Listener::Open(const std::string& host, std::uint16_t port) {
  error_code error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  if (error) {
    return Fail(Errc::kInvalidArgument,
                "--listen needs an address such as 127.0.0.1, 0.0.0.0 or [::1]");
  }
  const tcp::endpoint endpoint(address, port);
  const std::string where =
      (address.is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(port);
  auto& acceptor = impl_->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return Fail(Errc::kSystem, Sentence(error, where));
  impl_->open = true;
  return {};
}

std::uint16_t Listener::port() const {
  error_code ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

void Listener::Start() { Impl::Accept(impl_); }

void Listener::Close() {
  impl_->open = false;
  impl_->resume.Cancel();
  error_code ignored;
  impl_->acceptor.close(ignored);
}

void Listener::Impl::Accept(const std::shared_ptr<Impl>& impl) {
  impl->acceptor.async_accept([impl](const error_code& error, AsioSocket socket) {
    if (!impl->open) return;
    if (!error) {
      impl->OnAccepted(std::move(socket));
    } else if (error == asio::error::no_descriptors ||
               error == boost::system::errc::too_many_files_open_in_system ||
               error == asio::error::no_memory || error == asio::error::no_buffer_space) {
      impl->context.log.Warning("accept_paused", {{"reason", error.message()}});
      impl->resume.SetAt(impl->context.loop.Now() + kAcceptPause);
      return;
    }
    Accept(impl);
  });
}

void Listener::Impl::OnAccepted(AsioSocket socket) {
  error_code error;
  const tcp::endpoint remote = socket.remote_endpoint(error);
  if (error) return;  // gone again already
  // Sends small messages at once; reads and writes never block (tcp_socket.h).
  socket.set_option(tcp::no_delay(true), error);
  socket.non_blocking(true, error);
  if (error) return;
  TcpSocket tcp_socket(std::make_shared<TcpSocket::Impl>(std::move(socket)));
  Refusal why = Refusal::kConnections;
  auto ticket = admission.Admit(ToClientAddress(remote.address()), why);
  if (ticket) {
    context.metrics.OnAccepted();
    auto session =
        std::make_unique<HttpSession>(context, handler, std::move(tcp_socket), std::move(*ticket));
    HttpSession& started = *session;
    context.table.Add(std::move(session));
    started.Start();
    return;
  }
  context.metrics.OnRefused(why);
  // Those that are refused hold no ticket, so the difference is their number.
  if (context.table.size() >= admission.connections() + kMaxRefusedAtOnce) return;
  auto session =
      std::make_unique<HttpSession>(context, handler, std::move(tcp_socket), AdmissionTicket());
  HttpSession& refused = *session;
  context.table.Add(std::move(session));
  refused.Refuse(ProblemResponse(protocol::ProblemCode::kNotReady,
                                 "the relay has no room for more connections"));
}

}  // namespace pairwire::server

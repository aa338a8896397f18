// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/net/tls_tunnel.h"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "peer/base/log.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "peer/net/own_address.h"

namespace pairwire::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp;
using TlsStream = asio::ssl::stream<Tcp::socket>;

// A name server is not trusted to be brief.
constexpr std::size_t kMaxAddresses = 4;
// Out of descriptors: the connection stays in the kernel's queue meanwhile.
constexpr std::chrono::milliseconds kAcceptAgain{200};

bool IsAddress(const std::string& host) {
  error_code ec;
  asio::ip::make_address(host, ec);
  return !ec;
}

// What a connection needs of its tunnel, also while the tunnel goes away.
struct Shared {
  Shared(AsioLoop& its_loop, TlsTunnel::Options its_options)
      : loop(its_loop), options(std::move(its_options)) {}

  std::string Server() const {
    const bool v6 = options.host.find(':') != std::string::npos;
    return (v6 ? "[" + options.host + "]" : options.host) + ":" + std::to_string(options.port);
  }

  AsioLoop& loop;
  const TlsTunnel::Options options;
  asio::ssl::context tls{asio::ssl::context::tls_client};
  std::string last_error;
};

// Bytes on their way in one direction.
struct Pump {
  std::array<std::uint8_t, TlsTunnel::kBuffer> buffer;
};

// One connection, from accept to the end. Kept alive by its own pending operations, which is why
// its methods are given the shared pointer.
class Connection {
 public:
  using Self = std::shared_ptr<Connection>;

  Connection(std::shared_ptr<Shared> shared, Tcp::socket client, std::function<void()> on_closed)
      : shared_(std::move(shared)),
        client_(std::move(client)),
        resolver_(shared_->loop.context()),
        on_closed_(std::move(on_closed)),
        timer_(shared_->loop, [this] { OnDeadline(); }) {}

  static void Start(const Self& self);
  // Nothing of it happens any more, its timer included; on_closed is not called.
  void Abort();

 private:
  static void ConnectNext(const Self& self);
  static void Handshake(const Self& self);
  static void OnHandshake(const Self& self, const error_code& ec);
  static void PumpToServer(const Self& self);
  static void PumpToClient(const Self& self);

  void OnDeadline();
  // Forgets the connection, with the reason when it is a failure.
  void Close(const std::string& error = {});
  Result<void> PrepareTls();
  std::string HandshakeError(const error_code& ec);

  const std::shared_ptr<Shared> shared_;
  Tcp::socket client_;
  Tcp::resolver resolver_;
  std::vector<Tcp::endpoint> addresses_;
  std::size_t next_address_ = 0;
  std::string connect_error_ = "it has no address";
  std::unique_ptr<TlsStream> server_;
  std::function<void()> on_closed_;  // empty once closed
  Timer timer_;
  Loop::TimePoint deadline_{};
  bool connecting_ = false;
  bool attempt_timed_out_ = false;
  Pump to_server_;
  Pump to_client_;
};

void Connection::Start(const Self& self) {
  Connection& me = *self;
  const TlsTunnel::Options& options = me.shared_->options;
  me.deadline_ = me.shared_->loop.Now() + options.connect_deadline;
  me.timer_.StartAt(me.deadline_);
  error_code ec;
  // Without these, Nagle holds small messages back.
  me.client_.set_option(Tcp::no_delay(true), ec);
  // An address needs no look-up, and Asio would start a thread for it.
  const auto address = asio::ip::make_address(options.host, ec);
  if (!ec) {
    me.addresses_.emplace_back(address, options.port);
    ConnectNext(self);
    return;
  }
  me.resolver_.async_resolve(
      options.host, std::to_string(options.port), Tcp::resolver::numeric_service,
      [self](const error_code& error, const Tcp::resolver::results_type& results) {
        if (!self->on_closed_) return;
        if (error) {
          self->Close("cannot find " + self->shared_->options.host + ": " + error.message());
          return;
        }
        for (const auto& entry : results) {
          if (self->addresses_.size() < kMaxAddresses) self->addresses_.push_back(entry.endpoint());
        }
        ConnectNext(self);
      });
}

void Connection::ConnectNext(const Self& self) {
  Connection& me = *self;
  if (me.next_address_ == me.addresses_.size()) {
    me.Close("cannot connect to " + me.shared_->Server() + ": " + me.connect_error_);
    return;
  }
  const Tcp::endpoint address = me.addresses_[me.next_address_++];
  me.server_ = std::make_unique<TlsStream>(me.shared_->loop.context(), me.shared_->tls);
  // Each address gets its share of what is left, so that one that is dead leaves time for the next.
  const auto left = me.deadline_ - me.shared_->loop.Now();
  const auto shares = static_cast<std::int64_t>(me.addresses_.size() - me.next_address_ + 1);
  me.attempt_timed_out_ = false;
  me.connecting_ = true;
  me.timer_.Start(left / shares);
  me.server_->next_layer().async_connect(address, [self](const error_code& ec) {
    if (!self->on_closed_) return;
    self->connecting_ = false;
    self->timer_.StartAt(self->deadline_);
    if (ec || self->attempt_timed_out_) {
      self->connect_error_ = self->attempt_timed_out_ ? "no answer" : ec.message();
      ConnectNext(self);
      return;
    }
    Handshake(self);
  });
}

void Connection::OnDeadline() {
  if (connecting_) {
    // The operation ends with an error and takes the next address.
    attempt_timed_out_ = true;
    error_code ignored;
    server_->next_layer().close(ignored);
    return;
  }
  Close(server_ ? shared_->Server() + " does not answer the TLS handshake"
                : "cannot find " + shared_->options.host + ": no answer from the name server");
}

Result<void> Connection::PrepareTls() {
  const std::string& host = shared_->options.host;
  SSL* const ssl = server_->native_handle();
  X509_VERIFY_PARAM* const verify = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  // RFC 6066 section 3: an address is no server name.
  const bool done = IsAddress(host) ? X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str()) == 1
                                    : SSL_set_tlsext_host_name(ssl, host.c_str()) == 1 &&
                                          X509_VERIFY_PARAM_set1_host(verify, host.c_str(), 0) == 1;
  if (!done) return Fail(Errc::kInvalidArgument, "'" + host + "' cannot be the name of a server");
  SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
  return {};
}

void Connection::Handshake(const Self& self) {
  error_code ignored;
  self->server_->next_layer().set_option(Tcp::no_delay(true), ignored);
  if (const auto prepared = self->PrepareTls(); !prepared) {
    self->Close(prepared.error().detail);
    return;
  }
  self->server_->async_handshake(asio::ssl::stream_base::client,
                                 [self](const error_code& ec) { OnHandshake(self, ec); });
}

void Connection::OnHandshake(const Self& self, const error_code& ec) {
  if (!self->on_closed_) return;
  if (ec) {
    self->Close(self->HandshakeError(ec));
    return;
  }
  self->timer_.Stop();
  self->shared_->last_error.clear();
  PumpToServer(self);
  PumpToClient(self);
}

std::string Connection::HandshakeError(const error_code& ec) {
  const std::string& host = shared_->options.host;
  const long result = SSL_get_verify_result(server_->native_handle());
  switch (result) {
    case X509_V_OK:
      return "the TLS handshake with " + shared_->Server() + " failed: " + ec.message();
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the certificate does not match " + host;
    default:
      return "the certificate of " + host +
             " is not trusted: " + X509_verify_cert_error_string(result);
  }
}

// Reads only when what was read before is written: the bound of the buffer, and backpressure.
void Connection::PumpToServer(const Self& self) {
  self->client_.async_read_some(
      asio::buffer(self->to_server_.buffer), [self](const error_code& ec, std::size_t size) {
        if (!self->on_closed_) return;
        if (ec) {
          // Whoever uses the tunnel is done. TURN needs no close_notify: it has its own lengths.
          self->Close();
          return;
        }
        asio::async_write(*self->server_, asio::buffer(self->to_server_.buffer.data(), size),
                          [self](const error_code& write_error, std::size_t) {
                            if (!self->on_closed_) return;
                            if (write_error) {
                              self->Close("the connection to " + self->shared_->Server() +
                                          " was lost: " + write_error.message());
                              return;
                            }
                            PumpToServer(self);
                          });
      });
}

void Connection::PumpToClient(const Self& self) {
  self->server_->async_read_some(asio::buffer(self->to_client_.buffer), [self](const error_code& ec,
                                                                               std::size_t size) {
    if (!self->on_closed_) return;
    if (ec == asio::error::eof || ec == asio::ssl::error::stream_truncated) {
      self->Close(self->shared_->Server() + " closed the connection");
      return;
    }
    if (ec) {
      self->Close("the connection to " + self->shared_->Server() + " was lost: " + ec.message());
      return;
    }
    asio::async_write(self->client_, asio::buffer(self->to_client_.buffer.data(), size),
                      [self](const error_code& write_error, std::size_t) {
                        if (!self->on_closed_) return;
                        if (write_error) {
                          self->Close();
                          return;
                        }
                        PumpToClient(self);
                      });
  });
}

void Connection::Close(const std::string& error) {
  const auto on_closed = on_closed_;
  if (!error.empty()) {
    shared_->last_error = error;
    Log(LogLevel::kDebug, "turns: " + error);
  }
  Abort();
  if (on_closed) on_closed();
}

void Connection::Abort() {
  on_closed_ = nullptr;
  timer_.Stop();
  resolver_.cancel();
  error_code ignored;
  client_.close(ignored);
  if (server_) server_->next_layer().close(ignored);
}

}  // namespace

struct TlsTunnel::Impl {
  Impl(AsioLoop& loop, Options options)
      : shared(std::make_shared<Shared>(loop, std::move(options))),
        acceptor(loop.context()),
        accept_again(loop, [this] { Accept(); }) {}
  ~Impl();

  Result<void> Open();
  void Accept();
  void Admit(Tcp::socket client);

  const std::shared_ptr<Shared> shared;
  Tcp::acceptor acceptor;
  Timer accept_again;
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections;
  std::uint64_t next_id = 1;
  TaskSafety safety;
};

Result<void> TlsTunnel::Impl::Open() {
  const Options& options = shared->options;
  if (options.host.empty() || options.port == 0) {
    return Fail(Errc::kInvalidArgument, "a TURN server has a host and a port");
  }
  error_code ec;
  SSL_CTX_set_min_proto_version(shared->tls.native_handle(), TLS1_2_VERSION);
  if (options.ca_file.empty()) {
    shared->tls.set_default_verify_paths(ec);
  } else {
    shared->tls.load_verify_file(options.ca_file, ec);
  }
  if (ec) {
    return Fail(Errc::kInvalidArgument, "the trusted certificates cannot be read: " + ec.message());
  }
  using asio::ip::address;
  const address loopback = options.listen_v6 ? address(asio::ip::address_v6::loopback())
                                             : address(asio::ip::address_v4::loopback());
  const Tcp::endpoint local(loopback, 0);
  acceptor.open(local.protocol(), ec);
  if (!ec) acceptor.bind(local, ec);
  if (!ec) acceptor.listen(static_cast<int>(kMaxConnections), ec);
  if (ec)
    return Fail(Errc::kSystem, "cannot listen on " + loopback.to_string() + ": " + ec.message());
  return {};
}

void TlsTunnel::Impl::Accept() {
  // The operation that destruction aborts ends after it.
  acceptor.async_accept([this, alive = safety.Watch()](const error_code& ec, Tcp::socket client) {
    if (!*alive) return;
    if (ec) {
      Log(LogLevel::kWarning, "turns: cannot accept: " + ec.message());
      accept_again.Start(kAcceptAgain);
      return;
    }
    Admit(std::move(client));
    Accept();
  });
}

void TlsTunnel::Impl::Admit(Tcp::socket client) {
  // libnice connects from the address of a host candidate. Other machines cannot come here at all,
  // unless somebody made the system route 127.0.0.0/8 (route_localnet).
  error_code ec;
  const Tcp::endpoint from = client.remote_endpoint(ec);
  sockaddr_storage address{};
  std::memcpy(&address, from.data(), std::min(from.size(), sizeof(address)));
  if (ec || !IsOwnAddress(address) || connections.size() >= kMaxConnections) {
    Log(LogLevel::kWarning, "turns: a connection was turned away");
    return;
  }
  const std::uint64_t id = next_id++;
  const auto connection = std::make_shared<Connection>(shared, std::move(client),
                                                       [this, id] { connections.erase(id); });
  connections.emplace(id, connection);
  Connection::Start(connection);
}

TlsTunnel::Impl::~Impl() {
  for (const auto& [id, connection] : connections) connection->Abort();
}

Result<std::unique_ptr<TlsTunnel>> TlsTunnel::Create(AsioLoop& loop, Options options) {
  auto impl = std::make_unique<Impl>(loop, std::move(options));
  if (const auto opened = impl->Open(); !opened) return tl::unexpected(opened.error());
  impl->Accept();
  return std::unique_ptr<TlsTunnel>(new TlsTunnel(std::move(impl)));
}

TlsTunnel::TlsTunnel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsTunnel::~TlsTunnel() = default;

std::uint16_t TlsTunnel::port() const {
  error_code ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

std::size_t TlsTunnel::connections() const { return impl_->connections.size(); }
const std::string& TlsTunnel::last_error() const { return impl_->shared->last_error; }

}  // namespace pairwire::net

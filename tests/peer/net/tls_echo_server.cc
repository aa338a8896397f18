// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/peer/net/tls_echo_server.h"

#include <openssl/ssl.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <thread>
#include <utility>

namespace pairwire::test {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp;

}  // namespace

struct TlsEchoServer::Impl {
  struct Client {
    Client(Tcp::socket socket, asio::ssl::context& tls, Watched<Seen>& its_seen)
        : stream(std::move(socket), tls), seen(its_seen) {
      seen.Update([](Seen& now) { ++now.open; });
    }
    ~Client() {
      seen.Update([](Seen& now) { --now.open; });
    }
    asio::ssl::stream<Tcp::socket> stream;
    Watched<Seen>& seen;
    std::array<char, 4096> buffer;
    std::size_t echoed = 0;
  };

  Impl(const TestCertificate& certificate, Options its_options) : options(its_options) {
    tls.use_certificate_chain_file(certificate.certificate());
    tls.use_private_key_file(certificate.key(), asio::ssl::context::pem);
    if (options.newest_version != 0) {
      SSL_CTX_set_security_level(tls.native_handle(), 0);
      SSL_CTX_set_min_proto_version(tls.native_handle(), 0);
      SSL_CTX_set_max_proto_version(tls.native_handle(), options.newest_version);
    }
    Accept();
    thread = std::thread([this] { context.run(); });
  }

  ~Impl() {
    context.stop();
    thread.join();
  }

  void Accept() {
    acceptor.async_accept([this](const error_code& ec, Tcp::socket socket) {
      if (ec) return;
      seen.Update([](Seen& now) { ++now.accepted; });
      const auto client = std::make_shared<Client>(std::move(socket), tls, seen);
      if (options.silent) {
        // Waits for the end of a connection that it otherwise leaves alone.
        Drain(client);
      } else {
        client->stream.async_handshake(
            asio::ssl::stream_base::server, [this, client](const error_code& handshake) {
              if (handshake) return;
              const char* const name =
                  SSL_get_servername(client->stream.native_handle(), TLSEXT_NAMETYPE_host_name);
              seen.Update([&](Seen& now) { now.server_name = name == nullptr ? "" : name; });
              if (options.reads) Echo(client);
              if (!options.reads) stalled = client;
            });
      }
      Accept();
    });
  }

  void Drain(const std::shared_ptr<Client>& client) {
    client->stream.next_layer().async_read_some(asio::buffer(client->buffer),
                                                [this, client](const error_code& ec, std::size_t) {
                                                  if (!ec) Drain(client);
                                                });
  }

  void Echo(const std::shared_ptr<Client>& client) {
    client->stream.async_read_some(
        asio::buffer(client->buffer), [this, client](const error_code& ec, std::size_t size) {
          if (ec) return;
          asio::async_write(client->stream, asio::buffer(client->buffer.data(), size),
                            [this, client](const error_code& write_error, std::size_t written) {
                              if (write_error) return;
                              client->echoed += written;
                              const auto limit = options.close_after;
                              if (limit == 0 || client->echoed < limit) Echo(client);
                            });
        });
  }

  const Options options;
  asio::io_context context;
  Watched<Seen> seen;
  asio::ssl::context tls{asio::ssl::context::tls_server};
  Tcp::acceptor acceptor{context, Tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::shared_ptr<Client> stalled;
  std::thread thread;
};

TlsEchoServer::TlsEchoServer(const TestCertificate& certificate, Options options)
    : impl_(std::make_unique<Impl>(certificate, options)) {}
TlsEchoServer::~TlsEchoServer() = default;

std::uint16_t TlsEchoServer::port() const { return impl_->acceptor.local_endpoint().port(); }
const Watched<TlsEchoServer::Seen>& TlsEchoServer::seen() const { return impl_->seen; }

}  // namespace pairwire::test

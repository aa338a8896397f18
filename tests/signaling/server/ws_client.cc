// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// WsClient of test_client.h, in a file of its own because Beast takes long to compile.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket.hpp>

#include "tests/signaling/server/test_client.h"

namespace pairwire::server::testing {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

struct WsClient::Impl {
  asio::io_context io{1};
  websocket::stream<asio::ip::tcp::socket> stream{io};
  Response refusal;
  std::string subprotocol;
  bool open = false;

  // Runs one operation; true when it ended in time and without error.
  template <typename Start>
  bool Do(Start start) {
    bool done = false;
    error_code result;
    start([&](const error_code& error, auto&&...) {
      done = true;
      result = error;
    });
    io.restart();
    io.run_for(kDeadline);
    if (!done) {
      error_code ignored;
      stream.next_layer().close(ignored);
      io.restart();
      io.run();
      return false;
    }
    return !result;
  }
};

WsClient::WsClient() : impl_(std::make_unique<Impl>()) {}
WsClient::~WsClient() = default;
WsClient::WsClient(WsClient&&) noexcept = default;

int WsClient::Connect(std::uint16_t port, const Options& options) {
  Impl& impl = *impl_;
  error_code error;
  impl.stream.next_layer().connect({asio::ip::address_v4::loopback(), port}, error);
  if (error) return 0;
  impl.stream.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
    for (const auto& [name, value] : options.headers) request.insert(name, value);
    if (!options.subprotocol.empty())
      request.set(beast::http::field::sec_websocket_protocol, options.subprotocol);
  }));
  websocket::response_type response;
  impl.open = impl.Do(
      [&](auto handler) { impl.stream.async_handshake(response, "relay.test", "/ws", handler); });
  impl.refusal.status = static_cast<int>(response.result_int());
  impl.refusal.body = response.body();
  impl.subprotocol = std::string(response[beast::http::field::sec_websocket_protocol]);
  return impl.refusal.status;
}

int WsClient::ConnectWithBearer(std::uint16_t port, const std::string& token) {
  return Connect(port, Options{Bearer(token), "pairwire.v1"});
}

const Response& WsClient::refusal() const { return impl_->refusal; }
std::string WsClient::chosen_subprotocol() const { return impl_->subprotocol; }

bool WsClient::Send(std::string_view text) {
  impl_->stream.text(true);
  return impl_->Do([&](auto handler) {
    impl_->stream.async_write(asio::buffer(text.data(), text.size()), handler);
  });
}

bool WsClient::SendBinary(std::string_view bytes) {
  impl_->stream.text(false);
  return impl_->Do([&](auto handler) {
    impl_->stream.async_write(asio::buffer(bytes.data(), bytes.size()), handler);
  });
}

std::optional<std::string> WsClient::Read() {
  beast::flat_buffer buffer;
  if (!impl_->Do([&](auto handler) { impl_->stream.async_read(buffer, handler); }))
    return std::nullopt;
  return std::string(static_cast<const char*>(buffer.data().data()), buffer.size());
}

std::optional<std::string> WsClient::ReadType(std::string_view type) {
  while (true) {
    auto message = Read();
    if (!message || JsonValue(*message, "type") == type) return message;
  }
}

int WsClient::ReadToClose() {
  while (Read()) {
  }
  const int code = impl_->stream.reason().code;
  return code == 0 ? 1006 : code;
}

void WsClient::Close() {
  impl_->Do(
      [&](auto handler) { impl_->stream.async_close(websocket::close_code::normal, handler); });
}

}  // namespace pairwire::server::testing

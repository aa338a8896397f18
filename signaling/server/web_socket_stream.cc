// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/web_socket_stream.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <list>
#include <utility>

#include "signaling/server/tcp_socket_impl.h"
#include "signaling/server/version.h"

namespace pairwire::server {

namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

// Shared by the WebSocketStream and Beast's operations under way: those refer to the stream and the
// buffers until they end, which is some turns after the socket was closed. `events` is empty from
// then on.
struct WebSocketStream::Impl {
  Impl(Events* e, AsioSocket socket, const WebSocketOptions& o)
      : events(e), stream(std::move(socket)), options(o) {}

  // Beast's operations hold what they were started with, so these take the shared pointer along.
  static void Read(const std::shared_ptr<Impl>& self);
  static void WriteNext(const std::shared_ptr<Impl>& self);
  static void OnRead(const std::shared_ptr<Impl>& self, const error_code& error);
  void Fail() {
    if (Events* e = std::exchange(events, nullptr)) e->OnClosed();
  }

  Events* events;
  websocket::stream<AsioSocket> stream;
  const WebSocketOptions options;
  boost::beast::flat_buffer input;
  std::list<std::string> queue;  // its front is being written while `writing`
  std::size_t queued_bytes = 0;
  bool writing = false;
  bool reading = true;
  bool closing = false;  // Close was called; the frame goes out after the queue
  websocket::close_reason close_reason;
};

WebSocketStream::WebSocketStream(Events& events, TcpSocket socket, const WebSocketOptions& options)
    : impl_(std::make_shared<Impl>(&events, std::move(socket.Release()->socket), options)) {
  auto& stream = impl_->stream;
  websocket::stream_base::timeout timeout;
  timeout.handshake_timeout = options.handshake;
  timeout.idle_timeout = options.idle;
  timeout.keep_alive_pings = true;
  stream.set_option(timeout);
  // The bound is checked in OnRead, so that an error can be sent before the close (Beast would only
  // close).
  stream.read_message_max(0);
  // Messages go out whole from the queue's own memory; Beast's 4 KiB write buffer would never be
  // used.
  stream.auto_fragment(false);
  stream.write_buffer_bytes(8);
  stream.text(true);
}

WebSocketStream::~WebSocketStream() {
  impl_->events = nullptr;
  error_code ignored;
  impl_->stream.next_layer().close(ignored);
}

void WebSocketStream::Accept(const HttpRequest& request, std::string_view subprotocol) {
  http::request<http::empty_body> upgrade{http::verb::get, request.path, 11};
  for (const auto& [name, value] : request.headers) upgrade.insert(name, value);
  impl_->stream.set_option(websocket::stream_base::decorator(
      [chosen = std::string(subprotocol)](websocket::response_type& response) {
        response.set(http::field::sec_websocket_protocol, chosen);
        response.set(http::field::server, "pairwire-relay/" + std::string(kVersion));
      }));
  impl_->stream.async_accept(upgrade, [impl = impl_](const error_code& error) {
    if (impl->events == nullptr) return;
    if (error) {
      impl->Fail();
      return;
    }
    Impl::Read(impl);
    impl->events->OnOpen();
  });
}

void WebSocketStream::Impl::Read(const std::shared_ptr<Impl>& self) {
  // Not more than the bound and one byte, however large the frame says it is.
  const std::size_t room = self->options.message_bytes + 1 - self->input.size();
  self->stream.async_read_some(
      self->input, room,
      [self](const error_code& error, std::size_t /*bytes*/) { OnRead(self, error); });
}

void WebSocketStream::Impl::OnRead(const std::shared_ptr<Impl>& self, const error_code& error) {
  if (self->events == nullptr) return;
  if (error) {
    self->Fail();
    return;
  }
  if (!self->reading) {
    // Closing: what still comes is read away until the other side's close frame, and not kept.
    self->input.consume(self->input.size());
  } else if (self->input.size() > self->options.message_bytes) {
    self->reading = false;
    self->input = boost::beast::flat_buffer();
    self->events->OnTooLarge();
  } else if (self->stream.is_message_done()) {
    const bool text = self->stream.got_text();
    boost::beast::flat_buffer message = std::move(self->input);
    self->input = boost::beast::flat_buffer();  // an idle socket keeps no buffer
    if (text) {
      self->events->OnText({static_cast<const char*>(message.data().data()), message.size()});
    } else {
      self->reading = false;
      self->events->OnBinary();
    }
  }
  if (self->events != nullptr) Read(self);
}

bool WebSocketStream::Send(std::string text) {
  Impl& impl = *impl_;
  if (impl.closing || impl.events == nullptr) return true;  // nobody will miss it
  if (impl.queue.size() >= impl.options.queue_messages ||
      impl.queued_bytes + text.size() > impl.options.queue_bytes) {
    return false;
  }
  impl.queued_bytes += text.size();
  impl.queue.push_back(std::move(text));
  if (!impl.writing) Impl::WriteNext(impl_);
  return true;
}

void WebSocketStream::Impl::WriteNext(const std::shared_ptr<Impl>& self) {
  if (self->queue.empty()) {
    if (!self->closing) return;
    self->writing = true;
    self->stream.async_close(self->close_reason, [self](const error_code&) { self->Fail(); });
    return;
  }
  self->writing = true;
  self->stream.async_write(boost::asio::buffer(self->queue.front()),
                           [self](const error_code& error, std::size_t /*bytes*/) {
                             self->writing = false;
                             self->queued_bytes -= self->queue.front().size();
                             self->queue.pop_front();
                             if (self->events == nullptr) return;
                             if (error) {
                               self->Fail();
                               return;
                             }
                             WriteNext(self);
                           });
}

void WebSocketStream::Close(std::uint16_t code, std::string_view reason) {
  Impl& impl = *impl_;
  if (impl.closing || impl.events == nullptr) return;
  impl.closing = true;
  impl.reading = false;
  impl.close_reason =
      websocket::close_reason(static_cast<websocket::close_code>(code),
                              boost::beast::string_view(reason.data(), reason.size()));
  if (!impl.writing) Impl::WriteNext(impl_);
}

std::size_t WebSocketStream::queued_bytes() const { return impl_->queued_bytes; }

}  // namespace pairwire::server

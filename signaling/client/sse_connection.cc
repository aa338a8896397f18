// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/client/sse_connection.h"

#include <array>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdint>
#include <utility>

#include "peer/base/asio_loop.h"
#include "signaling/client/beast_errors.h"
#include "signaling/client/dialer.h"

namespace pairwire {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {
constexpr std::uint32_t kMaxHeaderBytes = 8 * 1024;
constexpr std::size_t kMaxRefusalBytes = 16 * 1024;
}  // namespace

struct SseConnection::Core {
  Core(RelayEndpoint& endpoint, const RelayTarget& target, SseConnectionEvents on)
      : url(target.relay),
        dialer(std::make_shared<Dialer>(endpoint.loop.context(), endpoint, url)),
        events(std::move(on)) {
    parser.header_limit(kMaxHeaderBytes);
    parser.body_limit(
        boost::none);  // Endless by design; what is kept of it is bounded by SseParser.
    request.method(http::verb::get);
    request.target(target.target);
    request.version(11);
    request.set(http::field::host, url.HostHeader());
    request.set(http::field::user_agent, "pairwire");
    request.set(http::field::accept, "text/event-stream");
    request.set(http::field::cache_control, "no-cache");
  }

  template <typename Stream>
  static void Exchange(const std::shared_ptr<Core>& self, Stream& stream) {
    http::async_write(stream, self->request, [self, &stream](const error_code& ec, std::size_t) {
      if (self->over) return;
      if (ec) {
        self->End(ReadFailed(self->url, ec));
        return;
      }
      ReadHeader(self, stream);
    });
  }

  template <typename Stream>
  static void ReadHeader(const std::shared_ptr<Core>& self, Stream& stream) {
    http::async_read_header(stream, self->buffer, self->parser,
                            [self, &stream](const error_code& ec, std::size_t) {
                              if (self->over) return;
                              if (ec) {
                                self->End(ReadFailed(self->url, ec));
                                return;
                              }
                              self->JudgeHeader();
                              if (!self->over) ReadBody(self, stream);
                            });
  }

  // Beast fills body().data and stops with need_buffer when it is full.
  template <typename Stream>
  static void ReadBody(const std::shared_ptr<Core>& self, Stream& stream) {
    auto& body = self->parser.get().body();
    body.data = self->chunk.data();
    body.size = self->chunk.size();
    http::async_read_some(stream, self->buffer, self->parser,
                          [self, &stream](error_code ec, std::size_t) {
                            if (self->over) return;
                            if (ec == http::error::need_buffer) ec = {};
                            self->TakeBody(ec);
                            if (!self->over) ReadBody(self, stream);
                          });
  }

  void JudgeHeader() {
    const auto& header = parser.get();
    const auto type = header[http::field::content_type];
    accepted = header.result() == http::status::ok && type.starts_with("text/event-stream");
    refusal.status = static_cast<int>(header.result_int());
    if (accepted && events.on_open) Copy(events.on_open)();
  }

  void TakeBody(const error_code& ec) {
    const std::size_t got = chunk.size() - parser.get().body().size;
    const std::string_view bytes(chunk.data(), got);
    if (!accepted) {
      if (refusal.body.size() + got <= kMaxRefusalBytes) refusal.body += bytes;
      const bool enough = ec || parser.is_done() || refusal.body.size() + got > kMaxRefusalBytes;
      if (enough) Refuse();
      return;
    }
    if (got > 0 && events.on_bytes) Copy(events.on_bytes)(bytes);
    if (over) return;
    if (ec) {
      End(ReadFailed(url, ec));
    } else if (parser.is_done()) {
      End(Unreachable(url, "the event stream ended"));
    }
  }

  // A callback may destroy the connection, and with it the function that is running: call a copy.
  template <typename F>
  static F Copy(const F& function) {
    return function;
  }

  void Refuse() {
    const auto on_refused = events.on_refused;
    const HttpResponse response = std::move(refusal);
    Stop();
    if (on_refused) on_refused(response);
  }

  void End(const Error& error) {
    const auto on_ended = events.on_ended;
    Stop();
    if (on_ended) on_ended(error);
  }

  void Stop() {
    over = true;
    events = {};
    dialer->Cancel();
    stream.Close();
  }

  const RelayUrl url;
  const std::shared_ptr<Dialer> dialer;
  SseConnectionEvents events;
  http::request<http::empty_body> request;
  beast::flat_buffer buffer{kMaxHeaderBytes + 64 * 1024};
  http::response_parser<http::buffer_body> parser;
  std::array<char, 4096> chunk{};
  bool accepted = false;
  bool over = false;
  HttpResponse refusal;
  DialedStream stream;
};

SseConnection::SseConnection(RelayEndpoint& endpoint, const RelayTarget& target,
                             const std::string& token, const std::string& last_event_id,
                             SseConnectionEvents events)
    : core_(std::make_shared<Core>(endpoint, target, std::move(events))) {
  core_->request.set(http::field::authorization, BearerOf(token));
  if (!last_event_id.empty()) core_->request.set("Last-Event-ID", last_event_id);
  Dialer::Start(core_->dialer, [core = core_](Result<DialedStream> dialed) {
    if (core->over) return;
    if (!dialed) {
      core->End(dialed.error());
      return;
    }
    core->stream = std::move(*dialed);
    if (core->stream.tls) {
      Core::Exchange(core, *core->stream.tls);
    } else {
      Core::Exchange(core, *core->stream.plain);
    }
  });
}

SseConnection::~SseConnection() { core_->Stop(); }

}  // namespace pairwire

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/client/http_client.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
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
constexpr std::chrono::seconds kMaxRetryAfter{3600};

}  // namespace

std::optional<std::chrono::seconds> ParseRetryAfter(std::string_view text) {
  unsigned seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return std::min(std::chrono::seconds(seconds), kMaxRetryAfter);
}

struct HttpCall::Core {
  Core(RelayEndpoint& endpoint, HttpRequest from, Done on_done)
      : url(from.target.relay),
        deadline(endpoint.loop.context(), from.deadline),
        dialer(std::make_shared<Dialer>(endpoint.loop.context(), endpoint, url)),
        done(std::move(on_done)) {
    parser.header_limit(kMaxHeaderBytes);
    parser.body_limit(from.max_body_bytes);
    request.method_string(from.method);
    request.target(from.target.target);
    request.version(11);
    request.set(http::field::host, url.HostHeader());
    request.set(http::field::user_agent, "pairwire");
    request.set(http::field::accept, "application/json");
    request.set(http::field::connection, "close");
    if (!from.token.empty()) request.set(http::field::authorization, BearerOf(from.token));
    if (!from.body.empty()) request.set(http::field::content_type, "application/json");
    request.body() = std::move(from.body);
    request.prepare_payload();
  }

  template <typename Stream>
  static void Exchange(const std::shared_ptr<Core>& self, Stream& stream) {
    http::async_write(stream, self->request, [self, &stream](const error_code& ec, std::size_t) {
      if (!self->done) return;
      // A relay may refuse before it has read everything: look for its answer even then.
      self->write_error = ec;
      Read(self, stream);
    });
  }

  template <typename Stream>
  static void Read(const std::shared_ptr<Core>& self, Stream& stream) {
    http::async_read(stream, self->buffer, self->parser, [self](const error_code& ec, std::size_t) {
      if (!self->done) return;
      if (ec) {
        self->Finish(
            tl::unexpected(ReadFailed(self->url, self->write_error ? self->write_error : ec)));
        return;
      }
      self->Finish(self->Answer());
    });
  }

  HttpResponse Answer() {
    auto& message = parser.get();
    HttpResponse response;
    response.status = static_cast<int>(message.result_int());
    const auto retry_after = message[http::field::retry_after];
    response.retry_after = ParseRetryAfter({retry_after.data(), retry_after.size()});
    response.body = std::move(message.body());
    return response;
  }

  void Stop() {
    done = nullptr;
    deadline.cancel();
    dialer->Cancel();
    stream.Close();
  }

  void Finish(Result<HttpResponse> result) {
    const Done call = std::exchange(done, nullptr);
    Stop();
    if (call) call(std::move(result));
  }

  const RelayUrl url;
  boost::asio::steady_timer deadline;
  const std::shared_ptr<Dialer> dialer;
  Done done;  // empty: over
  http::request<http::string_body> request;
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  error_code write_error;
  DialedStream stream;
};

HttpCall::HttpCall(RelayEndpoint& endpoint, HttpRequest request, Done done)
    : core_(std::make_shared<Core>(endpoint, std::move(request), std::move(done))) {
  core_->deadline.async_wait([core = core_](const error_code& ec) {
    if (!ec && core->done) core->Finish(tl::unexpected(DeadlinePassed(core->url)));
  });
  Dialer::Start(core_->dialer, [core = core_](Result<DialedStream> dialed) {
    if (!core->done) return;
    if (!dialed) {
      core->Finish(tl::unexpected(std::move(dialed.error())));
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

HttpCall::~HttpCall() { core_->Stop(); }

}  // namespace pairwire

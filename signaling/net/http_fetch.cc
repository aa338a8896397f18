// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/net/http_fetch.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace pairwire::net {
namespace {

constexpr std::size_t kMaxUrlBytes = 2048;
// In one turn; a large document leaves others their turn.
constexpr std::size_t kReadBytes = 16 * 1024;

bool SameWord(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::uint16_t> ToPort(std::string_view text) {
  std::uint16_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || last != end) return std::nullopt;
  return number;
}

}  // namespace

Result<HttpsUrl> HttpsUrl::Parse(std::string_view text) {
  constexpr std::string_view kScheme = "https://";
  const auto wrong = [] {
    return Fail(Errc::kInvalidArgument,
                "the URL must look like https://host[:port]/path, without user or fragment");
  };
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < '\x7f' && c != '"' && c != '<' && c != '>' && c != '\\' && c != '#';
  });
  if (!plain || text.size() > kMaxUrlBytes || !SameWord(text.substr(0, kScheme.size()), kScheme)) {
    return wrong();
  }
  text.remove_prefix(kScheme.size());
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  std::string_view authority = text.substr(0, end);
  HttpsUrl url;
  if (end < text.size()) url.target = text.substr(end);
  if (url.target.front() == '?') url.target.insert(0, "/");
  if (authority.find('@') != std::string_view::npos) return wrong();
  std::string_view port;
  if (!authority.empty() && authority.front() == '[') {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return wrong();
    url.host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
    if (!authority.empty() && authority.front() != ':') return wrong();
    if (!authority.empty()) port = authority.substr(1);
    if (!authority.empty() && port.empty()) return wrong();
  } else {
    const std::size_t colon = authority.find(':');
    url.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) {
      port = authority.substr(colon + 1);
      if (port.empty()) return wrong();
    }
  }
  if (url.host.empty()) return wrong();
  if (!port.empty()) {
    const auto number = ToPort(port);
    if (!number || *number == 0) return wrong();
    url.port = *number;
  }
  return url;
}

std::string HttpsUrl::Authority() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + (port == 443 ? "" : ":" + std::to_string(port));
}

HttpFetch::HttpFetch(EventLoop& loop, Resolver& resolver)
    : loop_(loop),
      dialer_(loop, resolver),
      alarm_(loop, [this] { Finish(Fail(Errc::kTimedOut, "no whole answer in time")); }) {}

HttpFetch::~HttpFetch() { Cancel(); }

void HttpFetch::Get(const HttpsUrl& url, const TlsContext& tls, std::size_t max_body,
                    std::chrono::milliseconds deadline, Done done) {
  Cancel();
  done_ = std::move(done);
  max_body_ = max_body;
  output_ = "GET " + url.target + " HTTP/1.1\r\nHost: " + url.Authority() +
            "\r\nAccept: application/json\r\nConnection: close\r\n\r\n";
  // The dialler's own deadline comes first where it is what takes so long, with its sentence.
  alarm_.SetAt(loop_.Now() + deadline + std::chrono::milliseconds(1));
  dialer_.Dial({url.host, url.port, &tls}, deadline,
               [this](Result<Socket> socket) { OnConnected(std::move(socket)); });
}

void HttpFetch::Cancel() {
  dialer_.Cancel();
  alarm_.Cancel();
  socket_.Close();
  input_ = {};
  output_ = {};
  done_ = nullptr;
}

void HttpFetch::OnConnected(Result<Socket> socket) {
  if (!socket) return Finish(tl::unexpected(std::move(socket.error())));
  socket_ = std::move(*socket);
  socket_.SetEvents(this);
  socket_.WantRead(true);
  socket_.WantWrite(true);
}

void HttpFetch::OnWritable() {
  const Socket::Io io = socket_.Write(output_);
  if (io.status == Socket::Io::Status::kWouldBlock) return;
  if (io.status != Socket::Io::Status::kOk) {
    return Finish(Fail(Errc::kSystem, "the connection broke: " + socket_.error()));
  }
  output_.erase(0, io.bytes);
  if (output_.empty()) socket_.WantWrite(false);
}

void HttpFetch::OnReadable() {
  std::array<char, kReadBytes> buffer;
  const Socket::Io io = socket_.Read(buffer.data(), buffer.size());
  if (io.status == Socket::Io::Status::kWouldBlock) return;
  if (io.status == Socket::Io::Status::kError) {
    return Finish(Fail(Errc::kSystem, "the connection broke: " + socket_.error()));
  }
  const bool ended = io.status == Socket::Io::Status::kEnd;
  if (!ended) input_.append(buffer.data(), io.bytes);
  // Chunks of a byte each, interim answers without end.
  if (input_.size() > kMaxHeadBytes + 2 * max_body_) {
    return Finish(Fail(Errc::kLimitExceeded, "the answer is too large"));
  }
  auto body = ParseHttpResponse(input_, ended, max_body_);
  if (!body) return Finish(tl::unexpected(std::move(body.error())));
  if (body->has_value()) return Finish(std::move(**body));
}

void HttpFetch::Finish(Result<std::string> body) {
  const Done done = std::move(done_);
  Cancel();
  done(std::move(body));
}

}  // namespace pairwire::net

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/net/http_fetch.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace pairwire::net {
namespace {

constexpr std::size_t kMaxUrlBytes = 2048;
// Of a chunk's size line, extensions included.
constexpr std::size_t kMaxChunkLine = 256;
// In one turn; a large document leaves others their turn.
constexpr std::size_t kReadBytes = 16 * 1024;

bool SameWord(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <typename Number>
std::optional<Number> ToNumber(std::string_view text, int base = 10) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, number, base);
  if (text.empty() || error != std::errc() || last != end) return std::nullopt;
  return number;
}

using Body = Result<std::optional<std::string>>;

Body More(bool ended) {
  if (ended) return Fail(Errc::kSystem, "the answer ended too soon");
  return std::optional<std::string>();
}

Body TooLarge() { return Fail(Errc::kLimitExceeded, "the answer is too large"); }
Body NotHttp() { return Fail(Errc::kParseError, "the answer is not HTTP"); }

struct Head {
  int status = 0;
  bool chunked = false;
  std::optional<std::uint64_t> length;
};

// `text` is the head without its empty line.
std::optional<Head> ParseHead(std::string_view text) {
  Head head;
  const std::size_t end = std::min(text.find("\r\n"), text.size());
  const std::string_view line = text.substr(0, end);
  if (line.substr(0, 7) != "HTTP/1." || line.size() < 12 || line[8] != ' ') return std::nullopt;
  const auto status = ToNumber<int>(line.substr(9, 3));
  if (!status) return std::nullopt;
  head.status = *status;
  text.remove_prefix(std::min(text.size(), end + 2));
  while (!text.empty()) {
    const std::size_t stop = std::min(text.find("\r\n"), text.size());
    const std::string_view field = text.substr(0, stop);
    text.remove_prefix(std::min(text.size(), stop + 2));
    const std::size_t colon = field.find(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    const std::string_view name = field.substr(0, colon);
    const std::string_view value = Trim(field.substr(colon + 1));
    if (SameWord(name, "Content-Length")) {
      const auto length = ToNumber<std::uint64_t>(value);
      if (!length || (head.length && *head.length != *length)) return std::nullopt;
      head.length = length;
    } else if (SameWord(name, "Transfer-Encoding")) {
      // Nothing else was asked for.
      if (!SameWord(value, "chunked")) return std::nullopt;
      head.chunked = true;
    } else if (SameWord(name, "Content-Encoding") && !SameWord(value, "identity")) {
      return std::nullopt;
    }
  }
  return head;
}

Body ReadChunks(std::string_view bytes, bool ended, std::size_t max_body) {
  std::string body;
  for (;;) {
    const std::size_t end = bytes.find("\r\n");
    if (end == std::string_view::npos && bytes.size() <= kMaxChunkLine) return More(ended);
    if (end == std::string_view::npos || end > kMaxChunkLine) return NotHttp();
    const std::string_view line = bytes.substr(0, end);
    const auto size = ToNumber<std::uint64_t>(Trim(line.substr(0, line.find(';'))), 16);
    if (!size) return NotHttp();
    if (*size > max_body - body.size()) return TooLarge();
    // What trails the last one is not read.
    if (*size == 0) return std::optional<std::string>(std::move(body));
    bytes.remove_prefix(end + 2);
    if (bytes.size() < *size + 2) return More(ended);
    body.append(bytes.substr(0, *size));
    if (bytes.substr(*size, 2) != "\r\n") return NotHttp();
    bytes.remove_prefix(*size + 2);
  }
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
    const auto number = ToNumber<std::uint16_t>(port);
    if (!number || *number == 0) return wrong();
    url.port = *number;
  }
  return url;
}

std::string HttpsUrl::Authority() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + (port == 443 ? "" : ":" + std::to_string(port));
}

Body ParseHttpResponse(std::string_view bytes, bool ended, std::size_t max_body) {
  for (;;) {
    const std::size_t end = bytes.find("\r\n\r\n");
    if (std::min(end, bytes.size()) > kMaxHeadBytes) return TooLarge();
    if (end == std::string_view::npos) return More(ended);
    const auto head = ParseHead(bytes.substr(0, end));
    if (!head) return NotHttp();
    bytes.remove_prefix(end + 4);
    if (head->status >= 100 && head->status < 200 && head->status != 101) continue;
    if (head->status != 200) {
      return Fail(Errc::kSystem, "the answer has the status " + std::to_string(head->status));
    }
    if (head->chunked) return ReadChunks(bytes, ended, max_body);
    if (head->length) {
      if (*head->length > max_body) return TooLarge();
      if (bytes.size() < *head->length) return More(ended);
      return std::optional<std::string>(bytes.substr(0, *head->length));
    }
    if (bytes.size() > max_body) return TooLarge();
    if (!ended) return More(false);
    return std::optional<std::string>(bytes);
  }
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

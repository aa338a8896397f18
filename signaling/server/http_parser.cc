// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/http_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

namespace pairwire::server {
namespace http = boost::beast::http;
using protocol::ProblemCode;

struct HttpParser::Impl {
  http::request_parser<http::string_body> parser;
  bool header_checked = false;
  bool expects_continue = false;
  std::string path;
  std::string query;
};

HttpParser::HttpParser(std::size_t header_limit, std::size_t body_limit)
    : impl_(std::make_unique<Impl>()) {
  impl_->parser.header_limit(static_cast<std::uint32_t>(header_limit));
  impl_->parser.body_limit(body_limit);
  impl_->parser.eager(true);
}

HttpParser::~HttpParser() = default;

HttpParser::Status HttpParser::Fail(ProblemCode problem) {
  problem_ = problem;
  return Status::kFailed;
}

HttpParser::Status HttpParser::Feed(std::string& buffer) {
  auto& parser = impl_->parser;
  while (!parser.is_done()) {
    boost::system::error_code error;
    const std::size_t used = parser.put(boost::asio::buffer(buffer), error);
    buffer.erase(0, used);
    if (error == http::error::header_limit) return Fail(ProblemCode::kHeadersTooLarge);
    if (error == http::error::body_limit) return Fail(ProblemCode::kPayloadTooLarge);
    if (error && error != http::error::need_more) return Fail(ProblemCode::kInvalidRequest);
    if (parser.is_header_done() && !impl_->header_checked) {
      impl_->header_checked = true;
      if (CheckHeader() == Status::kFailed) return Status::kFailed;
    }
    if (error == http::error::need_more || used == 0) {
      return parser.is_done() ? Status::kComplete : Status::kNeedMore;
    }
  }
  return Status::kComplete;
}

HttpParser::Status HttpParser::CheckHeader() {
  const auto& message = impl_->parser.get();
  // RFC 9112 3.2: exactly one Host in HTTP/1.1. Two of them are how requests are smuggled past a
  // proxy.
  const std::size_t hosts = message.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() >= 11))
    return Fail(ProblemCode::kInvalidRequest);
  if (message.count(http::field::content_length) > 1 ||
      message.count(http::field::transfer_encoding) > 1) {
    return Fail(ProblemCode::kInvalidRequest);
  }
  if (message.count(http::field::transfer_encoding) == 1 && !impl_->parser.chunked()) {
    return Fail(ProblemCode::kInvalidRequest);
  }
  const auto expect = message[http::field::expect];
  if (!expect.empty()) {
    if (!EqualsIgnoringCase({expect.data(), expect.size()}, "100-continue")) {
      return Fail(ProblemCode::kInvalidRequest);
    }
    impl_->expects_continue = !impl_->parser.is_done();
  }
  std::string_view target(message.target().data(), message.target().size());
  const std::size_t question = target.find('?');
  if (question != std::string_view::npos) {
    impl_->query = std::string(target.substr(question + 1));
    target = target.substr(0, question);
  }
  if (target == "*") {  // OPTIONS * (RFC 9112 3.2.4)
    impl_->path = "*";
    return Status::kNeedMore;
  }
  if (target.empty() || target.front() != '/' || !PercentDecode(target, impl_->path)) {
    return Fail(ProblemCode::kInvalidRequest);
  }
  return Status::kNeedMore;
}

bool HttpParser::TakeExpectContinue() { return std::exchange(impl_->expects_continue, false); }

HttpRequest HttpParser::TakeRequest() {
  auto message = impl_->parser.release();
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.path = std::move(impl_->path);
  request.query = std::move(impl_->query);
  request.keep_alive = message.keep_alive();
  for (const auto& field : message) {
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  request.body = std::move(message.body());
  return request;
}

}  // namespace pairwire::server

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/net/http_response.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

namespace pairwire::net {
namespace http = boost::beast::http;
namespace {

using Parser = http::response_parser<http::string_body>;

Error TooLarge() { return {Errc::kLimitExceeded, "the answer is too large"}; }
Error NotHttp() { return {Errc::kParseError, "the answer is not HTTP"}; }
Error EndedTooSoon() { return {Errc::kSystem, "the answer ended too soon"}; }

Error ErrorOf(const boost::system::error_code& code) {
  if (code == http::error::header_limit || code == http::error::body_limit) return TooLarge();
  if (code == http::error::partial_message || code == http::error::end_of_stream) {
    return EndedTooSoon();
  }
  return NotHttp();
}

bool IsInterim(int status) { return status >= 100 && status < 200 && status != 101; }

}  // namespace

Result<std::optional<std::string>> ParseHttpResponse(std::string_view bytes, bool ended,
                                                     std::size_t max_body) {
  for (;;) {
    Parser parser;
    parser.eager(true);
    parser.header_limit(kMaxHeadBytes);
    parser.body_limit(max_body);
    boost::system::error_code code;
    const std::size_t used = parser.put(boost::asio::buffer(bytes), code);
    if (code == http::error::need_more) code = {};
    if (parser.is_header_done()) {
      const int status = static_cast<int>(parser.get().result_int());
      if (!code && IsInterim(status)) {
        bytes.remove_prefix(used);
        continue;
      }
      if (status != 200) {
        return Fail(Errc::kSystem, "the answer has the status " + std::to_string(status));
      }
      // Nothing of the kind was asked for; and a body that is not chunked would end nowhere.
      const std::string_view content = parser.get()[http::field::content_encoding];
      const bool coded = !content.empty() && !boost::beast::iequals(content, "identity");
      const bool transfer = parser.get().count(http::field::transfer_encoding) > 0;
      if (coded || (transfer && !parser.chunked())) return tl::unexpected(NotHttp());
    }
    if (!code && ended && parser.is_header_done() && !parser.is_done()) parser.put_eof(code);
    if (code) return tl::unexpected(ErrorOf(code));
    if (!parser.is_done()) {
      if (ended) return tl::unexpected(EndedTooSoon());
      return std::optional<std::string>();
    }
    return std::optional<std::string>(std::move(parser.get().body()));
  }
}

}  // namespace pairwire::net

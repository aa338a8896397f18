// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// HttpRequest and HttpResponse: one HTTP/1.1 message each, as plain values (RFC 9110, 9112). What
// the router and its handlers work on, so that they need no HTTP library.
//
// Not here: reading requests from a socket (http_parser.h), who answers what (router.h).
#ifndef PAIRWIRE_SIGNALING_SERVER_HTTP_MESSAGE_H_
#define PAIRWIRE_SIGNALING_SERVER_HTTP_MESSAGE_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pairwire::server {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// The first value of a header, its name compared without case (RFC 9110 5.1); empty when it is
// missing.
std::string_view FindHeader(const HttpHeaders& headers, std::string_view name);

// True when the comma-separated list `value` has `token`, compared without case (RFC 9110 5.6.1).
bool HasToken(std::string_view value, std::string_view token);

// Without the spaces and tabs around it (RFC 9110 5.6.3).
std::string_view TrimBlanks(std::string_view text);

// ASCII only, as HTTP's names are.
bool EqualsIgnoringCase(std::string_view a, std::string_view b);

struct HttpRequest {
  std::string method;  // as sent; HTTP's methods are case-sensitive
  std::string path;    // percent-decoded; what does not decode has been refused by the parser
  std::string query;   // after '?', not decoded; see QueryValue
  HttpHeaders headers;
  std::string body;
  bool keep_alive = true;
  std::string client;  // the peer's address without port; for limits, never for logs

  std::string_view Header(std::string_view name) const { return FindHeader(headers, name); }
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;  // without Content-Length, Connection and Date, which Serialize adds
  std::string body;
  // Instead of `body`: one copy for all who are being sent it (a file), however slowly they read.
  std::shared_ptr<const std::string> shared_body = nullptr;
};

// "Not Found" for 404.
std::string_view ReasonOf(int status);

// The whole message, except a shared_body, which the caller sends after it. `keep_alive` false adds
// `Connection: close`; `head_only` leaves the body out but says its length, as HEAD wants it (RFC
// 9110 9.3.2).
std::string Serialize(const HttpResponse& response, bool keep_alive, bool head_only);

// The head of a response whose body is everything up to the close of the connection: an event
// stream.
std::string SerializeStreamHead(const HttpResponse& response);

// "Sun, 06 Nov 1994 08:49:37 GMT", now (RFC 9110 5.6.7).
std::string HttpDate();

// Percent-decoding of a path or of one query value; false for a bad escape or a NUL.
bool PercentDecode(std::string_view text, std::string& out);

// The decoded value of `name` in a query ("a=1&b=2"); empty when it is missing or does not decode.
std::string QueryValue(std::string_view query, std::string_view name);

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_HTTP_MESSAGE_H_

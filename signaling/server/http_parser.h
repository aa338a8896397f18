// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// HttpParser: turns the bytes of a connection into requests, one at a time, with bounds on header
// and body (RFC 9112; the grammar is Boost.Beast's). It is fed by hand and knows no socket, so
// every cut-short input can be tested without one.
#ifndef PAIRWIRE_SIGNALING_SERVER_HTTP_PARSER_H_
#define PAIRWIRE_SIGNALING_SERVER_HTTP_PARSER_H_

#include <cstddef>
#include <memory>
#include <string>

#include "signaling/protocol/problem.h"
#include "signaling/server/http_message.h"

namespace pairwire::server {

class HttpParser {
 public:
  enum class Status { kNeedMore, kComplete, kFailed };

  HttpParser(std::size_t header_limit, std::size_t body_limit);
  ~HttpParser();
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;

  // Takes what it can use from the front of `buffer`. After kComplete the rest belongs to the next
  // request (a new parser); after kFailed the connection can not be read any further.
  Status Feed(std::string& buffer);

  // True once, when the header asks for `100 Continue` before the body is sent (RFC 9110 10.1.1).
  bool TakeExpectContinue();

  // After kComplete.
  HttpRequest TakeRequest();

  // After kFailed: kInvalidRequest, kPayloadTooLarge or kHeadersTooLarge.
  protocol::ProblemCode problem() const { return problem_; }

 private:
  struct Impl;
  Status Fail(protocol::ProblemCode problem);
  Status CheckHeader();

  std::unique_ptr<Impl> impl_;
  protocol::ProblemCode problem_ = protocol::ProblemCode::kInvalidRequest;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_HTTP_PARSER_H_

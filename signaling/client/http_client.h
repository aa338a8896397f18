// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// HttpCall: one HTTP/1.1 request to the relay and its answer (RFC 9112), with a deadline and
// bounded sizes. Every call has a connection of its own: a peer makes three in its life. No
// redirects, no cookies.
#ifndef PAIRWIRE_SIGNALING_CLIENT_HTTP_CLIENT_H_
#define PAIRWIRE_SIGNALING_CLIENT_HTTP_CLIENT_H_

#include <pairwire/result.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "signaling/client/relay_endpoint.h"

namespace pairwire {

struct HttpRequest {
  std::string method = "GET";
  RelayTarget target;
  std::string token;  // Authorization: Bearer; empty for none
  std::string body;   // JSON; empty for none
  std::chrono::milliseconds deadline = kRelayDeadline;
  // A whole answer's body; the largest is a long-poll's.
  std::size_t max_body_bytes = 64 * 1024;
};

struct HttpResponse {
  int status = 0;
  std::string body;
  std::optional<std::chrono::seconds> retry_after;  // Retry-After in seconds; at most an hour
};

// The value of a Retry-After field, at most an hour. Only the form in seconds: a date would need
// the relay's clock to be ours.
std::optional<std::chrono::seconds> ParseRetryAfter(std::string_view text);

class HttpCall {
 public:
  // A whole answer of any status, or kRelayUnreachable (no connection, lost, deadline) or
  // kRelayProtocol (not HTTP, over a limit, cut short).
  using Done = std::function<void(Result<HttpResponse>)>;

  // Loop thread only. `done` runs later, once, on the loop; it may destroy the call.
  HttpCall(RelayEndpoint& endpoint, HttpRequest request, Done done);
  // Cancels; `done` is not called any more.
  ~HttpCall();

  HttpCall(const HttpCall&) = delete;
  HttpCall& operator=(const HttpCall&) = delete;

 private:
  struct Core;
  std::shared_ptr<Core> core_;  // shared with its own pending operations
};

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_HTTP_CLIENT_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// HttpFetch: the body of one https document (RFC 9110, 9112), bounded in size and time, without
// blocking the loop: for small things that the relay itself needs, a key set above all.
//
//   Get --> dialling --> asking --> `done` with the body, or with one sentence that says why not
//
// It follows no redirect: where keys come from is what the operator said. Not here: keeping a
// connection, asking again.
#ifndef PAIRWIRE_SIGNALING_NET_HTTP_FETCH_H_
#define PAIRWIRE_SIGNALING_NET_HTTP_FETCH_H_

#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "signaling/net/dialer.h"
#include "signaling/net/event_loop.h"
#include "signaling/net/http_response.h"
#include "signaling/net/socket.h"

namespace pairwire::net {

struct HttpsUrl {
  std::string host;  // a name or an address, an IPv6 one without brackets
  std::uint16_t port = 443;
  std::string target = "/";  // path and query

  // kInvalidArgument, with a sentence that does not repeat the text: not https://, a user's name or
  // a fragment in it, characters that no URL has, longer than 2 KiB.
  static Result<HttpsUrl> Parse(std::string_view text);
  // What stands in the Host header.
  std::string Authority() const;
};

// One document at a time, as often as wanted. Loop thread only; its destructor cancels.
class HttpFetch final : private Socket::Events {
 public:
  using Done = std::function<void(Result<std::string> body)>;

  HttpFetch(EventLoop& loop, Resolver& resolver);
  ~HttpFetch();
  HttpFetch(const HttpFetch&) = delete;
  HttpFetch& operator=(const HttpFetch&) = delete;

  // `done` once, never from inside Get, and within `deadline` and a turn; a fetch that is under way
  // is cancelled first. `tls` outlives it. It may get again and may destroy the fetch. Errors as
  // those of Dialer and ParseHttpResponse, and kTimedOut.
  void Get(const HttpsUrl& url, const TlsContext& tls, std::size_t max_body,
           std::chrono::milliseconds deadline, Done done);
  void Cancel();

 private:
  void OnReadable() override;
  void OnWritable() override;
  void OnConnected(Result<Socket> socket);
  void Finish(Result<std::string> body);

  EventLoop& loop_;
  Dialer dialer_;
  Alarm alarm_;
  Socket socket_;
  std::size_t max_body_ = 0;
  std::string output_;
  std::string input_;
  Done done_;
};

}  // namespace pairwire::net

#endif  // PAIRWIRE_SIGNALING_NET_HTTP_FETCH_H_

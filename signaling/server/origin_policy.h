// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// OriginPolicy: which web pages may use this relay (RFC 6455 10.2; Fetch, CORS). A page of the
// relay's own host may, and so may an origin on the exact list. A request without Origin comes from
// no browser page and must carry a token anyway.
#ifndef PAIRWIRE_SIGNALING_SERVER_ORIGIN_POLICY_H_
#define PAIRWIRE_SIGNALING_SERVER_ORIGIN_POLICY_H_

#include <string>
#include <vector>

#include "signaling/server/http_message.h"

namespace pairwire::server {

class OriginPolicy {
 public:
  explicit OriginPolicy(std::vector<std::string> allowed) : allowed_(std::move(allowed)) {}

  // True without an Origin, for the request's own host, and for the list.
  bool Allows(const HttpRequest& request) const;

  // Adds what lets the page read the answer, where it is another host's page that may.
  void Decorate(const HttpRequest& request, HttpResponse& response) const;

  // The answer to a preflight (OPTIONS with Access-Control-Request-Method).
  HttpResponse Preflight(const HttpRequest& request, const std::string& methods) const;

 private:
  bool OnList(std::string_view origin) const;

  const std::vector<std::string> allowed_;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_ORIGIN_POLICY_H_

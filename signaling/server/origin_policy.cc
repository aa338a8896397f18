// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/origin_policy.h"

#include <algorithm>

namespace pairwire::server {
namespace {

// Only the authority is compared: behind a proxy that ends TLS the relay does not know its own
// scheme.
bool IsOwnHost(std::string_view origin, std::string_view host) {
  const std::size_t start = origin.find("://");
  return start != std::string_view::npos && !host.empty() &&
         EqualsIgnoringCase(origin.substr(start + 3), host);
}

}  // namespace

bool OriginPolicy::OnList(std::string_view origin) const {
  return std::any_of(allowed_.begin(), allowed_.end(), [&](const std::string& allowed) {
    return EqualsIgnoringCase(allowed, origin);
  });
}

bool OriginPolicy::Allows(const HttpRequest& request) const {
  const std::string_view origin = request.Header("Origin");
  return origin.empty() || IsOwnHost(origin, request.Header("Host")) || OnList(origin);
}

void OriginPolicy::Decorate(const HttpRequest& request, HttpResponse& response) const {
  response.headers.emplace_back("Vary", "Origin");
  const std::string_view origin = request.Header("Origin");
  if (origin.empty() || !OnList(origin)) return;
  response.headers.emplace_back("Access-Control-Allow-Origin", std::string(origin));
  response.headers.emplace_back("Access-Control-Expose-Headers", "Retry-After");
}

HttpResponse OriginPolicy::Preflight(const HttpRequest& request, const std::string& methods) const {
  HttpResponse response{204, {{"Allow", methods}}, {}, nullptr};
  Decorate(request, response);
  if (OnList(request.Header("Origin"))) {
    response.headers.emplace_back("Access-Control-Allow-Methods", methods);
    response.headers.emplace_back("Access-Control-Allow-Headers",
                                  "Authorization, Content-Type, Last-Event-ID");
    response.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  return response;
}

}  // namespace pairwire::server

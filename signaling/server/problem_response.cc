// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/problem_response.h"

#include <utility>

namespace pairwire::server {
namespace {

// When the one who refuses has no better idea: long enough to matter, short enough for a person.
constexpr int kDefaultRetryAfterSeconds = 5;

HttpResponse Json(int status, const char* type, std::string body) {
  return {status,
          {{"Content-Type", type},
           {"Cache-Control", "no-store"},
           {"X-Content-Type-Options", "nosniff"}},
          std::move(body)};
}

}  // namespace

HttpResponse ProblemResponse(const protocol::Problem& problem) {
  const int status = protocol::HttpStatus(problem.code);
  HttpResponse response =
      Json(status, "application/problem+json", protocol::ToProblemJson(problem));
  if (status == 429 || status == 503) {
    const auto seconds =
        problem.retry_after ? problem.retry_after->count() : kDefaultRetryAfterSeconds;
    response.headers.emplace_back("Retry-After", std::to_string(seconds));
  }
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

HttpResponse ProblemResponse(protocol::ProblemCode code, std::string detail) {
  return ProblemResponse(protocol::Problem{code, std::move(detail), std::nullopt});
}

HttpResponse JsonResponse(int status, std::string json) {
  return Json(status, "application/json", std::move(json));
}

}  // namespace pairwire::server

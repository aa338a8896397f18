// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/client/relay_api.h"

#include <utility>

#include "signaling/protocol/problem.h"

namespace pairwire {
namespace {

Errc CodeOfStatus(int status) {
  switch (status) {
    case 401:
    case 403:
      return Errc::kUnauthorized;
    case 429:
      return Errc::kRateLimited;
    case 502:
    case 503:
    case 504:
      return Errc::kRelayUnreachable;
    default:
      return Errc::kRelayProtocol;
  }
}

// One POST of JSON whose answer of status `expected` is parsed by `parse`.
template <typename T>
std::unique_ptr<HttpCall> Post(RelayEndpoint& endpoint, const std::string& path, std::string body,
                               int expected, Result<T> (*parse)(std::string_view),
                               std::function<void(RelayResult<T>)> done) {
  HttpRequest request;
  request.method = "POST";
  request.target = {endpoint.url, endpoint.url.prefix + path};
  request.body = std::move(body);
  return std::make_unique<HttpCall>(
      endpoint, std::move(request),
      [expected, parse, done = std::move(done)](Result<HttpResponse> answer) {
        if (!answer) {
          done(tl::unexpected(RelayFailure{std::move(answer.error()), {}}));
          return;
        }
        if (answer->status != expected) {
          done(tl::unexpected(FailureOf(*answer)));
          return;
        }
        Result<T> parsed = parse(answer->body);
        if (!parsed) {
          done(tl::unexpected(
              RelayFailure{{Errc::kRelayProtocol,
                            "the relay's answer is not understood: " + parsed.error().detail},
                           {}}));
          return;
        }
        done(std::move(*parsed));
      });
}

// For a display that asked for a code.
Result<protocol::RegisterResponse> ParseWithCode(std::string_view body) {
  auto response = protocol::ParseRegisterResponse(body);
  if (response && response->code.empty()) return Fail(Errc::kParseError, "code is missing");
  return response;
}

}  // namespace

RelayFailure FailureOf(const HttpResponse& response) {
  const Result<protocol::Problem> problem = protocol::ParseProblem(response.body);
  if (!problem) {
    return {{CodeOfStatus(response.status),
             "the relay answered with HTTP status " + std::to_string(response.status)},
            response.retry_after};
  }
  std::optional<std::chrono::seconds> retry_after = response.retry_after;
  if (!retry_after) retry_after = problem->retry_after;
  return {protocol::ToError(*problem), retry_after, problem->proof_of_work};
}

std::unique_ptr<HttpCall> RegisterDisplay(RelayEndpoint& endpoint,
                                          const protocol::RegisterRequest& request,
                                          Registered done) {
  return Post<protocol::RegisterResponse>(
      endpoint, "/api/sessions/register", ToJson(request), 201,
      request.codeless ? protocol::ParseRegisterResponse : ParseWithCode, std::move(done));
}

std::unique_ptr<HttpCall> PairController(RelayEndpoint& endpoint,
                                         const protocol::PairRequest& request, Paired done) {
  return Post<protocol::PairResponse>(endpoint, "/api/sessions/pair", ToJson(request), 200,
                                      protocol::ParsePairResponse, std::move(done));
}

std::unique_ptr<HttpCall> EndRelaySession(RelayEndpoint& endpoint, const std::string& session_id,
                                          const std::string& token, std::function<void()> done) {
  HttpRequest request;
  request.method = "DELETE";
  request.target = {endpoint.url,
                    endpoint.url.prefix + "/api/sessions/" + PercentEncode(session_id)};
  request.token = token;
  request.deadline = std::chrono::seconds(5);
  return std::make_unique<HttpCall>(endpoint, std::move(request),
                                    [done = std::move(done)](const Result<HttpResponse>&) {
                                      if (done) done();
                                    });
}

}  // namespace pairwire

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The relay's HTTP calls as typed functions: register, pair, end. Each returns the running call;
// destroying it cancels. Loop thread only.
#ifndef PAIRWIRE_SIGNALING_CLIENT_RELAY_API_H_
#define PAIRWIRE_SIGNALING_CLIENT_RELAY_API_H_

#include <pairwire/result.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "signaling/client/http_client.h"
#include "signaling/protocol/http_messages.h"
#include "signaling/protocol/problem.h"

namespace pairwire {

// An error and, when the relay said so, how long to wait before the next try, or what to solve to
// be let through before (pairing_call.h does).
struct RelayFailure {
  Error error;
  std::optional<std::chrono::seconds> retry_after;
  protocol::ProofChallenge proof_of_work = {};

  bool operator==(const RelayFailure&) const = default;
};

template <typename T>
using RelayResult = tl::expected<T, RelayFailure>;

// What an answer outside 2xx means: the relay's own problem+json, else what the status says (a
// proxy).
RelayFailure FailureOf(const HttpResponse& response);

using Registered = std::function<void(RelayResult<protocol::RegisterResponse>)>;
std::unique_ptr<HttpCall> RegisterDisplay(RelayEndpoint& endpoint,
                                          const protocol::RegisterRequest& request,
                                          Registered done);

// One try.
using Paired = std::function<void(RelayResult<protocol::PairResponse>)>;
std::unique_ptr<HttpCall> PairController(RelayEndpoint& endpoint,
                                         const protocol::PairRequest& request, Paired done);

// Best effort: `done` whatever came of it. Deadline 5 s: nobody depends on it, the relay has its
// own clock.
std::unique_ptr<HttpCall> EndRelaySession(RelayEndpoint& endpoint, const std::string& session_id,
                                          const std::string& token, std::function<void()> done);

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_RELAY_API_H_

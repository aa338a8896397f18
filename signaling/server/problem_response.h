// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Answers with a JSON body: a refusal as application/problem+json (RFC 9457), and success.
#ifndef PAIRWIRE_SIGNALING_SERVER_PROBLEM_RESPONSE_H_
#define PAIRWIRE_SIGNALING_SERVER_PROBLEM_RESPONSE_H_

#include <string>

#include "signaling/protocol/problem.h"
#include "signaling/server/http_message.h"

namespace pairwire::server {

// With Retry-After where the status wants one (429, 503) and WWW-Authenticate on 401.
HttpResponse ProblemResponse(const protocol::Problem& problem);
HttpResponse ProblemResponse(protocol::ProblemCode code, std::string detail = {});

// Never cached: answers hold tokens.
HttpResponse JsonResponse(int status, std::string json);

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_PROBLEM_RESPONSE_H_

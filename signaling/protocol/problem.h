// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Problem: why the relay refuses a request, as RFC 9457 application/problem+json over HTTP and as
// `error` data on a WebSocket. The code is stable; the detail is for a person and never holds a
// secret.
#ifndef PAIRWIRE_SIGNALING_PROTOCOL_PROBLEM_H_
#define PAIRWIRE_SIGNALING_PROTOCOL_PROBLEM_H_

#include <pairwire/result.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace pairwire::protocol {

enum class ProblemCode {
  kInvalidRequest,    // 400: the body, a parameter or a message does not follow the protocol.
  kUnauthorized,      // 401: no token, or not a token of this session.
  kForbiddenOrigin,   // 403: the Origin is not on the allow-list.
  kNotFound,          // 404: no such path, or no such session.
  kCodeNotFound,      // 404: the code is unknown, expired or in use; deliberately not told apart.
  kMethodNotAllowed,  // 405
  kRequestTimeout,    // 408: the request did not arrive in time.
  kSessionFull,       // 409: no place left.
  kPayloadTooLarge,   // 413: body or message above its limit.
  kUnsupportedMedia,  // 415: the body is not application/json.
  kRateLimited,       // 429, with Retry-After.
  kHeadersTooLarge,   // 431
  kInternal,          // 500: our own fault; the log has more.
  kNotReady,          // 503, with Retry-After: draining, full, or the store is away.
  // On a WebSocket only (no HTTP status of their own; 400 is shown).
  kUnknownType,    // A type that no client may send.
  kNotSupported,   // A type of the protocol that this relay does not serve.
  kUnknownTarget,  // `to` names nobody in the session, or nobody is there, or it is not clear who.
  kNotAllowed,     // The target is not a counterpart (a controller to another controller).
  kQueueFull,      // Too much is kept for the target already.
  kResumeFailed,   // The resume token is wrong, used, or too old. The socket is fully usable.
  kPeerUnreachable,  // Nobody knows whether the message arrived; it was tried for 5 seconds.
  kRoomFull,         // The room has its kMaxRoomMembers.
};
inline constexpr std::size_t kProblemCodeCount = 22;

// "code_not_found"; static and stable.
std::string_view ToString(ProblemCode code);
std::optional<ProblemCode> ParseProblemCode(std::string_view text);
int HttpStatus(ProblemCode code);
// A short phrase, the same for each code: "Code not found".
std::string_view Title(ProblemCode code);

// What opens the way past a kRateLimited: an `answer` for which SHA-256(challenge "." answer)
// begins with `bits` zero bits, sent along with the next try.
struct ProofChallenge {
  std::string challenge;  // Empty: there is none.
  int bits = 0;

  bool operator==(const ProofChallenge&) const = default;
};

struct Problem {
  ProblemCode code = ProblemCode::kInternal;
  std::string detail;
  std::optional<std::chrono::seconds> retry_after;
  ProofChallenge proof_of_work = {};

  bool operator==(const Problem&) const = default;
};

// {"type":"about:blank","title","status","detail","code"}: also retryAfter (seconds) and
// proofOfWork {challenge, bits} when set.
std::string ToProblemJson(const Problem& problem);
// What a client does with it. A body that is not a problem (a proxy's page) is kParseError.
[[nodiscard]] Result<Problem> ParseProblem(std::string_view body);
// kCodeNotFound -> Errc::kCodeNotFound, kRateLimited -> kRateLimited, kUnauthorized ->
// kUnauthorized, kNotReady -> kRelayUnreachable, else kRelayRefused; the detail carries code and
// sentence.
Error ToError(const Problem& problem);

// A value, or the problem to answer with.
template <typename T>
using Outcome = tl::expected<T, Problem>;

[[nodiscard]] inline tl::unexpected<Problem> Refuse(
    ProblemCode code, std::string detail = {},
    std::optional<std::chrono::seconds> retry_after = std::nullopt) {
  return tl::unexpected<Problem>(Problem{code, std::move(detail), retry_after});
}

}  // namespace pairwire::protocol

#endif  // PAIRWIRE_SIGNALING_PROTOCOL_PROBLEM_H_

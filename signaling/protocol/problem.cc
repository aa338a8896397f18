// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/protocol/problem.h"

#include "signaling/protocol/json.h"
#include "signaling/protocol/limits.h"

namespace pairwire::protocol {
namespace {

struct Row {
  ProblemCode code;
  std::string_view text;
  int status;
  std::string_view title;
};
constexpr std::array<Row, kProblemCodeCount> kRows = {{
    {ProblemCode::kInvalidRequest, "invalid_request", 400, "Invalid request"},
    {ProblemCode::kUnauthorized, "unauthorized", 401, "Unauthorized"},
    {ProblemCode::kForbiddenOrigin, "forbidden_origin", 403, "Origin not allowed"},
    {ProblemCode::kNotFound, "not_found", 404, "Not found"},
    {ProblemCode::kCodeNotFound, "code_not_found", 404, "Code not found"},
    {ProblemCode::kMethodNotAllowed, "method_not_allowed", 405, "Method not allowed"},
    {ProblemCode::kRequestTimeout, "request_timeout", 408, "Request timed out"},
    {ProblemCode::kSessionFull, "session_full", 409, "Session full"},
    {ProblemCode::kPayloadTooLarge, "payload_too_large", 413, "Payload too large"},
    {ProblemCode::kUnsupportedMedia, "unsupported_media_type", 415, "Unsupported media type"},
    {ProblemCode::kRateLimited, "rate_limited", 429, "Too many requests"},
    {ProblemCode::kHeadersTooLarge, "headers_too_large", 431, "Headers too large"},
    {ProblemCode::kInternal, "internal", 500, "Internal error"},
    {ProblemCode::kNotReady, "not_ready", 503, "Not ready"},
    {ProblemCode::kUnknownType, "unknown_type", 400, "Unknown type"},
    {ProblemCode::kNotSupported, "not_supported", 400, "Not supported"},
    {ProblemCode::kUnknownTarget, "unknown_target", 400, "Unknown target"},
    {ProblemCode::kNotAllowed, "not_allowed", 400, "Not allowed"},
    {ProblemCode::kQueueFull, "queue_full", 400, "Queue full"},
    {ProblemCode::kResumeFailed, "resume_failed", 400, "Resume failed"},
    {ProblemCode::kPeerUnreachable, "peer_unreachable", 400, "Peer unreachable"},
    {ProblemCode::kRoomFull, "room_full", 400, "Room full"},
}};

const Row& RowOf(ProblemCode code) { return kRows.at(static_cast<std::size_t>(code)); }

constexpr bool RowsInOrder() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].code) != i) return false;
  }
  return true;
}
static_assert(RowsInOrder());

}  // namespace

std::string_view ToString(ProblemCode code) { return RowOf(code).text; }
int HttpStatus(ProblemCode code) { return RowOf(code).status; }
std::string_view Title(ProblemCode code) { return RowOf(code).title; }

std::optional<ProblemCode> ParseProblemCode(std::string_view text) {
  for (const Row& row : kRows) {
    if (row.text == text) return row.code;
  }
  return std::nullopt;
}

std::string ToProblemJson(const Problem& problem) {
  JsonWriter writer;
  writer.Add("type", "about:blank").Add("title", Title(problem.code));
  writer.Add("status", HttpStatus(problem.code));
  writer.AddIfSet("detail", problem.detail).Add("code", ToString(problem.code));
  if (problem.retry_after) writer.Add("retryAfter", std::int64_t{problem.retry_after->count()});
  if (!problem.proof_of_work.challenge.empty()) {
    JsonWriter proof;
    proof.Add("challenge", problem.proof_of_work.challenge).Add("bits", problem.proof_of_work.bits);
    writer.AddRaw("proofOfWork", proof.Take());
  }
  return writer.Take();
}

Result<Problem> ParseProblem(std::string_view body) {
  auto object = JsonObject::Parse(body, kMaxBodyBytes);
  if (!object) return tl::unexpected<Error>(std::move(object.error()));
  auto code = object->String("code", kMaxIdBytes);
  if (!code) return tl::unexpected<Error>(std::move(code.error()));
  auto detail = object->OptionalString("detail", kMaxBodyBytes);
  if (!detail) return tl::unexpected<Error>(std::move(detail.error()));
  auto retry = object->OptionalInteger("retryAfter", 0, 24 * 3600);
  if (!retry) return tl::unexpected<Error>(std::move(retry.error()));
  Problem problem;
  problem.code = ParseProblemCode(*code).value_or(ProblemCode::kInternal);
  problem.detail = detail->value_or("");
  if (retry->has_value()) problem.retry_after = std::chrono::seconds(**retry);
  // A challenge that is not understood is none: the client waits instead.
  if (const auto proof = object->Object("proofOfWork")) {
    const auto challenge = proof->String("challenge", kMaxIdBytes);
    const auto bits = proof->OptionalInteger("bits", 1, 32);
    if (challenge && bits && bits->has_value()) {
      problem.proof_of_work = {*challenge, static_cast<int>(**bits)};
    }
  }
  return problem;
}

Error ToError(const Problem& problem) {
  std::string detail(ToString(problem.code));
  if (!problem.detail.empty()) detail.append(": ").append(problem.detail);
  if (problem.retry_after) {
    detail.append("; try again in ")
        .append(std::to_string(problem.retry_after->count()))
        .append(" s");
  }
  Errc code = Errc::kRelayRefused;
  if (problem.code == ProblemCode::kCodeNotFound) code = Errc::kCodeNotFound;
  if (problem.code == ProblemCode::kRateLimited) code = Errc::kRateLimited;
  if (problem.code == ProblemCode::kUnauthorized) code = Errc::kUnauthorized;
  if (problem.code == ProblemCode::kNotReady) code = Errc::kRelayUnreachable;
  return Error{code, std::move(detail)};
}

}  // namespace pairwire::protocol

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/client/status_call.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "signaling/protocol/json.h"

namespace pairwire {
namespace {

constexpr int kOk = 200;
constexpr int kNoContent = 204;
constexpr int kNotFound = 404;
// Below the pause between two heartbeats, so that each is answered for before the next.
constexpr std::chrono::milliseconds kTellDeadline{8'000};

RelayFailure RefusalOf(const HttpResponse& response) {
  if (response.status != kNotFound) return FailureOf(response);
  return {{Errc::kUnsupported, "the relay keeps no status; its operator starts it with --status"},
          {}};
}

RelayResult<std::vector<StatusRecord>> Understand(const StatusTarget& target,
                                                  Result<HttpResponse> answer) {
  if (!answer) return tl::unexpected(RelayFailure{std::move(answer.error()), {}});
  if (answer->status != kOk) return tl::unexpected(RefusalOf(*answer));
  if (target.design) {
    auto records = ParseDesignAnswer(answer->body);
    if (!records) return tl::unexpected(RelayFailure{std::move(records.error()), {}});
    return std::move(*records);
  }
  auto record = ParseDisplayAnswer(answer->body, target.id);
  if (!record) return tl::unexpected(RelayFailure{std::move(record.error()), {}});
  return std::vector<StatusRecord>{std::move(*record)};
}

std::unique_ptr<HttpCall> Tell(RelayEndpoint& endpoint, const std::string& display_id,
                               const char* what, const std::string& token, std::string body,
                               Told done) {
  HttpRequest request;
  request.method = "POST";
  request.target = {endpoint.url,
                    endpoint.url.prefix + "/api/displays/" + PercentEncode(display_id) + what};
  request.token = token;
  request.body = std::move(body);
  request.deadline = kTellDeadline;
  return std::make_unique<HttpCall>(endpoint, std::move(request),
                                    [done = std::move(done)](Result<HttpResponse> answer) {
                                      if (!answer) {
                                        done(tl::unexpected(RelayFailure{answer.error(), {}}));
                                      } else if (answer->status != kNoContent) {
                                        done(tl::unexpected(RefusalOf(*answer)));
                                      } else {
                                        done({});
                                      }
                                    });
}

}  // namespace

void HttpStatusAsker::Ask(const StatusTarget& target, Done done) {
  HttpRequest request;
  request.target = {endpoint_.url, endpoint_.url.prefix +
                                       (target.design ? "/api/designs/" : "/api/displays/") +
                                       PercentEncode(target.id) + "/status"};
  request.max_body_bytes = kMaxStatusAnswerBytes;
  const std::uint64_t number = next_++;
  calls_[number] = std::make_unique<HttpCall>(
      endpoint_, std::move(request),
      [this, number, target, done = std::move(done)](Result<HttpResponse> answer) {
        calls_.erase(number);
        done(Understand(target, std::move(answer)));
      });
}

std::string StatusBody(const events::DisplayStatus& status) {
  const auto metrics = status.metrics.value_or(events::Metrics{});
  const std::array<std::pair<const char*, std::optional<double>>, 4> values = {
      {{"fps", metrics.fps},
       {"cpuPercent", metrics.cpu_percent},
       {"memoryMb", metrics.memory_mb},
       {"latencyMs", metrics.latency_ms}}};
  protocol::JsonWriter inner;
  bool any = false;
  for (const auto& [name, value] : values) {
    if (!value || !std::isfinite(*value) || *value < 0) continue;
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), *value).ptr;
    inner.AddRaw(name, {text.data(), static_cast<std::size_t>(end - text.data())});
    any = true;
  }
  return protocol::JsonWriter()
      .Add("status", ToString(status.status))
      .AddRaw("metrics", any ? inner.Take() : std::string())
      .AddIfSet("designId", status.design_id.value_or(""))
      .Take();
}

std::unique_ptr<HttpCall> TellStatus(RelayEndpoint& endpoint, const std::string& display_id,
                                     const std::string& token, const events::DisplayStatus& status,
                                     Told done) {
  return Tell(endpoint, display_id, "/status", token, StatusBody(status), std::move(done));
}

std::unique_ptr<HttpCall> TellHeartbeat(RelayEndpoint& endpoint, const std::string& display_id,
                                        const std::string& token, Told done) {
  return Tell(endpoint, display_id, "/heartbeat", token, {}, std::move(done));
}

}  // namespace pairwire

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/client/nearest_relay.h"

#include <algorithm>
#include <utility>

#include "peer/base/asio_loop.h"
#include "signaling/protocol/http_messages.h"

namespace pairwire {

struct NearestRelay::Candidate {
  RelayUrl url;
  int load_percent = 0;
  int samples = 0;
  bool over = false;
  std::optional<Loop::Duration> best;
  Loop::TimePoint begin{};
  std::unique_ptr<HttpCall> call;
};

NearestRelay::NearestRelay(RelayEndpoint& endpoint, Done done)
    : endpoint_(endpoint), done_(std::move(done)), deadline_(endpoint.loop, [this] { Finish(); }) {
  HttpRequest request;
  request.target = {endpoint_.url, endpoint_.url.prefix + "/api/nodes"};
  request.deadline = kDeadline;
  list_ =
      std::make_unique<HttpCall>(endpoint_, std::move(request),
                                 [this](const Result<HttpResponse>& answer) { OnList(answer); });
}

NearestRelay::~NearestRelay() = default;

void NearestRelay::OnList(const Result<HttpResponse>& answer) {
  if (!answer || answer->status != 200) return Finish();
  const auto listed = protocol::ParseNodesResponse(answer->body);
  if (!listed) return Finish();
  for (const protocol::NodeEntry& node : listed->nodes) {
    if (candidates_.size() == kMaxNodes) break;
    auto url = ParseRelayUrl(node.url);
    if (!url || (endpoint_.url.tls && !url->tls)) continue;
    auto candidate = std::make_unique<Candidate>();
    candidate->url = std::move(*url);
    candidate->load_percent = node.load_percent;
    candidates_.push_back(std::move(candidate));
  }
  if (candidates_.size() < 2) {
    // A relay may name its only node by a better address than the one that was asked.
    return Finish();
  }
  deadline_.Start(kDeadline);
  for (const auto& candidate : candidates_) Measure(*candidate);
}

void NearestRelay::Measure(Candidate& candidate) {
  HttpRequest request;
  request.target = {candidate.url, candidate.url.prefix + "/healthz"};
  request.deadline = kDeadline;
  candidate.begin = endpoint_.loop.Now();
  candidate.call = std::make_unique<HttpCall>(
      endpoint_, std::move(request),
      [this, &candidate](const Result<HttpResponse>& answer) { OnSample(candidate, answer); });
}

void NearestRelay::OnSample(Candidate& candidate, const Result<HttpResponse>& answer) {
  if (answer && answer->status == 200) {
    const Loop::Duration took = endpoint_.loop.Now() - candidate.begin;
    candidate.best = std::min(candidate.best.value_or(took), took);
    if (++candidate.samples < kSamples) return Measure(candidate);
  }
  candidate.over = true;
  const bool all = std::all_of(candidates_.begin(), candidates_.end(),
                               [](const auto& one) { return one->over; });
  if (all) Finish();
}

void NearestRelay::Finish() {
  deadline_.Stop();
  list_.reset();
  const Candidate* nearest = nullptr;
  for (const auto& one : candidates_) {
    one->call.reset();
    if (one->best && (nearest == nullptr || *one->best < *nearest->best)) nearest = one.get();
  }
  const Candidate* chosen = nearest;
  for (const auto& one : candidates_) {
    if (one->best && *one->best <= *nearest->best + kSame &&
        one->load_percent < chosen->load_percent) {
      chosen = one.get();
    }
  }
  const RelayUrl url = chosen == nullptr ? endpoint_.url : chosen->url;
  const Done done = done_;  // a copy: the callback may destroy this
  if (done) done(url);
}

}  // namespace pairwire

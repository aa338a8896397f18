// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Metrics: what the node counts, as Prometheus text (exposition format 0.0.4). Label values are
// fixed words (routes by pattern, never paths), so that no client can grow the tables.
//
// Loop thread only.
#ifndef PAIRWIRE_SIGNALING_SERVER_METRICS_H_
#define PAIRWIRE_SIGNALING_SERVER_METRICS_H_

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "signaling/server/admission.h"
#include "signaling/server/connections.h"

namespace pairwire::net {
class EventLoop;
}  // namespace pairwire::net

namespace pairwire::relay {
struct BackendHealth;
struct RelayCounters;
struct StoreSizes;
}  // namespace pairwire::relay

namespace pairwire::server {

class Metrics {
 public:
  Metrics(std::string_view node_id, std::string_view region);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void OnAccepted();
  void OnRefused(Refusal refusal);
  void OnRequest(const char* route, int status, std::chrono::nanoseconds latency);
  // A code that was right, from the whole request to its answer.
  void OnPaired(std::chrono::nanoseconds latency);
  // Such a code, to the display's event here (ready_watch.h).
  void OnReady(std::chrono::nanoseconds latency);
  // RelayOutput::OnSignalAcross.
  void OnSignalAcross(std::chrono::nanoseconds latency);
  // A step of the store that has to go to Redis. `step` stays.
  void OnStoreStep(const std::string& step, std::chrono::nanoseconds latency);
  // A user's token was judged: "ok", or why not (auth::JwtRefusal).
  void OnUserToken(std::string_view result);
  // The keys of users' tokens were read, or could not be.
  void OnKeysFetched(bool ok);
  // A socket whose queue reached its bound.
  void OnSlowConsumer(ConnectionKind kind);

  // The text of GET /metrics, with the gauges as they are now.
  std::string Render(const ConnectionTable& connections, const relay::RelayCounters& relay,
                     const relay::StoreSizes& store, const relay::BackendHealth& health,
                     net::EventLoop& loop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_METRICS_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NearestRelay: which node of a relay answers fastest (row A3): asks one for the others
// (GET /api/nodes) and measures the way to each: the best of kSamples connections with one request.
// Of nodes that are as near as makes no difference it takes the one with the least load.
//
//   list (kDeadline) --> all nodes at once, each kSamples times, kDeadline --> done
//     \-- none, or no answer ---------------------------------------------> done: the one asked
#ifndef PAIRWIRE_SIGNALING_CLIENT_NEAREST_RELAY_H_
#define PAIRWIRE_SIGNALING_CLIENT_NEAREST_RELAY_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "peer/base/loop.h"
#include "peer/base/timer.h"
#include "signaling/client/http_client.h"
#include "signaling/client/relay_endpoint.h"

namespace pairwire {

class NearestRelay {
 public:
  // Further ones are not looked at.
  static constexpr std::size_t kMaxNodes = 16;
  static constexpr int kSamples = 3;
  // For the list, and again for all that is measured: who takes longer is not near.
  static constexpr std::chrono::milliseconds kDeadline{2'000};
  // Such a difference nobody notices; a full node is noticed.
  static constexpr std::chrono::milliseconds kSame{5};

  // `done` runs later, once, on the loop, and may destroy this; it gets the endpoint's own URL when
  // there is nothing to choose. A node that would leave TLS is none.
  using Done = std::function<void(const RelayUrl& nearest)>;
  // Loop thread only. Destroying it cancels.
  NearestRelay(RelayEndpoint& endpoint, Done done);
  ~NearestRelay();
  NearestRelay(const NearestRelay&) = delete;
  NearestRelay& operator=(const NearestRelay&) = delete;

 private:
  struct Candidate;

  void OnList(const Result<HttpResponse>& answer);
  void Measure(Candidate& candidate);
  void OnSample(Candidate& candidate, const Result<HttpResponse>& answer);
  void Finish();

  RelayEndpoint& endpoint_;
  const Done done_;
  std::unique_ptr<HttpCall> list_;
  std::vector<std::unique_ptr<Candidate>> candidates_;
  Timer deadline_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_NEAREST_RELAY_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PeerEnd: one end of one measured connection: a PeerConnection whose offers, answers and
// candidates travel as JSON, trickled.
#ifndef PAIRWIRE_BENCH_PEER_END_H_
#define PAIRWIRE_BENCH_PEER_END_H_

#include <pairwire/network.h>

#include <functional>
#include <memory>

#include "bench/report.h"

namespace pairwire::bench {

// Called on the loop thread.
struct PeerEndEvents {
  std::function<void(Json signal)> on_signal;        // for the other end's OnSignal
  std::function<void(DataChannel)> on_channel = {};  // the other end opened one
  // It will not work any more; once.
  std::function<void(const Error&)> on_failed;
};

// Loop thread only; what it tells comes from there. Outlives its Network, or goes on the loop.
class PeerEnd {
 public:
  static Result<std::unique_ptr<PeerEnd>> Create(Network& network, PeerConfiguration configuration,
                                                 PeerEndEvents events);

  PeerEnd(const PeerEnd&) = delete;
  PeerEnd& operator=(const PeerEnd&) = delete;

  PeerConnection& connection() { return connection_; }

  // Begins the exchange; after the first channel was made.
  void Offer();
  void OnSignal(const Json& signal);

 private:
  explicit PeerEnd(PeerEndEvents events) : events_(std::move(events)) {}
  void SetLocal();
  void OnFailed(const Error& error);

  PeerEndEvents events_;
  bool failed_ = false;
  PeerConnection connection_;
};

// As a signal travels.
Json ToJson(const IceCandidate& candidate);
IceCandidate CandidateFromJson(const Json& signal);

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_PEER_END_H_

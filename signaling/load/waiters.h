// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Waiters: the displays of a run, with what they hold at the relay while they wait for a
// controller.
#ifndef PAIRWIRE_SIGNALING_LOAD_WAITERS_H_
#define PAIRWIRE_SIGNALING_LOAD_WAITERS_H_

#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "signaling/load/crowd.h"
#include "signaling/load/histogram.h"
#include "signaling/load/http_pool.h"
#include "signaling/load/stage.h"

namespace pairwire::load {

class Waiters final : private MemberSocket::Events {
 public:
  explicit Waiters(Stage& stage);

  // Until there are `count` displays.
  Result<void> Register(std::size_t count);
  // All that are registered and do not wait yet.
  Result<void> Wait();
  // Those that still hold what they wait on.
  std::size_t waiting() const;

  // Pairs the first `count` and waits until each heard it. Times from the request to the event.
  void Pair(std::size_t count);
  std::size_t heard() const { return heard_count_; }
  const Histogram& times() const { return times_; }

  void Leave();
  void End() { stage_.End(displays_); }
  std::uint64_t comments() const { return streams_.comments(); }

 private:
  void Poll(std::size_t i);
  void Hear(std::size_t display, std::string_view type);
  void OnJoined(MemberSocket& /*socket*/, int /*status*/) override {}
  void OnText(MemberSocket& socket, std::string_view text) override;
  void OnLeft(MemberSocket& /*socket*/, int /*code*/) override {}

  Stage& stage_;
  std::vector<Display> displays_;
  StreamCrowd streams_;
  SocketCrowd sockets_;
  std::vector<std::unique_ptr<HttpPool>> pools_;
  std::size_t poll_failures_ = 0;
  bool pairing_ = false;
  std::vector<bool> heard_;
  std::vector<TimePoint> asked_;
  std::size_t heard_count_ = 0;
  std::size_t refused_ = 0;
  Histogram times_;
};

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_WAITERS_H_

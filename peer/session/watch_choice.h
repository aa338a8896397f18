// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// WatchChoice: which word about a display counts, the session's or the relay's (H6). Pure.
//
//   live  <--connected, and the display told something within 30 s-->  else: the relay is asked
//
// A path that is only quiet (recovering) stays the live one for as long as that. Not here: who asks
// the relay, and when (status_poller.h).
#ifndef PAIRWIRE_PEER_SESSION_WATCH_CHOICE_H_
#define PAIRWIRE_PEER_SESSION_WATCH_CHOICE_H_

#include <pairwire/status.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "peer/base/loop.h"

namespace pairwire {

class WatchChoice {
 public:
  // A display says something at least every 10 s (status_publisher.h).
  static constexpr std::chrono::seconds kQuiet{30};

  explicit WatchChoice(std::string display_id) : display_id_(std::move(display_id)) {}

  // False: no event about status.
  bool OnEvent(Loop::TimePoint now, const Event& event);
  void OnState(SessionState state) { state_ = state; }
  void OnRelay(const DisplayReport& report, Loop::TimePoint now) { relay_ = Heard{now, report}; }

  bool Live(Loop::TimePoint now) const;
  // When Live ends by itself; empty: it does not hold.
  std::optional<Loop::TimePoint> LiveUntil(Loop::TimePoint now) const;

  DisplayReport Report(Loop::TimePoint now) const;

 private:
  struct Heard {
    Loop::TimePoint when;
    DisplayReport report;
  };
  static DisplayReport Aged(const Heard& heard, Loop::TimePoint now);

  const std::string display_id_;
  SessionState state_ = SessionState::kClosed;
  std::optional<Heard> session_;
  std::optional<Heard> relay_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_WATCH_CHOICE_H_

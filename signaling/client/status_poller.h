// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// StatusPoller: when to ask the relay for which status: rounds over all targets, few calls at a
// time, three repetitions when the relay does not answer, with full jitter. Not here: HTTP
// (StatusAsker), what the answers mean (status_book.h). Runs on any Loop, so on a virtual clock.
//
//            interval
//   idle ------------------> round --all answered--------------------------> idle
//                            |   ^  \--no answer for the 4th time, "no status"--^
//                no answer   v   |
//                            pause   0..0.5, 0..1, 0..2 s, or what the relay says
#ifndef PAIRWIRE_SIGNALING_CLIENT_STATUS_POLLER_H_
#define PAIRWIRE_SIGNALING_CLIENT_STATUS_POLLER_H_

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "peer/base/loop.h"
#include "peer/base/random.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "signaling/client/relay_api.h"
#include "signaling/client/status_book.h"

namespace pairwire {

// One display or one design.
struct StatusTarget {
  bool design = false;
  std::string id;

  bool operator==(const StatusTarget&) const = default;
};

// Carries one question to the relay. kUnsupported: the relay tells no status.
class StatusAsker {
 public:
  using Done = std::function<void(RelayResult<std::vector<StatusRecord>>)>;

  virtual ~StatusAsker() = default;
  // `done` later, once.
  virtual void Ask(const StatusTarget& target, Done done) = 0;
  // No `done` is called any more of what was asked so far. Allowed inside `done`.
  virtual void Cancel() = 0;
};

class StatusPoller {
 public:
  // A thousand displays take some seconds of a round and never more of the relay's connections.
  static constexpr std::size_t kMaxCalls = 8;
  static constexpr int kRetries = 3;
  static constexpr std::chrono::milliseconds kFirstPause{500};

  struct Round {
    std::optional<Error> error;
    std::size_t tries = 0;
    std::vector<StatusTarget> unanswered = {};
  };
  struct Events {
    std::function<void(const StatusTarget&, const std::vector<StatusRecord>&)> on_answer = nullptr;
    std::function<void(const Round&)> on_round = nullptr;
  };

  // Loop, random and asker outlive the poller. Events may destroy it.
  StatusPoller(Loop& loop, RandomSource& random, StatusAsker& asker,
               std::vector<StatusTarget> targets, std::chrono::milliseconds interval,
               Events events);
  ~StatusPoller() { asker_.Cancel(); }

  StatusPoller(const StatusPoller&) = delete;
  StatusPoller& operator=(const StatusPoller&) = delete;

  // A round now, unless one runs; the next ones follow.
  void Start();
  // No more rounds; the running one ends without a word.
  void Stop();

 private:
  void Pump();
  void OnAnswer(const StatusTarget& target, RelayResult<std::vector<StatusRecord>> answer);
  void OnFailure(const StatusTarget& target, RelayFailure failure);
  void End(std::optional<Error> error);

  Loop& loop_;
  RandomSource& random_;
  StatusAsker& asker_;
  const std::vector<StatusTarget> targets_;
  const std::chrono::milliseconds interval_;
  const Events events_;

  bool running_ = false;  // a round is
  Loop::TimePoint started_{};
  std::size_t tries_ = 0;
  int failures_ = 0;  // since the last answer
  std::deque<StatusTarget> waiting_;
  std::vector<StatusTarget> asked_;  // at most kMaxCalls
  Timer round_timer_;
  Timer pause_timer_;
  TaskSafety safety_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_STATUS_POLLER_H_

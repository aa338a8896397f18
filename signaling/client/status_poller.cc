// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/client/status_poller.h"

#include <algorithm>
#include <utility>

#include "peer/base/full_jitter.h"

namespace pairwire {

StatusPoller::StatusPoller(Loop& loop, RandomSource& random, StatusAsker& asker,
                           std::vector<StatusTarget> targets, std::chrono::milliseconds interval,
                           Events events)
    : loop_(loop),
      random_(random),
      asker_(asker),
      targets_(std::move(targets)),
      interval_(interval),
      events_(std::move(events)),
      round_timer_(loop, [this] { Start(); }),
      pause_timer_(loop, [this] { Pump(); }) {}

void StatusPoller::Start() {
  if (running_) return;
  round_timer_.Stop();
  running_ = true;
  started_ = loop_.Now();
  tries_ = 0;
  failures_ = 0;
  waiting_.assign(targets_.begin(), targets_.end());
  Pump();
}

void StatusPoller::Stop() {
  running_ = false;
  asker_.Cancel();
  asked_.clear();
  waiting_.clear();
  round_timer_.Stop();
  pause_timer_.Stop();
}

void StatusPoller::Pump() {
  while (!waiting_.empty() && asked_.size() < kMaxCalls) {
    const StatusTarget target = std::move(waiting_.front());
    waiting_.pop_front();
    asked_.push_back(target);
    ++tries_;
    asker_.Ask(target, [this, target](RelayResult<std::vector<StatusRecord>> answer) {
      OnAnswer(target, std::move(answer));
    });
  }
  if (waiting_.empty() && asked_.empty()) End(std::nullopt);
}

void StatusPoller::OnAnswer(const StatusTarget& target,
                            RelayResult<std::vector<StatusRecord>> answer) {
  const auto found = std::find(asked_.begin(), asked_.end(), target);
  if (found != asked_.end()) asked_.erase(found);
  if (!answer) {
    OnFailure(target, std::move(answer.error()));
    return;
  }
  failures_ = 0;
  const auto alive = safety_.Watch();
  if (events_.on_answer) events_.on_answer(target, *answer);
  if (!*alive || !running_) return;
  if (!pause_timer_.active()) Pump();
}

void StatusPoller::OnFailure(const StatusTarget& target, RelayFailure failure) {
  waiting_.push_front(target);
  // Others of the same moment fail with it: that is one outage, not several.
  if (pause_timer_.active()) return;
  auto pause = FullJitter<std::chrono::milliseconds>(random_, kFirstPause * (1 << failures_));
  if (failure.retry_after) {
    pause = std::max<std::chrono::milliseconds>(pause, *failure.retry_after);
  }
  const bool too_late = failure.retry_after && *failure.retry_after > interval_;
  const bool hopeless = failure.error.code == Errc::kUnsupported || too_late;
  if (hopeless || failures_ == kRetries) {
    End(std::move(failure.error));
    return;
  }
  ++failures_;
  pause_timer_.Start(pause);
}

void StatusPoller::End(std::optional<Error> error) {
  running_ = false;
  pause_timer_.Stop();
  asker_.Cancel();
  Round round;
  round.error = std::move(error);
  round.tries = tries_;
  round.unanswered.assign(waiting_.begin(), waiting_.end());
  round.unanswered.insert(round.unanswered.end(), asked_.begin(), asked_.end());
  waiting_.clear();
  asked_.clear();
  round_timer_.StartAt(std::max(started_ + interval_, loop_.Now()));
  if (events_.on_round) events_.on_round(round);
}

}  // namespace pairwire

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/auth/code_guard.h"

#include <algorithm>
#include <utility>

#include "peer/auth/auth_failed.h"
#include "peer/base/log.h"

namespace pairwire::auth {

std::string_view ToString(CodeState state) {
  switch (state) {
    case CodeState::kNone:
      return "none";
    case CodeState::kOpen:
      return "open";
    case CodeState::kRunning:
      return "running";
    case CodeState::kUsed:
      return "used";
    case CodeState::kBurnt:
      return "burnt";
  }
  return "";
}

void CodeGuard::SetState(CodeState state, std::string_view reason) {
  if (LogWanted(LogLevel::kDebug)) {
    Log(LogLevel::kDebug, "code[" + std::string(ToString(state_)) + "] -> " +
                              std::string(ToString(state)) + ": " + std::string(reason));
  }
  state_ = state;
}

void CodeGuard::NewCode(TimePoint now, std::string lookup) {
  if (state_ == CodeState::kRunning) FailRun(run_);
  lookup_ = std::move(lookup);
  letters_ = DrawLetters(NextLength(now), random_);
  url_secret_ = DrawUrlSecret(random_);
  made_at_ = now;
  charged_ = 0;
  SetState(CodeState::kOpen, "a new code");
}

bool CodeGuard::needs_new_code(TimePoint now) {
  EndStaleRun(now);
  switch (state_) {
    case CodeState::kNone:
    case CodeState::kUsed:
    case CodeState::kBurnt:
      return true;
    case CodeState::kOpen:
      return expired(now);
    case CodeState::kRunning:
      return false;
  }
  return false;
}

SecretLength CodeGuard::NextLength(TimePoint now) const {
  const TimePoint since = now - kMemory;
  const bool attacked = burnt_.AllAfter(since) || failures_.AllAfter(since);
  return attacked ? SecretLength::kEight : options_.letters;
}

Result<CodeGuard::RunId> CodeGuard::Charge(TimePoint now, const PairingSessionId& session_id) {
  EndStaleRun(now);
  const auto seen_end = seen_.begin() + charged_;
  if (state_ != CodeState::kOpen || expired(now) ||
      std::find(seen_.begin(), seen_end, session_id) != seen_end) {
    return AuthFailed();
  }
  seen_[static_cast<std::size_t>(charged_)] = session_id;
  ++charged_;
  ++run_;
  run_since_ = now;
  SetState(CodeState::kRunning, "a run begins and is charged");
  return run_;
}

bool CodeGuard::Succeed(TimePoint now, RunId run) {
  EndStaleRun(now);
  if (state_ != CodeState::kRunning || run != run_) return false;
  --charged_;
  failed_runs_ = 0;
  // Nothing needs them any more.
  letters_ = {};
  url_secret_ = {};
  SetState(CodeState::kUsed, "paired");
  return true;
}

void CodeGuard::FailRun(RunId run) {
  if (state_ != CodeState::kRunning || run != run_) return;
  ++failed_runs_;
  failures_.Add(run_since_);
  if (charged_ < kRunsPerCode) {
    SetState(CodeState::kOpen, "the run failed");
    return;
  }
  burnt_.Add(run_since_);
  letters_ = {};
  url_secret_ = {};
  SetState(CodeState::kBurnt, "all runs failed");
}

void CodeGuard::EndStaleRun(TimePoint now) {
  if (state_ == CodeState::kRunning && now >= run_since_ + kRunTimeout) FailRun(run_);
}

}  // namespace pairwire::auth

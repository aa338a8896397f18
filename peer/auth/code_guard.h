// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// CodeGuard: a display's codes one after the other, and who may guess how often. A run of CPace is
// one guess, so what stands between a guesser and the display is this count; a hostile relay is not
// bound by its own limits, so the display counts. Time is handed in; no timer of its own. Not here:
// the run itself (pairing_exchange.h), and limits by address, which only an honest relay can apply.
//
//            NewCode              Charge                     Succeed
//   kNone ------------> kOpen -----------------> kRunning ------------> kUsed
//                        ^ |                      |    |
//                        | | 10 min               |    | third failed run
//                        | `--> (expired)         |    `-------------> kBurnt
//                        +------------------------+
//                          failed, given up, 30 s over
//
// From kUsed, kBurnt and when expired NewCode leads on, with other digits and other letters.
//
// What a guesser gets: 3 runs a code, charged when they start, as the answer to a first message is
// all that a guess needs. After kBurntCodesToGrow burnt codes in an hour, or as many failed runs
// spread over more codes, codes have 8 letters until the hour has passed.
#ifndef PAIRWIRE_PEER_AUTH_CODE_GUARD_H_
#define PAIRWIRE_PEER_AUTH_CODE_GUARD_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "peer/auth/pairing_code.h"
#include "peer/base/loop.h"
#include "peer/base/random.h"

namespace pairwire::auth {

enum class CodeState { kNone, kOpen, kRunning, kUsed, kBurnt };
std::string_view ToString(CodeState state);

struct CodeGuardOptions {
  // As long as nobody guesses. kEight stays kEight.
  SecretLength letters = SecretLength::kFive;
};

using PairingSessionId = std::array<std::uint8_t, 16>;  // CPace's sid

class CodeGuard {
 public:
  using TimePoint = Loop::TimePoint;
  // Names one run of one code; none is used twice.
  using RunId = std::uint64_t;

  static constexpr int kRunsPerCode = 3;
  static constexpr int kBurntCodesToGrow = 2;
  static constexpr std::size_t kFailedRunsToGrow = kRunsPerCode * kBurntCodesToGrow;
  static constexpr std::chrono::minutes kCodeLifetime{10};
  static constexpr std::chrono::hours kMemory{1};
  // As long as a pairing may take from first to last; one that stopped half-way blocks no longer.
  static constexpr std::chrono::seconds kRunTimeout{30};

  // `random` outlives the guard.
  CodeGuard(CodeGuardOptions options, RandomSource& random) : options_(options), random_(random) {}

  CodeGuard(const CodeGuard&) = delete;
  CodeGuard& operator=(const CodeGuard&) = delete;

  // A new code behind these digits of the relay's. A run of the old code is over, as failed.
  void NewCode(TimePoint now, std::string lookup);
  // Show another code: there is none, or it is used, burnt or expired and nobody is at it.
  bool needs_new_code(TimePoint now);

  CodeState state() const { return state_; }
  const std::string& lookup() const { return lookup_; }
  const PairingSecret& letters() const { return letters_; }
  const PairingSecret& url_secret() const { return url_secret_; }
  // How many letters the next code will have.
  SecretLength NextLength(TimePoint now) const;
  // For the screen: failed runs since the last pairing that succeeded.
  int failed_runs() const { return failed_runs_; }
  int runs_left() const { return kRunsPerCode - charged_; }

  // One run begins and is paid for. kAuthFailed, and nothing is charged: no code is open, another
  // run is under way, or this code has seen the session id.
  Result<RunId> Charge(TimePoint now, const PairingSessionId& session_id);
  // The other end proved that it knows the code: the run is refunded, the code is used. False: the
  // run is not the current one, or took too long; then it did not succeed.
  [[nodiscard]] bool Succeed(TimePoint now, RunId run);
  // Failed or given up. Nothing happens when it is not the current run.
  void FailRun(RunId run);

 private:
  void SetState(CodeState state, std::string_view reason);
  void EndStaleRun(TimePoint now);
  bool expired(TimePoint now) const { return now >= made_at_ + kCodeLifetime; }

  // The last kSize times at which something happened.
  template <std::size_t kSize>
  struct Recent {
    void Add(TimePoint when) { times[next++ % kSize] = when; }
    // All of them after `since`.
    bool AllAfter(TimePoint since) const {
      for (const auto& time : times) {
        if (!time || *time <= since) return false;
      }
      return true;
    }
    std::array<std::optional<TimePoint>, kSize> times{};
    std::size_t next = 0;
  };

  const CodeGuardOptions options_;
  RandomSource& random_;
  CodeState state_ = CodeState::kNone;
  std::string lookup_;
  PairingSecret letters_;
  PairingSecret url_secret_;
  TimePoint made_at_{};
  int charged_ = 0;
  std::array<PairingSessionId, kRunsPerCode> seen_{};  // the first charged_ of them
  RunId run_ = 0;                                      // kRunning: the current one; else the last
  TimePoint run_since_{};
  int failed_runs_ = 0;
  // When the runs that failed had begun.
  Recent<kFailedRunsToGrow> failures_;
  Recent<kBurntCodesToGrow> burnt_;
};

}  // namespace pairwire::auth

#endif  // PAIRWIRE_PEER_AUTH_CODE_GUARD_H_

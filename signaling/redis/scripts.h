// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The steps as Lua scripts (scripts/*.lua), and ScriptRunner, which has Redis carry them out: one
// script is one atomic step, and all its keys are in one shard (keys.h).
//
// Scripts are loaded when the connection stands; a server that lost them since (SCRIPT FLUSH, a
// replica that became master) is sent the whole text.
#ifndef PAIRWIRE_SIGNALING_REDIS_SCRIPTS_H_
#define PAIRWIRE_SIGNALING_REDIS_SCRIPTS_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signaling/redis/keys.h"
#include "signaling/redis/redis_client.h"
#include "signaling/store/executor.h"
#include "signaling/store/store.h"

namespace pairwire::redis {

enum class Step : std::uint8_t {
  kRegister,
  kClaim,
  kFind,
  kOpenEvents,
  kJoin,
  kLeave,
  kRoute,
  kTouch,
  kTerminate,
  kClaimDue,
  kAnnounce,
  kNodes,
  kRates,
  kPutInIndex,
  kReadIndex,
  kHello,
  kSnapshot,
  kRestore,
  kKeepAgain,
  kReplace,
};
inline constexpr std::size_t kSteps = 20;

struct StepTimer {
  using Time = std::chrono::steady_clock::time_point;
  std::function<Time()> now;
  // `step` is the script's name and stays.
  std::function<void(const std::string& step, std::chrono::nanoseconds time)> done;
};

struct ScriptOptions {
  // Of all shards together; each holds its even share.
  std::size_t max_sessions = 1'000'000;
  // Of all sessions and shards together, some 300 B each.
  std::size_t max_meets = 1'000'000;
  // A released code is not given out again for so long.
  std::chrono::milliseconds code_rest = std::chrono::minutes(10);
  // How long an ended session still answers the display's poll.
  std::chrono::milliseconds ended_linger = std::chrono::seconds(30);
  // Entries of the event log, about 300 B each.
  std::size_t max_logged = 100'000;
  // Messages that wait for a node; a node that comes back after more has lost some.
  std::size_t max_inbox = 4096;
  // Not empty: steps go by the caller's time instead of the server's, and by this clock where they
  // bring none. For tests, which let hours pass.
  std::function<relay::TimePoint()> clock;
  // Not empty: hears of each step how long its answer took, the way through the executor included.
  StepTimer timer;
};

struct Script {
  std::string name;  // "claim_due"
  std::string text;
  std::string sha;  // SHA-1 of it, as Redis names it
};
// In the order of Step.
std::array<Script, kSteps> MakeScripts(const ScriptOptions& options, const RedisKeys& keys);

// What a step came to. Fields follow the status also when there is an error.
struct StepResult {
  std::optional<relay::StoreError> error;
  std::vector<Reply> fields;
};

class ScriptRunner {
 public:
  using Done = std::function<void(StepResult)>;

  // All outlive it.
  ScriptRunner(RedisClient& client, relay::Executor& executor, const RedisKeys& keys,
               const ScriptOptions& options);
  ScriptRunner(const ScriptRunner&) = delete;
  ScriptRunner& operator=(const ScriptRunner&) = delete;

  // Gives all scripts to all servers; first of all when the client came up.
  void Load();
  // `done` comes through the executor, once, unless the runner is gone. Steps of one shard are
  // carried out and answered in the order of the calls.
  void Run(Step step, std::size_t shard, relay::TimePoint now, std::vector<std::string> args,
           Done done);
  // At this moment.
  void Run(Step step, std::size_t shard, std::vector<std::string> args, Done done) {
    Run(step, shard, clock_ ? clock_() : relay::TimePoint{}, std::move(args), std::move(done));
  }
  // A plain command on a key of the shard; the answer as it is.
  void Command(std::size_t shard, Args args, ReplyHandler done);
  // Through the executor, unless the runner is gone or closed by then.
  void Post(std::function<void()> task);
  // Expires with the runner, or when it is closed: what belongs to it goes together with it.
  std::weak_ptr<char> Guard() const { return alive_; }
  // Nothing calls back any more.
  void Close() { alive_.reset(); }

  // What Redis said last about a script that failed, for health; empty: none did.
  const std::string& last_error() const { return last_error_; }
  // Steps under way.
  std::size_t pending() const { return pending_; }

 private:
  void OnReply(Step step, std::size_t shard, std::vector<std::string> args, Done done,
               Result<Reply> reply, bool again);
  void Finish(const Done& done, StepResult result);
  // `done` that tells the timer.
  Done Timed(Step step, Done done) const;

  RedisClient& client_;
  relay::Executor& executor_;
  const RedisKeys& keys_;
  const std::function<relay::TimePoint()> clock_;
  const StepTimer timer_;
  const std::array<Script, kSteps> scripts_;
  std::string last_error_;
  std::size_t pending_ = 0;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

// For ARGV.
std::string ToText(const relay::TokenHash& hash);
// 64 digits, for a key that an operator may read.
std::string ToHex(const relay::TokenHash& hash);
std::string ToText(std::chrono::milliseconds time);
std::uint64_t ToMilliseconds(relay::TimePoint time);
relay::TimePoint FromMilliseconds(std::uint64_t time);

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_SCRIPTS_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/scripts.h"

#include <openssl/evp.h>

#include <span>
#include <utility>

#include "signaling/protocol/limits.h"
#include "signaling/protocol/session_messages.h"
#include "signaling/redis/script_texts.h"
#include "signaling/store/event_log.h"

namespace pairwire::redis {
namespace {

// What a node that was away finds when it comes back; later its members are long gone.
constexpr std::chrono::milliseconds kInboxTtl = std::chrono::minutes(10);
// Long enough for every node to come back and bring its sessions.
constexpr std::chrono::milliseconds kClaimAfterRestore = std::chrono::seconds(2);
constexpr std::chrono::milliseconds kEventsTtl = std::chrono::hours(7 * 24);

std::string HexOf(std::span<const unsigned char> bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : bytes) {
    hex += kHex[byte >> 4];
    hex += kHex[byte & 15];
  }
  return hex;
}

std::string Sha1(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return HexOf(std::span(digest).first(size));
}

// Only our own constants come here.
std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string TerminatedData(std::string_view reason) {
  return protocol::ToData(protocol::SessionTerminated{std::string(reason)}).text;
}

// The bounds are those of the C++ code, so that there is one place for each.
std::string Limits(const ScriptOptions& options, const RedisKeys& keys) {
  const std::size_t shards = keys.shards();
  const std::vector<std::pair<std::string, std::string>> values = {
      {"base", Quoted(keys.base())},
      {"shards", std::to_string(shards)},
      {"max_sessions", std::to_string((options.max_sessions + shards - 1) / shards)},
      {"max_meets", std::to_string((options.max_meets + shards - 1) / shards)},
      {"max_events", std::to_string(options.max_logged)},
      {"events_ttl", ToText(kEventsTtl)},
      {"max_inbox", std::to_string(options.max_inbox)},
      {"inbox_ttl", ToText(kInboxTtl)},
      {"max_logged", std::to_string(protocol::kMaxLoggedEvents)},
      {"max_kept", std::to_string(protocol::kMaxKeptMessages)},
      {"max_kept_bytes", std::to_string(protocol::kMaxKeptBytes)},
      {"max_unused", std::to_string(relay::kMaxResumeHashes * relay::TokenHash{}.size())},
      {"given_for", ToText(relay::kGivenFor)},
      {"claim_after", ToText(kClaimAfterRestore)},
      {"code_rest", ToText(options.code_rest)},
      {"ended_linger", ToText(options.ended_linger)},
      {"expired", Quoted(protocol::kReasonExpired)},
      {"expired_data", Quoted(TerminatedData(protocol::kReasonExpired))},
      {"user_left", Quoted(protocol::kReasonUserLeft)},
      {"user_left_data", Quoted(TerminatedData(protocol::kReasonUserLeft))},
      {"replaced", Quoted(protocol::kReasonReplaced)},
      {"replaced_data", Quoted(TerminatedData(protocol::kReasonReplaced))},
      {"by_meet", Quoted(relay::kLoggedByMeet)},
  };
  std::string text = "local LIMITS = {";
  for (const auto& [name, value] : values) text += name + " = " + value + ", ";
  return text + "}\n";
}

std::optional<relay::StoreError> ErrorOf(std::string_view status) {
  if (status == "NOTFOUND") return relay::StoreError::kNotFound;
  if (status == "NOTARGET") return relay::StoreError::kNoTarget;
  if (status == "NOTALLOWED") return relay::StoreError::kNotAllowed;
  if (status == "FULL") return relay::StoreError::kFull;
  if (status == "UNAVAILABLE") return relay::StoreError::kUnavailable;
  return std::nullopt;
}

}  // namespace

std::string ToText(const relay::TokenHash& hash) { return {hash.begin(), hash.end()}; }
std::string ToHex(const relay::TokenHash& hash) { return HexOf(hash); }
std::string ToText(std::chrono::milliseconds time) { return std::to_string(time.count()); }

std::uint64_t ToMilliseconds(relay::TimePoint time) {
  return static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count());
}
relay::TimePoint FromMilliseconds(std::uint64_t time) {
  return relay::TimePoint{} + std::chrono::milliseconds(static_cast<std::int64_t>(time));
}

std::array<Script, kSteps> MakeScripts(const ScriptOptions& options, const RedisKeys& keys) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, kSteps> kTexts = {{
      {"register", kRegisterLua},
      {"claim", kClaimLua},
      {"find", kFindLua},
      {"open_events", kOpenEventsLua},
      {"join", kJoinLua},
      {"leave", kLeaveLua},
      {"route", kRouteLua},
      {"touch", kTouchLua},
      {"terminate", kTerminateLua},
      {"claim_due", kClaimDueLua},
      {"announce", kAnnounceLua},
      {"nodes", kNodesLua},
      {"rates", kRatesLua},
      {"put_in_index", kPutInIndexLua},
      {"read_index", kReadIndexLua},
      {"hello", kHelloLua},
      {"snapshot", kSnapshotLua},
      {"restore", kRestoreLua},
      {"keep_again", kKeepAgainLua},
      {"replace", kReplaceLua},
  }};
  const std::string common = Limits(options, keys) + std::string(kLibLua);
  std::array<Script, kSteps> scripts;
  for (std::size_t i = 0; i < kSteps; ++i) {
    scripts[i].name = kTexts[i].first;
    scripts[i].text = common + std::string(kTexts[i].second);
    scripts[i].sha = Sha1(scripts[i].text);
  }
  return scripts;
}

ScriptRunner::ScriptRunner(RedisClient& client, relay::Executor& executor, const RedisKeys& keys,
                           const ScriptOptions& options)
    : client_(client),
      executor_(executor),
      keys_(keys),
      clock_(options.clock),
      timer_(options.timer),
      scripts_(MakeScripts(options, keys)) {}

void ScriptRunner::Load() {
  for (std::size_t shard = 0; shard < keys_.shards(); ++shard) {
    for (const Script& script : scripts_) {
      // What does not work here is said when the script is needed.
      client_.Command(keys_.Prefix(shard), {"SCRIPT", "LOAD", script.text},
                      [](const Result<Reply>&) {});
    }
  }
}

void ScriptRunner::Run(Step step, std::size_t shard, relay::TimePoint now,
                       std::vector<std::string> args, Done done) {
  Args words = {"EVALSHA", scripts_[static_cast<std::size_t>(step)].sha, "1", keys_.Prefix(shard),
                clock_ ? std::to_string(ToMilliseconds(now)) : std::string()};
  words.insert(words.end(), std::make_move_iterator(args.begin()),
               std::make_move_iterator(args.end()));
  ++pending_;
  if (timer_.done) done = Timed(step, std::move(done));
  // Kept for the case that the server does not know the script.
  Args kept = words;
  client_.Command(keys_.Prefix(shard), std::move(words),
                  [this, alive = std::weak_ptr<char>(alive_), step, shard, kept = std::move(kept),
                   done = std::move(done)](Result<Reply> reply) mutable {
                    if (alive.expired()) return;
                    OnReply(step, shard, std::move(kept), std::move(done), std::move(reply), true);
                  });
}

ScriptRunner::Done ScriptRunner::Timed(Step step, Done done) const {
  return [this, &name = scripts_[static_cast<std::size_t>(step)].name, begin = timer_.now(),
          done = std::move(done)](StepResult result) {
    timer_.done(name, timer_.now() - begin);
    done(std::move(result));
  };
}

void ScriptRunner::OnReply(Step step, std::size_t shard, Args args, Done done, Result<Reply> reply,
                           bool again) {
  if (again && reply && reply->ErrorCode() == "NOSCRIPT") {
    args[0] = "EVAL";
    args[1] = scripts_[static_cast<std::size_t>(step)].text;
    return client_.Command(keys_.Prefix(shard), std::move(args),
                           [this, alive = std::weak_ptr<char>(alive_), step, shard,
                            done = std::move(done)](Result<Reply> second) mutable {
                             if (alive.expired()) return;
                             OnReply(step, shard, {}, std::move(done), std::move(second), false);
                           });
  }
  StepResult result;
  if (!reply || !reply->IsArray() || reply->elements.empty()) {
    if (reply && reply->IsError()) {
      last_error_ = scripts_[static_cast<std::size_t>(step)].name + ": " + reply->text;
    }
    result.error = relay::StoreError::kUnavailable;
    return Finish(done, std::move(result));
  }
  const std::string status = reply->elements.front().text;
  result.error = ErrorOf(status);
  if (!result.error && status != "OK") result.error = relay::StoreError::kUnavailable;
  result.fields.assign(std::make_move_iterator(reply->elements.begin() + 1),
                       std::make_move_iterator(reply->elements.end()));
  Finish(done, std::move(result));
}

void ScriptRunner::Finish(const Done& done, StepResult result) {
  Post([this, done, result = std::move(result)]() mutable {
    --pending_;
    done(std::move(result));
  });
}

void ScriptRunner::Command(std::size_t shard, Args args, ReplyHandler done) {
  client_.Command(keys_.Prefix(shard), std::move(args),
                  [this, alive = std::weak_ptr<char>(alive_),
                   done = std::move(done)](Result<Reply> reply) mutable {
                    if (alive.expired()) return;
                    Post([done = std::move(done), reply = std::move(reply)]() mutable {
                      done(std::move(reply));
                    });
                  });
}

void ScriptRunner::Post(std::function<void()> task) {
  executor_.Post([alive = std::weak_ptr<char>(alive_), task = std::move(task)] {
    if (!alive.expired()) task();
  });
}

}  // namespace pairwire::redis

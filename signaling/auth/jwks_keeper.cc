// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/auth/jwks_keeper.h"

#include <utility>

namespace pairwire::auth {

JwksKeeper::JwksKeeper(JwtOptions jwt, Options options, JwksSource& source)
    : verifier_(std::move(jwt)), options_(options), source_(source) {}

void JwksKeeper::Start(TimePoint now) {
  next_fetch_ = now;
  Tick(now);
}

void JwksKeeper::Tick(TimePoint now) {
  if (!fetching_ && next_fetch_ <= now) Fetch();
}

void JwksKeeper::Check(std::string_view token, TimePoint now, Reply reply) {
  JwtResult result = verifier_.Verify(token, keys_, now);
  const bool unknown = !result && result.error() == JwtRefusal::kUnknownKey;
  const bool may_wait = unknown && waiting_.size() < options_.max_waiting;
  if (!may_wait || (!fetching_ && now < unknown_key_after_)) return reply(std::move(result));
  waiting_.push_back({std::string(token), std::move(reply)});
  if (fetching_) return;
  unknown_key_after_ = now + options_.unknown_key_pause;
  Fetch();
}

void JwksKeeper::Fetch() {
  fetching_ = true;
  ++counters_.fetches;
  source_.Fetch(
      [this, alive = std::weak_ptr<char>(alive_)](Result<std::string> text, TimePoint now) {
        if (!alive.expired()) OnFetched(std::move(text), now);
      });
}

void JwksKeeper::OnFetched(Result<std::string> text, TimePoint now) {
  fetching_ = false;
  Result<KeySet> set = text ? KeySet::Parse(*text) : tl::unexpected(text.error());
  if (set) {
    last_error_.clear();
    keys_.Merge(std::move(*set), now, verifier_.options().max_life);
    next_fetch_ = now + options_.refresh;
  } else {
    ++counters_.failures;
    last_error_ = set.error().detail;
    next_fetch_ = now + options_.retry;
  }
  // A reply may ask again: those that wait now are judged once and for all.
  std::deque<Waiting> waiting = std::exchange(waiting_, {});
  const std::weak_ptr<char> alive = alive_;
  for (Waiting& one : waiting) {
    one.reply(verifier_.Verify(one.token, keys_, now));
    if (alive.expired()) return;
  }
}

}  // namespace pairwire::auth

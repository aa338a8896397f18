// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// JwksKeeper: judges tokens with a key set that it keeps fresh. A set is fetched at the start,
// again after each `refresh`, and when a token names a key that nobody knows, which may be a new
// one; for that reason at most once per `unknown_key_pause`, so that a flood of invented names
// costs one fetch a minute. A fetch that fails leaves the old keys in force.
//
//   Start --fetch--> has keys <--refresh, unknown key (paced)--> fetching
//            \--fails--> no keys, tried again after `retry`
//
// Not here: how a set is read (JwksSource: a file, a URL) and what a token must say (jwt.h). One
// thread; time comes in with every call.
#ifndef PAIRWIRE_SIGNALING_AUTH_JWKS_KEEPER_H_
#define PAIRWIRE_SIGNALING_AUTH_JWKS_KEEPER_H_

#include <pairwire/result.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "signaling/auth/jwt.h"
#include "signaling/auth/key_set.h"

namespace pairwire::auth {

class JwksSource {
 public:
  // The text of the set as it is now, or why it can not be had. `done` comes once, inside the call
  // or later on the same thread, with the time at which it comes. Never called again before that.
  using Done = std::function<void(Result<std::string> text, TimePoint now)>;
  virtual void Fetch(Done done) = 0;

 protected:
  ~JwksSource() = default;
};

class JwksKeeper {
 public:
  struct Options {
    // How often a set is read without being asked for: a key that its owner took back stops to
    // count so much later (and `max_life`, which it gets like every retired key).
    std::chrono::seconds refresh{3600};
    std::chrono::seconds unknown_key_pause{60};
    // After a fetch that failed.
    std::chrono::seconds retry{10};
    // Tokens that wait for a fetch; more are refused at once.
    std::size_t max_waiting = 256;
  };
  struct Counters {
    std::uint64_t fetches = 0;
    std::uint64_t failures = 0;
  };
  using Reply = std::function<void(JwtResult)>;

  // `source` outlives the keeper.
  JwksKeeper(JwtOptions jwt, Options options, JwksSource& source);
  JwksKeeper(const JwksKeeper&) = delete;
  JwksKeeper& operator=(const JwksKeeper&) = delete;

  void Start(TimePoint now);
  // The reply comes once, inside the call unless the token waits for a fetch; never after the
  // keeper is gone.
  void Check(std::string_view token, TimePoint now, Reply reply);
  // Fetches when it is time to.
  void Tick(TimePoint now);
  TimePoint NextDeadline() const { return fetching_ ? TimePoint::max() : next_fetch_; }

  bool ready() const { return !keys_.empty(); }
  const KeySet& keys() const { return keys_; }
  const Counters& counters() const { return counters_; }
  // Why the last fetch failed; empty after one that did not.
  const std::string& last_error() const { return last_error_; }

 private:
  struct Waiting {
    std::string token;
    Reply reply;
  };

  void Fetch();
  void OnFetched(Result<std::string> text, TimePoint now);

  const JwtVerifier verifier_;
  const Options options_;
  JwksSource& source_;
  // Gone with the keeper; a late fetch then does nothing.
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  KeySet keys_;
  bool fetching_ = false;
  TimePoint next_fetch_ = TimePoint::max();
  TimePoint unknown_key_after_ = TimePoint::min();
  std::deque<Waiting> waiting_;
  Counters counters_;
  std::string last_error_;
};

}  // namespace pairwire::auth

#endif  // PAIRWIRE_SIGNALING_AUTH_JWKS_KEEPER_H_

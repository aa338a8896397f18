// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RateLimiter: rates that hold over all nodes together (the generic cell rate algorithm, GCRA).
// Rates of one node alone, of a socket say, are core/rate_limit.h.
#ifndef PAIRWIRE_SIGNALING_STORE_RATES_H_
#define PAIRWIRE_SIGNALING_STORE_RATES_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "signaling/store/store.h"

namespace pairwire::relay {

// `burst` at once, refilled at `per_second`.
struct RateLimit {
  double per_second = 0;
  double burst = 0;
};

struct RateQuery {
  enum class Mode : std::uint8_t {
    kTake,      // Takes the cost, or is refused.
    kPeek,      // Would it be taken? Takes nothing.
    kCharge,    // Takes the cost even where it is not there: what is owed delays later takers.
    kGiveBack,  // Returns what kTake took.
  };
  std::string scope;  // What is counted: "pair", "register".
  std::string key;    // Whose: an AddressKey, a code's digits, a session.
  RateLimit limit;    // The same wherever scope and key are the same.
  double cost = 1;
  Mode mode = Mode::kTake;
};
// Queries of one Check.
inline constexpr std::size_t kMaxRateQueries = 8;

struct RateAnswer {
  bool allowed = true;
  std::chrono::milliseconds retry_after{0};  // When refused: of the query that waits longest.
  std::uint32_t refused = 0;                 // Which queries refuse: bit 0 is the first of them.
};

class RateLimiter {
 public:
  virtual ~RateLimiter() = default;
  // All queries together: when one refuses, none takes anything. The reply comes later, never
  // inside the call, on the thread of the calls. kUnavailable: whoever asks decides whether to fail
  // open or closed.
  virtual void Check(std::vector<RateQuery> queries, TimePoint now,
                     StoreReply<RateAnswer> reply) = 0;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_RATES_H_

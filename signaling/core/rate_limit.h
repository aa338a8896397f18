// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Token buckets with the time passed in, one alone or a bounded table of them by client address.
#ifndef PAIRWIRE_SIGNALING_CORE_RATE_LIMIT_H_
#define PAIRWIRE_SIGNALING_CORE_RATE_LIMIT_H_

#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "signaling/protocol/time.h"
#include "signaling/store/rates.h"

namespace pairwire::relay {

using protocol::TimePoint;

class TokenBucket {
 public:
  // Takes `amount`, or nothing and answers false. A clock that steps back refills nothing.
  bool Take(const RateLimit& limit, double amount, TimePoint now);
  // True when Take would; takes nothing.
  bool Has(const RateLimit& limit, double amount, TimePoint now);
  // Takes `amount` whether it is there or not: what is owed delays later takers.
  void Charge(double amount) { used_ += amount; }
  // Gives back what Take took.
  void Return(double amount);
  // How much could be taken now; negative while something is owed.
  double Left(const RateLimit& limit, TimePoint now);
  // How long until `amount` could be taken; at least one second.
  std::chrono::seconds RetryAfter(const RateLimit& limit, double amount) const;

 private:
  void Refill(const RateLimit& limit, TimePoint now);

  double used_ = 0;  // Above the burst only by Charge; falls with time.
  TimePoint last_{};
};

// The key under which an address is counted: IPv4 whole, IPv6 its /64 (one subscriber holds that
// many), IPv4 inside IPv6 as IPv4. Text that is no address is its own key, cut to 64 bytes.
std::string AddressKey(std::string_view ip);

// Buckets by address, at most `capacity`: the one that was used longest ago is forgotten. What an
// attacker with very many addresses gains by that, the ceiling over all addresses takes away again.
class AddressBuckets {
 public:
  AddressBuckets(RateLimit limit, std::size_t capacity);

  bool Take(std::string_view ip, TimePoint now);
  // As TokenBucket's Has and Charge, with an amount of 1.
  bool Has(std::string_view ip, TimePoint now);
  void Charge(std::string_view ip);
  std::chrono::seconds RetryAfter(std::string_view ip) const;
  std::size_t size() const { return by_key_.size(); }

 private:
  struct Entry {
    std::string key;
    TokenBucket bucket;
  };

  TokenBucket& Bucket(std::string_view ip);

  RateLimit limit_;
  std::size_t capacity_;
  std::list<Entry> recent_first_;
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_CORE_RATE_LIMIT_H_

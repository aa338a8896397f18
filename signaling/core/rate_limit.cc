// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/core/rate_limit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace pairwire::relay {

void TokenBucket::Refill(const RateLimit& limit, TimePoint now) {
  if (now <= last_) return;
  const double passed = std::chrono::duration<double>(now - last_).count();
  used_ = std::max(0.0, used_ - passed * limit.per_second);
  last_ = now;
}

bool TokenBucket::Has(const RateLimit& limit, double amount, TimePoint now) {
  Refill(limit, now);
  // Sums of fractions may miss the bound by a hair.
  return used_ + amount <= limit.burst + 1e-6;
}

bool TokenBucket::Take(const RateLimit& limit, double amount, TimePoint now) {
  if (!Has(limit, amount, now)) return false;
  used_ += amount;
  return true;
}

double TokenBucket::Left(const RateLimit& limit, TimePoint now) {
  Refill(limit, now);
  return limit.burst - used_;
}

void TokenBucket::Return(double amount) { used_ = std::max(0.0, used_ - amount); }

std::chrono::seconds TokenBucket::RetryAfter(const RateLimit& limit, double amount) const {
  constexpr double kDay = 24 * 3600;
  const double missing = used_ + amount - limit.burst;
  const double wait = limit.per_second > 0 ? missing / limit.per_second : kDay;
  return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(std::clamp(wait, 1.0, kDay))));
}

std::string AddressKey(std::string_view ip) {
  const std::string text(ip.substr(0, 64));
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return text;
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &v6, bytes.size());
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    return std::to_string(bytes[12]) + "." + std::to_string(bytes[13]) + "." +
           std::to_string(bytes[14]) + "." + std::to_string(bytes[15]);
  }
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> out{};
  inet_ntop(AF_INET6, bytes.data(), out.data(), out.size());
  return std::string(out.data()) + "/64";
}

AddressBuckets::AddressBuckets(RateLimit limit, std::size_t capacity)
    : limit_(limit), capacity_(std::max<std::size_t>(capacity, 1)) {}

TokenBucket& AddressBuckets::Bucket(std::string_view ip) {
  std::string key = AddressKey(ip);
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    recent_first_.splice(recent_first_.begin(), recent_first_, found->second);
  } else {
    if (by_key_.size() >= capacity_) {
      by_key_.erase(recent_first_.back().key);
      recent_first_.pop_back();
    }
    recent_first_.push_front({key, {}});
    by_key_.emplace(std::move(key), recent_first_.begin());
  }
  return recent_first_.front().bucket;
}

bool AddressBuckets::Take(std::string_view ip, TimePoint now) {
  return Bucket(ip).Take(limit_, 1, now);
}

bool AddressBuckets::Has(std::string_view ip, TimePoint now) {
  return Bucket(ip).Has(limit_, 1, now);
}

void AddressBuckets::Charge(std::string_view ip) { Bucket(ip).Charge(1); }

std::chrono::seconds AddressBuckets::RetryAfter(std::string_view ip) const {
  const auto found = by_key_.find(AddressKey(ip));
  return found == by_key_.end() ? std::chrono::seconds(1)
                                : found->second->bucket.RetryAfter(limit_, 1);
}

}  // namespace pairwire::relay

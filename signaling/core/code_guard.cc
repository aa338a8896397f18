// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/core/code_guard.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pairwire::relay {

CodeGuard::CodeGuard(const CodeGuardOptions& options, const auth::ProofOfWork::Secret& secret)
    : options_(options), proofs_(secret) {}

CodeGuard::Entry* CodeGuard::Find(const std::string& key) {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &*found->second;
}

TimePoint CodeGuard::LockedUntil(const Entry& entry) const {
  if (options_.lock_after == 0) return {};
  // The failure that was `lock_after` before the next one; zero when there were not that many.
  const std::size_t back = std::min(options_.lock_after, kMaxLockAfter);
  const TimePoint oldest = entry.failures[(entry.next + kMaxLockAfter - back) % kMaxLockAfter];
  return oldest == TimePoint{} ? oldest : oldest + options_.lock_window;
}

bool CodeGuard::IsLocked(std::string_view ip, TimePoint now) const {
  const auto found = by_key_.find(AddressKey(ip));
  return found != by_key_.end() && LockedUntil(*found->second) > now;
}

int CodeGuard::Bits(TimePoint now) {
  const double left = proven_.Left(options_.proven, now);
  const double fill = 1 - std::clamp(left / options_.proven.burst, 0.0, 1.0);
  const int span = options_.max_bits - options_.min_bits;
  return options_.min_bits + static_cast<int>(std::lround(fill * span));
}

CodeGuard::Verdict CodeGuard::Ask(std::string_view ip, const protocol::Proof& proof,
                                  TimePoint now) {
  const std::string key = AddressKey(ip);
  Entry* entry = Find(key);
  Verdict verdict;
  // Nothing opens this one, so that a proof is not spent on it either.
  if (entry != nullptr && !entry->bucket.Has(options_.per_address, 1, now)) {
    verdict.retry_after = entry->bucket.RetryAfter(options_.per_address, 1);
    verdict.reason = "too many wrong codes from this address";
    return verdict;
  }
  const TimePoint locked_until = entry == nullptr ? TimePoint{} : LockedUntil(*entry);
  const bool locked = locked_until > now;
  if (!locked && in_all_.Take(options_.in_all, 1, now)) {
    verdict.allowed = true;
    return verdict;
  }
  if (!proof.challenge.empty() && proven_.Has(options_.proven, 1, now) &&
      proofs_.Redeem(proof.challenge, proof.answer, key, now)) {
    proven_.Take(options_.proven, 1, now);
    verdict.allowed = true;
    verdict.paid = Paid::kProven;
    return verdict;
  }
  verdict.reason = locked ? "too many wrong codes from this address" : "too many wrong codes";
  verdict.retry_after = locked ? std::chrono::ceil<std::chrono::seconds>(locked_until - now)
                               : in_all_.RetryAfter(options_.in_all, 1);
  verdict.challenge = Challenge(ip, locked, now);
  return verdict;
}

bool CodeGuard::Prove(std::string_view ip, const protocol::Proof& proof, TimePoint now) {
  if (proof.challenge.empty() || !proven_.Has(options_.proven, 1, now)) return false;
  if (!proofs_.Redeem(proof.challenge, proof.answer, AddressKey(ip), now)) return false;
  in_all_.Return(1);
  proven_.Take(options_.proven, 1, now);
  return true;
}

protocol::ProofChallenge CodeGuard::Challenge(std::string_view ip, bool locked, TimePoint now) {
  protocol::ProofChallenge challenge;
  challenge.bits = locked ? options_.max_bits : Bits(now);
  challenge.challenge = proofs_.MakeChallenge(AddressKey(ip), challenge.bits, now);
  return challenge;
}

void CodeGuard::OnWrong(std::string_view ip, TimePoint now) {
  std::string key = AddressKey(ip);
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    recent_first_.splice(recent_first_.begin(), recent_first_, found->second);
  } else {
    if (by_key_.size() >= std::max<std::size_t>(options_.max_addresses, 1)) {
      by_key_.erase(recent_first_.back().key);
      recent_first_.pop_back();
    }
    recent_first_.push_front({key, {}, {}, 0});
    by_key_.emplace(std::move(key), recent_first_.begin());
  }
  Entry& entry = recent_first_.front();
  entry.bucket.Has(options_.per_address, 0, now);  // lets the time that passed count first
  entry.bucket.Charge(1);
  entry.failures[entry.next] = now;
  entry.next = (entry.next + 1) % kMaxLockAfter;
}

void CodeGuard::OnOther(Paid paid) { (paid == Paid::kInAll ? in_all_ : proven_).Return(1); }

}  // namespace pairwire::relay

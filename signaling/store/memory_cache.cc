// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/store/memory_cache.h"

#include <algorithm>
#include <chrono>

namespace pairwire::relay {
namespace {

// A prefix that tells single values from indexes of the same name.
constexpr char kSingle = 's';
constexpr char kIndex = 'i';
// A cost beyond any burst waits no longer than this.
constexpr std::chrono::hours kLongestWait{24};

bool Fits(const std::string& key, const std::string& value) {
  return key.size() <= kMaxCacheKeyBytes && value.size() <= kMaxCacheValueBytes;
}

}  // namespace

MemoryCache::MemoryCache(Executor& executor, NowFunction now, std::size_t max_values)
    : executor_(executor), now_(std::move(now)), max_values_(max_values) {}

template <typename T>
void MemoryCache::Answer(StoreReply<T> reply, StoreResult<T> result) {
  executor_.Post([alive = std::weak_ptr<char>(alive_), reply = std::move(reply),
                  result = std::move(result)]() mutable {
    if (!alive.expired()) reply(std::move(result));
  });
}

void MemoryCache::Erase(const Name& name) {
  const auto index = indexes_.find(name.first);
  if (index == indexes_.end()) return;
  index->second.erase(name.second);
  if (index->second.empty()) indexes_.erase(index);
}

void MemoryCache::Forget(TimePoint now) {
  while (!ends_.empty() && ends_.begin()->first <= now) {
    Erase(ends_.begin()->second);
    ends_.erase(ends_.begin());
  }
}

bool MemoryCache::Set(std::unordered_map<std::string, Index>& in, Name name, std::string value,
                      std::chrono::milliseconds ttl) {
  Index& index = in[name.first];
  const auto there = index.find(name.second);
  if (there != index.end()) {
    ends_.erase(there->second.end);
    index.erase(there);
  } else if (ends_.size() >= max_values_) {
    if (index.empty()) in.erase(name.first);
    return false;
  }
  const std::string field = name.second;
  index[field] = {std::move(value), ends_.emplace(now_() + ttl, std::move(name))};
  return true;
}

void MemoryCache::Put(std::string key, std::string value, std::chrono::milliseconds ttl,
                      StoreReply<bool> reply) {
  Forget(now_());
  const bool done = Fits(key, value) && Set(indexes_, {kSingle + key, {}}, std::move(value), ttl);
  Answer(std::move(reply), done ? StoreResult<bool>(true) : tl::unexpected(StoreError::kFull));
}

void MemoryCache::Get(std::string key, StoreReply<std::optional<std::string>> reply) {
  Forget(now_());
  std::optional<std::string> value;
  const auto found = indexes_.find(kSingle + key);
  if (found != indexes_.end()) value = found->second.begin()->second.bytes;
  Answer(std::move(reply), StoreResult<std::optional<std::string>>(std::move(value)));
}

void MemoryCache::PutInIndex(std::string index, std::string field, std::string value,
                             std::chrono::milliseconds ttl, std::size_t max,
                             StoreReply<bool> reply) {
  Forget(now_());
  if (!Fits(index, value) || field.size() > kMaxCacheKeyBytes) {
    return Answer(std::move(reply), StoreResult<bool>(tl::unexpected(StoreError::kFull)));
  }
  const auto there = indexes_.find(kIndex + index);
  if (there != indexes_.end() && there->second.size() >= max && !there->second.contains(field)) {
    return Answer(std::move(reply), StoreResult<bool>(false));
  }
  const bool done =
      max > 0 && Set(indexes_, {kIndex + index, std::move(field)}, std::move(value), ttl);
  Answer(std::move(reply), done ? StoreResult<bool>(true) : tl::unexpected(StoreError::kFull));
}

void MemoryCache::ReadIndex(std::string index, StoreReply<Fields> reply) {
  Forget(now_());
  Fields fields;
  const auto found = indexes_.find(kIndex + index);
  if (found != indexes_.end()) {
    for (const auto& [field, value] : found->second) fields.emplace_back(field, value.bytes);
  }
  Answer(std::move(reply), StoreResult<Fields>(std::move(fields)));
}

MemoryRates::MemoryRates(Executor& executor, std::size_t max_buckets)
    : executor_(executor), max_buckets_(std::max<std::size_t>(max_buckets, 1)) {}

void MemoryRates::Check(std::vector<RateQuery> queries, TimePoint now,
                        StoreReply<RateAnswer> reply) {
  executor_.Post([alive = std::weak_ptr<char>(alive_), reply = std::move(reply),
                  answer = Judge(queries, now)] {
    if (!alive.expired()) reply(answer);
  });
}

RateAnswer MemoryRates::Judge(const std::vector<RateQuery>& queries, TimePoint now) {
  using Seconds = std::chrono::duration<double>;
  RateAnswer answer;
  std::vector<std::pair<std::string, TimePoint>> after;
  for (std::size_t i = 0; i < queries.size() && i < kMaxRateQueries; ++i) {
    const RateQuery& query = queries[i];
    const std::string key = query.scope + ":" + query.key;
    // The same bucket twice in one check: the second stands on the first.
    TimePoint full = now;
    const auto found = full_at_.find(key);
    if (found != full_at_.end()) full = std::max(now, found->second);
    for (const auto& [other, time] : after) {
      if (other == key) full = time;
    }
    const double per_unit = query.limit.per_second > 0 ? 1 / query.limit.per_second : 86'400;
    const auto Span = [](double seconds) {
      const double bounded = std::clamp(seconds, -1e9, 1e9);
      return std::chrono::duration_cast<TimePoint::duration>(Seconds(bounded));
    };
    if (query.mode == RateQuery::Mode::kGiveBack) {
      after.emplace_back(key, std::max(now, full - Span(query.cost * per_unit)));
      continue;
    }
    const TimePoint then = full + Span(query.cost * per_unit);
    // Sums of fractions may miss the bound by a hair.
    const auto over =
        then - now - Span(query.limit.burst * per_unit) - std::chrono::microseconds(1);
    if (query.mode != RateQuery::Mode::kCharge && over.count() > 0) {
      answer.allowed = false;
      answer.refused |= 1U << i;
      const auto wait = std::min<TimePoint::duration>(over, kLongestWait);
      answer.retry_after =
          std::max(answer.retry_after, std::chrono::ceil<std::chrono::milliseconds>(wait));
    }
    if (query.mode != RateQuery::Mode::kPeek) after.emplace_back(key, then);
  }
  if (!answer.allowed) return answer;
  for (auto& [key, time] : after) {
    if (full_at_.size() >= max_buckets_ && !full_at_.contains(key)) MakeRoom(now);
    full_at_[key] = time;
  }
  return answer;
}

void MemoryRates::MakeRoom(TimePoint now) {
  // Rare, and paid for by as many calls as there are buckets.
  std::erase_if(full_at_, [now](const auto& bucket) { return bucket.second <= now; });
  if (full_at_.size() < max_buckets_) return;
  for (std::size_t i = 0; i < max_buckets_ / 8 + 1; ++i) full_at_.erase(full_at_.begin());
}

}  // namespace pairwire::relay

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// MemoryCache and MemoryRates: a cache and rates of one process.
#ifndef PAIRWIRE_SIGNALING_STORE_MEMORY_CACHE_H_
#define PAIRWIRE_SIGNALING_STORE_MEMORY_CACHE_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "signaling/store/cache.h"
#include "signaling/store/executor.h"
#include "signaling/store/memory_store.h"
#include "signaling/store/rates.h"

namespace pairwire::relay {

// One thread; `executor` outlives both. What was not answered when they are destroyed is dropped.
class MemoryCache final : public Cache {
 public:
  // `max_values`: of single values and of fields of all indexes together.
  MemoryCache(Executor& executor, NowFunction now, std::size_t max_values);

  void Put(std::string key, std::string value, std::chrono::milliseconds ttl,
           StoreReply<bool> reply) override;
  void Get(std::string key, StoreReply<std::optional<std::string>> reply) override;
  void PutInIndex(std::string index, std::string field, std::string value,
                  std::chrono::milliseconds ttl, std::size_t max, StoreReply<bool> reply) override;
  void ReadIndex(std::string index, StoreReply<Fields> reply) override;

  std::size_t size() const { return ends_.size(); }

 private:
  // Index and field; a single value has its key as the index and no field.
  using Name = std::pair<std::string, std::string>;
  struct Value {
    std::string bytes;
    std::multimap<TimePoint, Name>::iterator end;
  };
  using Index = std::map<std::string, Value>;

  void Forget(TimePoint now);
  void Erase(const Name& name);
  // False: the cache is full.
  bool Set(std::unordered_map<std::string, Index>& in, Name name, std::string value,
           std::chrono::milliseconds ttl);
  template <typename T>
  void Answer(StoreReply<T> reply, StoreResult<T> result);

  Executor& executor_;
  const NowFunction now_;
  const std::size_t max_values_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  // A single value is an index with the one field "".
  std::unordered_map<std::string, Index> indexes_;
  std::multimap<TimePoint, Name> ends_;
};

class MemoryRates final : public RateLimiter {
 public:
  MemoryRates(Executor& executor, std::size_t max_buckets);

  void Check(std::vector<RateQuery> queries, TimePoint now, StoreReply<RateAnswer> reply) override;

  std::size_t size() const { return full_at_.size(); }

 private:
  RateAnswer Judge(const std::vector<RateQuery>& queries, TimePoint now);
  void MakeRoom(TimePoint now);

  Executor& executor_;
  const std::size_t max_buckets_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  // GCRA's theoretical arrival time: when the bucket is full again. One that is full is not kept.
  std::unordered_map<std::string, TimePoint> full_at_;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_MEMORY_CACHE_H_

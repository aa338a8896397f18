// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Cache: values that live for a while, alone or in a bounded index, shared by all nodes: a
// display's status, a design's displays. What is lost here is missed by nobody: the next report
// brings it again. Not for anything that a promise rests on; that is the store's.
//
// Keys and values are bytes, a key of at most kMaxCacheKeyBytes and a value of kMaxCacheValueBytes
// (kFull beyond). Replies come later, never inside a call, on the thread of the calls, and in the
// order of the calls that name the same key.
#ifndef PAIRWIRE_SIGNALING_STORE_CACHE_H_
#define PAIRWIRE_SIGNALING_STORE_CACHE_H_

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "signaling/store/store.h"

namespace pairwire::relay {

// Two ids and a word.
inline constexpr std::size_t kMaxCacheKeyBytes = 256;
// As one HTTP body.
inline constexpr std::size_t kMaxCacheValueBytes = 16 * 1024;

class Cache {
 public:
  virtual ~Cache() = default;
  // Replaces what is there. True; kFull, kUnavailable.
  virtual void Put(std::string key, std::string value, std::chrono::milliseconds ttl,
                   StoreReply<bool> reply) = 0;
  // Nothing when there is none, or none any more.
  virtual void Get(std::string key, StoreReply<std::optional<std::string>> reply) = 0;
  // One field of an index; the fields end one by one. False: the index holds `max` other fields.
  virtual void PutInIndex(std::string index, std::string field, std::string value,
                          std::chrono::milliseconds ttl, std::size_t max,
                          StoreReply<bool> reply) = 0;
  // The fields that have not ended, by name.
  using Fields = std::vector<std::pair<std::string, std::string>>;
  virtual void ReadIndex(std::string index, StoreReply<Fields> reply) = 0;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_CACHE_H_

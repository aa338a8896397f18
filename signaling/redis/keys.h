// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RedisKeys: where things stand in Redis. Everything of one session is under the prefix of its
// shard, and a shard's prefix carries a hash tag on a Cluster, so that each step finds all its keys
// in one slot. The keys themselves are named in scripts/lib.lua.
//
//   one server   "pw:"                        one shard
//   Cluster      "pw:{00}:" to "pw:{15}:"     by session id; by code, whose number says its shard
//
// Channels are named without the tag, since anybody may publish on them from anywhere.
#ifndef PAIRWIRE_SIGNALING_REDIS_KEYS_H_
#define PAIRWIRE_SIGNALING_REDIS_KEYS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire::redis {

// Of a Cluster. Divides ten thousand, as ShardOfCode needs.
inline constexpr std::size_t kClusterShards = 16;

// An id as part of a key: all but letters, digits and "_.~-" is percent-encoded, so that no id
// becomes another key or another slot. As `enc` of lib.lua.
std::string EncodeId(std::string_view id);

class RedisKeys {
 public:
  // `base` ends with a colon.
  RedisKeys(std::string base, bool cluster);

  const std::string& base() const { return base_; }
  std::size_t shards() const { return prefixes_.size(); }
  // The one for what is no session's: nodes, rates.
  static constexpr std::size_t kCommonShard = 0;
  std::size_t ShardOf(std::string_view id) const;
  // Digits, at least four.
  std::size_t ShardOfCode(std::string_view code) const;
  // Nine digits, of which a code is the last ones; they lead to `shard`.
  std::string Draw(std::uint64_t random, std::size_t shard) const;

  const std::string& Prefix(std::size_t shard) const { return prefixes_[shard]; }
  std::optional<std::size_t> ShardWithPrefix(std::string_view prefix) const;

  std::string InboxChannel(std::string_view node_id) const;
  std::string NodeChannel(std::string_view node_id) const;
  std::string RoomChannel(std::string_view topic) const;

 private:
  std::string base_;
  std::vector<std::string> prefixes_;
};

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_KEYS_H_

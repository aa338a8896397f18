// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/keys.h"

#include <algorithm>
#include <utility>

#include "signaling/protocol/code.h"
#include "signaling/protocol/limits.h"
#include "signaling/redis/slot_map.h"

namespace pairwire::redis {

std::string EncodeId(std::string_view id) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "_.~-";
  std::string encoded;
  encoded.reserve(id.size());
  for (const char c : id) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter || (c >= '0' && c <= '9') || kPlain.find(c) != std::string_view::npos) {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.push_back('%');
    encoded.push_back(kHex[byte >> 4]);
    encoded.push_back(kHex[byte & 15]);
  }
  return encoded;
}

RedisKeys::RedisKeys(std::string base, bool cluster) : base_(std::move(base)) {
  if (!cluster) {
    prefixes_.push_back(base_);
    return;
  }
  for (std::size_t shard = 0; shard < kClusterShards; ++shard) {
    const std::string number = std::to_string(shard);
    prefixes_.push_back(base_ + "{" + (number.size() < 2 ? "0" : "") + number + "}:");
  }
}

std::size_t RedisKeys::ShardOf(std::string_view id) const { return KeySlot(id) % shards(); }

std::size_t RedisKeys::ShardOfCode(std::string_view code) const {
  std::size_t number = 0;
  for (const char c : code) number = number * 10 + static_cast<std::size_t>(c - '0');
  return number % shards();
}

std::string RedisKeys::Draw(std::uint64_t random, std::size_t shard) const {
  // 10^4 and more are multiples of the number of shards, so the digits in front do not matter.
  return protocol::CodeFromNumber(random - random % shards() + shard, protocol::kPlainCodeDigits);
}

std::optional<std::size_t> RedisKeys::ShardWithPrefix(std::string_view prefix) const {
  const auto found = std::find(prefixes_.begin(), prefixes_.end(), prefix);
  if (found == prefixes_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - prefixes_.begin());
}

std::string RedisKeys::InboxChannel(std::string_view node_id) const {
  return base_ + "channel:inbox:" + EncodeId(node_id);
}
std::string RedisKeys::NodeChannel(std::string_view node_id) const {
  return base_ + "channel:node:" + EncodeId(node_id);
}
std::string RedisKeys::RoomChannel(std::string_view topic) const {
  return base_ + "channel:room:" + EncodeId(topic);
}

}  // namespace pairwire::redis

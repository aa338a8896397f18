// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Whatever a Redis server, or who claims to be one, sends: the replies must be the same however the
// bytes are cut, and what reads slots and redirections out of them must bear any.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

#include "signaling/redis/redis_url.h"
#include "signaling/redis/resp.h"
#include "signaling/redis/slot_map.h"

namespace {

using pairwire::redis::Reply;
using pairwire::redis::ReplyReader;

struct Outcome {
  std::vector<Reply> replies;
  bool failed = false;

  bool operator==(const Outcome&) const = default;
};

Outcome Read(std::string_view bytes, std::size_t step) {
  Outcome outcome;
  ReplyReader reader;
  while (!bytes.empty() && !outcome.failed) {
    reader.Feed(bytes.substr(0, step));
    bytes.remove_prefix(step < bytes.size() ? step : bytes.size());
    for (;;) {
      auto next = reader.Next();
      outcome.failed = !next.has_value();
      if (outcome.failed || !*next) break;
      outcome.replies.push_back(std::move(**next));
    }
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = Read(bytes, size);
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}}) {
    if (Read(bytes, step) != whole) std::abort();
  }
  const pairwire::redis::ServerAddress asked{"127.0.0.1", 6379};
  for (const Reply& reply : whole.replies) {
    (void)pairwire::redis::SlotMap::Parse(reply, asked);
    (void)pairwire::redis::ParseRedirection(reply.text, asked);
  }
  (void)pairwire::redis::ParseRedisUrl(bytes);
  return 0;
}

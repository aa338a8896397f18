// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SlotMap: which master of a Redis Cluster holds which of the 16,384 hash slots, read from CLUSTER
// SLOTS and corrected by MOVED. https://redis.io/docs/reference/cluster-spec. No socket here.
#ifndef PAIRWIRE_SIGNALING_REDIS_SLOT_MAP_H_
#define PAIRWIRE_SIGNALING_REDIS_SLOT_MAP_H_

#include <pairwire/result.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "signaling/redis/resp.h"
#include "signaling/redis/server_address.h"

namespace pairwire::redis {

constexpr std::uint16_t kSlotCount = 16384;

// CRC16 (XMODEM) of the key modulo 16,384; of what stands between the first '{' and the next '}'
// when that is not empty (the hash tag).
std::uint16_t KeySlot(std::string_view key);

class SlotMap {
 public:
  // Far above any real Cluster; a server that names more is not believed.
  static constexpr std::size_t kMaxMasters = 256;

  // The answer to CLUSTER SLOTS. A server that does not know its own name leaves it empty: then
  // `asked` is meant. kParseError.
  static Result<SlotMap> Parse(const Reply& slots, const ServerAddress& asked);

  // Null: nobody is known to hold the slot.
  const ServerAddress* MasterOf(std::uint16_t slot) const;
  // Those that hold a slot, in the order of their first one.
  std::vector<ServerAddress> Masters() const;
  // A MOVED said so. False: there are too many masters already.
  bool Move(std::uint16_t slot, const ServerAddress& master);
  // Slots that nobody holds.
  std::size_t Unknown() const;

 private:
  static constexpr std::uint16_t kNobody = 0xffff;

  std::optional<std::uint16_t> IndexOf(const ServerAddress& master);

  std::vector<ServerAddress> masters_;
  std::array<std::uint16_t, kSlotCount> owners_ = [] {
    std::array<std::uint16_t, kSlotCount> owners;
    owners.fill(kNobody);
    return owners;
  }();
};

// "MOVED 3999 host:port" and "ASK 3999 host:port".
struct Redirection {
  bool ask = false;  // for this one command; the map stays as it is
  std::uint16_t slot = 0;
  ServerAddress target;
};
// Empty for any other error. A target without a name is the server that answered: `asked`' host.
std::optional<Redirection> ParseRedirection(std::string_view error, const ServerAddress& asked);

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_SLOT_MAP_H_

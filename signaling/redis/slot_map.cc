// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/slot_map.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace pairwire::redis {
namespace {

constexpr std::array<std::uint16_t, 256> kCrcTable = [] {
  std::array<std::uint16_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021 : 0);
    table[byte] = static_cast<std::uint16_t>(crc);
  }
  return table;
}();

std::optional<std::uint16_t> ParseSlot(std::string_view text) {
  std::uint16_t slot = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), slot);
  const bool number = error == std::errc() && end == text.data() + text.size();
  if (!number || slot >= kSlotCount) return std::nullopt;
  return slot;
}

// One line of CLUSTER SLOTS: first, last, [host, port, id, ...] of the master, then the replicas.
struct Range {
  std::uint16_t first;
  std::uint16_t last;
  ServerAddress master;
};

std::optional<Range> ParseRange(const Reply& line, const ServerAddress& asked) {
  if (line.elements.size() < 3 || !line.elements[0].IsInteger() || !line.elements[1].IsInteger()) {
    return std::nullopt;
  }
  const std::int64_t first = line.elements[0].integer;
  const std::int64_t last = line.elements[1].integer;
  const std::vector<Reply>& node = line.elements[2].elements;
  if (first < 0 || last < first || last >= kSlotCount || node.size() < 2) return std::nullopt;
  const std::int64_t port = node[1].integer;
  const bool named = node[0].IsText() || node[0].IsNil();
  if (!named || port <= 0 || port > 0xffff) return std::nullopt;
  const std::string& name = node[0].text;
  // "?" is an unknown name, as an empty one is.
  return Range{static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last),
               ServerAddress{name.empty() || name == "?" ? asked.host : name,
                             static_cast<std::uint16_t>(port)}};
}

}  // namespace

std::uint16_t KeySlot(std::string_view key) {
  const std::size_t open = key.find('{');
  if (open != std::string_view::npos) {
    const std::size_t close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1) {
      key = key.substr(open + 1, close - open - 1);
    }
  }
  unsigned crc = 0;
  for (const char c : key) {
    crc = ((crc << 8) ^ kCrcTable[((crc >> 8) ^ static_cast<unsigned char>(c)) & 0xff]) & 0xffff;
  }
  return static_cast<std::uint16_t>(crc % kSlotCount);
}

Result<SlotMap> SlotMap::Parse(const Reply& slots, const ServerAddress& asked) {
  if (!slots.IsArray()) return Fail(Errc::kParseError, "CLUSTER SLOTS gave no list");
  SlotMap map;
  for (const Reply& line : slots.elements) {
    const auto range = ParseRange(line, asked);
    if (!range) return Fail(Errc::kParseError, "CLUSTER SLOTS gave a line that is none");
    const auto index = map.IndexOf(range->master);
    if (!index) return Fail(Errc::kParseError, "CLUSTER SLOTS names too many masters");
    std::fill(map.owners_.begin() + range->first, map.owners_.begin() + range->last + 1, *index);
  }
  return map;
}

const ServerAddress* SlotMap::MasterOf(std::uint16_t slot) const {
  const std::uint16_t owner = owners_[slot % kSlotCount];
  return owner == kNobody ? nullptr : &masters_[owner];
}

std::vector<ServerAddress> SlotMap::Masters() const {
  std::vector<bool> seen(masters_.size());
  std::vector<ServerAddress> masters;
  for (const std::uint16_t owner : owners_) {
    if (owner == kNobody || seen[owner]) continue;
    seen[owner] = true;
    masters.push_back(masters_[owner]);
  }
  return masters;
}

bool SlotMap::Move(std::uint16_t slot, const ServerAddress& master) {
  const auto index = IndexOf(master);
  if (!index) return false;
  owners_[slot % kSlotCount] = *index;
  return true;
}

std::size_t SlotMap::Unknown() const {
  return static_cast<std::size_t>(std::count(owners_.begin(), owners_.end(), kNobody));
}

std::optional<std::uint16_t> SlotMap::IndexOf(const ServerAddress& master) {
  const auto found = std::find(masters_.begin(), masters_.end(), master);
  if (found == masters_.end() && masters_.size() == kMaxMasters) return std::nullopt;
  const auto index = static_cast<std::uint16_t>(found - masters_.begin());
  if (found == masters_.end()) masters_.push_back(master);
  return index;
}

std::optional<Redirection> ParseRedirection(std::string_view error, const ServerAddress& asked) {
  Redirection result;
  if (error.starts_with("ASK ")) {
    result.ask = true;
    error.remove_prefix(4);
  } else if (error.starts_with("MOVED ")) {
    error.remove_prefix(6);
  } else {
    return std::nullopt;
  }
  const std::size_t space = error.find(' ');
  const std::size_t colon = error.rfind(':');
  if (space == std::string_view::npos || colon == std::string_view::npos || colon < space) {
    return std::nullopt;
  }
  const auto slot = ParseSlot(error.substr(0, space));
  const auto port = ParsePort(error.substr(colon + 1));
  const std::string_view host = error.substr(space + 1, colon - space - 1);
  if (!slot || !port) return std::nullopt;
  result.slot = *slot;
  result.target =
      ServerAddress{host.empty() || host == "?" ? asked.host : std::string(host), *port};
  return result;
}

}  // namespace pairwire::redis

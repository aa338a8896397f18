// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/fields.h"

#include <array>

namespace pairwire::redis {

std::optional<std::vector<std::string_view>> ParseNetstrings(std::string_view bytes) {
  std::vector<std::string_view> parts;
  while (!bytes.empty()) {
    const std::size_t colon = bytes.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto length = ToNumber<std::size_t>(bytes.substr(0, colon));
    if (!length || *length > bytes.size() - colon - 1) return std::nullopt;
    parts.push_back(bytes.substr(colon + 1, *length));
    bytes.remove_prefix(colon + 1 + *length);
  }
  return parts;
}

void AppendNetstring(std::string_view text, std::string& out) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

std::optional<relay::NodeMessage> ParseNodeMessage(const std::vector<std::string_view>& parts) {
  using Kind = relay::NodeMessage::Kind;
  constexpr std::size_t kParts = 10;
  constexpr std::array<std::pair<std::string_view, Kind>, 6> kKinds = {{
      {"deliver", Kind::kDeliver},
      {"event", Kind::kEvent},
      {"ended", Kind::kEnded},
      {"watch_moved", Kind::kWatchMoved},
      {"taken_over", Kind::kTakenOver},
      {"placed", Kind::kPlaced},
  }};
  if (parts.size() != kParts) return std::nullopt;
  const auto place_epoch = ToNumber<std::uint64_t>(parts[8]);
  const auto epoch = ToNumber<std::uint64_t>(parts[9]);
  if (!place_epoch || !epoch) return std::nullopt;
  for (const auto& [name, kind] : kKinds) {
    if (name != parts[0]) continue;
    relay::NodeMessage message;
    message.kind = kind;
    message.session_id = parts[1];
    message.member_id = parts[2];
    message.text = parts[3];
    message.event = {std::string(parts[4]), std::string(parts[5]), {std::string(parts[6])}};
    message.place = {std::string(parts[7]), *place_epoch};
    message.epoch = *epoch;
    return message;
  }
  return std::nullopt;
}

}  // namespace pairwire::redis

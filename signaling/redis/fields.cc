// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/fields.h"

#include <array>
#include <utility>

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

std::optional<relay::Role> RoleFrom(std::string_view text) {
  for (const relay::Role role :
       {relay::Role::kDisplay, relay::Role::kController, relay::Role::kUser}) {
    if (text == relay::ToString(role)) return role;
  }
  return std::nullopt;
}

std::optional<std::vector<relay::Present>> ParseSeats(std::string_view bytes) {
  constexpr std::size_t kParts = 5;
  const auto parts = ParseNetstrings(bytes);
  if (!parts || parts->size() % kParts != 0) return std::nullopt;
  std::vector<relay::Present> seats;
  seats.reserve(parts->size() / kParts);
  for (auto part = parts->begin(); part != parts->end(); part += kParts) {
    const auto epoch = ToNumber<std::uint64_t>(part[1]);
    const auto role = RoleFrom(part[3]);
    if (!epoch || !role) return std::nullopt;
    relay::Present seat;
    seat.place = {std::string(part[0]), *epoch};
    seat.member.member_id = part[2];
    seat.member.role = *role;
    seat.member.name = part[4];
    seats.push_back(std::move(seat));
  }
  return seats;
}

namespace {

// A text for each member that has a seat at the node.
std::vector<relay::NodeMessage> ParseDeliverEach(const std::vector<std::string_view>& parts) {
  std::vector<relay::NodeMessage> messages;
  for (relay::Present& seat : ParseSeats(parts[2]).value_or(std::vector<relay::Present>())) {
    relay::NodeMessage message;
    message.kind = relay::NodeMessage::Kind::kDeliver;
    message.session_id = parts[1];
    message.member_id = std::move(seat.member.member_id);
    message.text = parts[3];
    message.epoch = seat.place.epoch;
    message.place = std::move(seat.place);
    messages.push_back(std::move(message));
  }
  return messages;
}

}  // namespace

std::vector<relay::NodeMessage> ParseNodeMessages(const std::vector<std::string_view>& parts) {
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
  if (parts.size() != kParts) return {};
  if (parts[0] == "deliver_each") return ParseDeliverEach(parts);
  const auto place_epoch = ToNumber<std::uint64_t>(parts[8]);
  const auto epoch = ToNumber<std::uint64_t>(parts[9]);
  if (!place_epoch || !epoch) return {};
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
    return {std::move(message)};
  }
  return {};
}

}  // namespace pairwire::redis

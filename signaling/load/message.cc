// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/message.h"

#include <cstring>

#include "signaling/protocol/envelope.h"
#include "signaling/protocol/events.h"

namespace pairwire::load {
namespace {

constexpr std::size_t kDigits = 12;
constexpr std::string_view kZeros = "000000000000";
constexpr std::string_view kNumberKey = R"("seq":")";
constexpr std::uint32_t kMask = 0x37fa213d;

std::optional<std::uint64_t> ReadDigits(std::string_view text) {
  if (text.size() < kDigits) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text.substr(0, kDigits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

}  // namespace

NumberedMessage::NumberedMessage(std::size_t size, bool ack, std::string_view to) {
  std::string text = R"({"type":"webrtc:ice-candidate",)";
  if (ack) {
    text += R"("id":")";
    id_at_ = text.size();
    text.append(kZeros).append(R"(",)");
  }
  if (!to.empty()) text.append(R"("to":")").append(to).append(R"(",)");
  text += R"("data":{"candidate":"candidate:1 1 udp 2113937151 192.0.2.1 54321 typ host )";
  const std::string tail =
      R"(","sdpMid":"0",)" + std::string(kNumberKey) + std::string(kZeros) + R"("}})";
  if (text.size() + tail.size() < size) text.append(size - text.size() - tail.size(), 'x');
  number_at_ = text.size() + tail.size() - 3 - kDigits;
  text += tail;
  frame_ = PreparedFrame(text, kMask);
}

std::string_view NumberedMessage::Frame(std::uint64_t number) {
  frame_.SetNumber(number_at_, kDigits, number);
  if (id_at_) frame_.SetNumber(*id_at_, kDigits, number);
  return frame_.bytes();
}

std::optional<std::uint64_t> NumberIn(std::string_view text) {
  // The relay passes data on byte for byte and puts it last, so the number stands right before the
  // end. One that does it another way is searched.
  constexpr std::size_t kFromEnd = kNumberKey.size() + kDigits + 3;
  if (text.size() >= kFromEnd) {
    const std::string_view end = text.substr(text.size() - kFromEnd);
    if (end.substr(0, kNumberKey.size()) == kNumberKey) {
      return ReadDigits(end.substr(kNumberKey.size()));
    }
  }
  const std::size_t at = text.find(kNumberKey);
  if (at == std::string_view::npos) return std::nullopt;
  return ReadDigits(text.substr(at + kNumberKey.size()));
}

std::optional<std::uint64_t> AckIn(std::string_view text) {
  // Most texts are no acks; those are short.
  constexpr std::size_t kLongestAck = 128;
  if (text.size() > kLongestAck) return std::nullopt;
  const auto envelope = protocol::ParseEnvelope(text);
  if (!envelope || envelope->type != protocol::kAck) return std::nullopt;
  return ReadDigits(envelope->id);
}

}  // namespace pairwire::load

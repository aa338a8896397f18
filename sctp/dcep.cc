// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/dcep.h"

#include <optional>

namespace pairwire::sctp {
namespace {

// RFC 8832 section 8.2.1.
constexpr std::uint8_t kOpenType = 0x03;
constexpr std::uint8_t kAckType = 0x02;

// type 1, channel type 1, priority 2, reliability 4, label length 2, protocol length 2.
constexpr std::size_t kOpenHeaderSize = 1 + 1 + 2 + 4 + 2 + 2;

void AppendBigEndian(Bytes& out, std::uint32_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint32_t ReadBigEndian(ByteSpan bytes) {
  std::uint32_t value = 0;
  for (const std::uint8_t byte : bytes) value = (value << 8) | byte;
  return value;
}

std::optional<DcepChannelType> ToChannelType(std::uint8_t value) {
  switch (const auto type = static_cast<DcepChannelType>(value); type) {
    case DcepChannelType::kReliable:
    case DcepChannelType::kReliableUnordered:
    case DcepChannelType::kLimitedRetransmits:
    case DcepChannelType::kLimitedRetransmitsUnordered:
    case DcepChannelType::kLimitedLifetime:
    case DcepChannelType::kLimitedLifetimeUnordered:
      return type;
  }
  return std::nullopt;
}

Result<DcepMessage> DecodeOpen(ByteSpan message, std::size_t max_label) {
  if (message.size() < kOpenHeaderSize) return Fail(Errc::kParseError, "DCEP OPEN is cut short");
  const auto type = ToChannelType(message[1]);
  if (!type) return Fail(Errc::kParseError, "DCEP OPEN with an unknown channel type");
  const std::size_t label_size = ReadBigEndian(message.subspan(8, 2));
  const std::size_t protocol_size = ReadBigEndian(message.subspan(10, 2));
  if (message.size() != kOpenHeaderSize + label_size + protocol_size) {
    return Fail(Errc::kParseError, "DCEP OPEN whose lengths do not add up");
  }
  if (label_size > max_label || protocol_size > max_label) {
    return Fail(Errc::kLimitExceeded, "DCEP OPEN with a label or protocol that is too long");
  }
  DcepOpen open;
  open.type = *type;
  open.priority = static_cast<std::uint16_t>(ReadBigEndian(message.subspan(2, 2)));
  open.reliability = ReadBigEndian(message.subspan(4, 4));
  open.label = AsText(message.subspan(kOpenHeaderSize, label_size));
  open.protocol = AsText(message.subspan(kOpenHeaderSize + label_size, protocol_size));
  return open;
}

}  // namespace

Result<Bytes> EncodeDcepOpen(const DcepOpen& open) {
  if (open.label.size() > kMaxLabelLength || open.protocol.size() > kMaxLabelLength) {
    return Fail(Errc::kLimitExceeded,
                "label and protocol may have " + std::to_string(kMaxLabelLength) + " bytes each");
  }
  Bytes out;
  out.reserve(kOpenHeaderSize + open.label.size() + open.protocol.size());
  out.push_back(kOpenType);
  out.push_back(static_cast<std::uint8_t>(open.type));
  AppendBigEndian(out, open.priority, 2);
  AppendBigEndian(out, open.reliability, 4);
  AppendBigEndian(out, static_cast<std::uint32_t>(open.label.size()), 2);
  AppendBigEndian(out, static_cast<std::uint32_t>(open.protocol.size()), 2);
  out.insert(out.end(), open.label.begin(), open.label.end());
  out.insert(out.end(), open.protocol.begin(), open.protocol.end());
  return out;
}

Bytes EncodeDcepAck() { return {kAckType}; }

Result<DcepMessage> DecodeDcep(ByteSpan message, std::size_t max_label) {
  if (message.empty()) return Fail(Errc::kParseError, "empty DCEP message");
  if (message[0] == kOpenType) return DecodeOpen(message, max_label);
  if (message[0] != kAckType) return Fail(Errc::kParseError, "unknown DCEP message type");
  return DcepAck{};  // Pion pads it to four bytes; what is behind the type means nothing
}

}  // namespace pairwire::sctp

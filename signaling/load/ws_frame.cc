// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/ws_frame.h"

#include <array>

namespace pairwire::load {
namespace {

constexpr std::size_t kMaxControlBytes = 125;

char MaskByte(std::uint32_t mask, std::size_t index) {
  return static_cast<char>(mask >> (24 - 8 * (index % 4)));
}

std::uint64_t ReadBigEndian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

}  // namespace

std::string ClientFrame(Opcode opcode, std::string_view payload, std::uint32_t mask) {
  std::string frame;
  frame.reserve(payload.size() + 14);
  frame += static_cast<char>(0x80 | static_cast<int>(opcode));
  int length_bytes = 0;
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else if (payload.size() < 65'536) {
    frame += static_cast<char>(0x80 | 126);
    length_bytes = 2;
  } else {
    frame += static_cast<char>(0x80 | 127);
    length_bytes = 8;
  }
  for (int i = length_bytes - 1; i >= 0; --i) {
    frame += static_cast<char>(static_cast<std::uint64_t>(payload.size()) >> (8 * i));
  }
  for (std::size_t i = 0; i < 4; ++i) frame += MaskByte(mask, i);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame += static_cast<char>(payload[i] ^ MaskByte(mask, i));
  }
  return frame;
}

PreparedFrame::PreparedFrame(std::string_view payload, std::uint32_t mask)
    : bytes_(ClientFrame(Opcode::kText, payload, mask)),
      header_(bytes_.size() - payload.size()),
      mask_(mask) {}

void PreparedFrame::SetNumber(std::size_t offset, std::size_t digits, std::uint64_t value) {
  for (std::size_t i = offset + digits; i-- > offset;) {
    const char digit = static_cast<char>('0' + value % 10);
    bytes_[header_ + i] = static_cast<char>(digit ^ MaskByte(mask_, i));
    value /= 10;
  }
}

bool FrameReader::Take(std::string_view& bytes, Sink& sink) {
  while (bytes.size() >= 2) {
    const auto first = static_cast<std::uint8_t>(bytes[0]);
    const auto second = static_cast<std::uint8_t>(bytes[1]);
    const bool fin = (first & 0x80) != 0;
    const auto opcode = static_cast<Opcode>(first & 0x0f);
    const bool control = (first & 0x08) != 0;
    if ((first & 0x70) != 0 || (second & 0x80) != 0) return false;
    std::uint64_t length = second & 0x7f;
    if (control && (!fin || length > kMaxControlBytes)) return false;
    std::size_t header = 2;
    if (length >= 126) {
      const std::size_t length_bytes = length == 126 ? 2 : 8;
      if (bytes.size() < header + length_bytes) return true;
      length = ReadBigEndian(bytes.substr(header, length_bytes));
      header += length_bytes;
    }
    if (length > kMaxFrameBytes) return false;
    if (bytes.size() < header + length) return true;
    const std::string_view payload = bytes.substr(header, static_cast<std::size_t>(length));
    bytes.remove_prefix(header + static_cast<std::size_t>(length));
    if (!sink.OnFrame(opcode, fin, payload)) {
      bytes = {};
      return true;
    }
  }
  return true;
}

bool FrameReader::Feed(std::string_view bytes, Sink& sink) {
  if (pending_.empty()) {
    if (!Take(bytes, sink)) return false;
    pending_.assign(bytes);
    return true;
  }
  // The sink may Clear (its connection closed), so what it looks at is not the member itself.
  std::string joined = std::move(pending_);
  pending_ = std::string();
  joined.append(bytes);
  std::string_view rest = joined;
  if (!Take(rest, sink)) return false;
  pending_.assign(rest);
  return true;
}

}  // namespace pairwire::load

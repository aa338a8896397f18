// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/sctp/weather_trace.h"

#include <cstddef>
#include <cstdint>

namespace pairwire::sctp::test {
namespace {

// RFC 9260 section 3: common header, then chunks of type, flags, length, padded to 4.
constexpr std::size_t kCommonHeader = 12;
constexpr std::size_t kChunkHeader = 4;

std::uint32_t Number(ByteSpan bytes, std::size_t at, std::size_t size) {
  std::uint32_t number = 0;
  for (std::size_t i = at; i < at + size && i < bytes.size(); ++i) number = number << 8U | bytes[i];
  return number;
}

std::string Text(ByteSpan bytes, std::size_t at, std::size_t size) {
  return std::to_string(Number(bytes, at, size));
}

std::string DescribeChunk(ByteSpan chunk) {
  const std::uint32_t flags = Number(chunk, 1, 1);
  std::string text;
  switch (Number(chunk, 0, 1)) {
    case 0:
      text = "DATA " + Text(chunk, 4, 4) + "/sid " + Text(chunk, 8, 2) + "/ssn " +
             Text(chunk, 10, 2) + " ";
      if ((flags & 4U) != 0) text += 'U';
      if ((flags & 2U) != 0) text += 'B';
      if ((flags & 1U) != 0) text += 'E';
      return text + ' ' + std::to_string(chunk.size() - 16);
    case 3:
      text = "SACK " + Text(chunk, 4, 4) + " rwnd " + Text(chunk, 8, 4);
      for (std::uint32_t i = 0; i < Number(chunk, 12, 2) && i < 6; ++i) {
        text += " +" + Text(chunk, 16 + i * 4, 2) + "-" + Text(chunk, 18 + i * 4, 2);
      }
      return text;
    case 192:
      text = "FORWARD-TSN " + Text(chunk, 4, 4);
      for (std::size_t at = 8; at + 4 <= chunk.size(); at += 4) {
        text += " sid " + Text(chunk, at, 2) + "/ssn " + Text(chunk, at + 2, 2);
      }
      return text;
    case 130: {
      text = "RE-CONFIG";
      for (std::size_t at = kChunkHeader; at + 4 <= chunk.size();) {
        const std::uint32_t size = Number(chunk, at + 2, 2);
        text += " type " + Text(chunk, at, 2) + " seq " + Text(chunk, at + 4, 4) + " " +
                Text(chunk, at + 8, 4);
        if (Number(chunk, at, 2) == 13) {
          text += " last tsn " + Text(chunk, at + 12, 4);
          for (std::size_t s = at + 16; s + 2 <= at + size; s += 2)
            text += " sid " + Text(chunk, s, 2);
        }
        if (size < 4) break;
        at += (size + 3U) & ~3U;
      }
      return text;
    }
    case 6:
      // The cause's code, and the text that usrsctp puts behind it.
      return "ABORT " + Text(chunk, 4, 2) + " " +
             (chunk.size() > 8 ? std::string(AsText(chunk.subspan(8))) : std::string());
    default:
      return "type " + Text(chunk, 0, 1);
  }
}

}  // namespace

std::string DescribePacket(ByteSpan packet) {
  std::string text;
  for (std::size_t at = kCommonHeader; at + kChunkHeader <= packet.size();) {
    const std::size_t size = Number(packet, at + 2, 2);
    if (size < kChunkHeader || at + size > packet.size()) break;
    if (!text.empty()) text += ", ";
    text += DescribeChunk(packet.subspan(at, size));
    at += (size + 3) & ~std::size_t{3};
  }
  return text;
}

}  // namespace pairwire::sctp::test

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The frames of a session: a header of 20 bytes, big-endian, and a payload (docs/session.md).
//
//   0      1      2           4                    12                   20
//   | ver=1 | type | chan u16 | seq u64            | ack u64            | payload ...
//
// Not here: what is in the payloads of control frames (control_frames.h, hello.h), and what frames
// mean.
#ifndef PAIRWIRE_PEER_DELIVERY_FRAME_H_
#define PAIRWIRE_PEER_DELIVERY_FRAME_H_

#include <pairwire/bytes.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace pairwire::delivery {

inline constexpr std::uint8_t kFrameVersion = 1;
inline constexpr std::size_t kHeaderBytes = 20;
// What an application gives in one call. With its header it is what every browser takes in one
// message: a frame that the other end refuses would end each link that carries it.
inline constexpr std::size_t kMaxCommandBytes = 256 * 1024 - kHeaderBytes;
inline constexpr std::size_t kMaxStateKeyBytes = 64;
inline constexpr std::size_t kMaxStateValueBytes = 16 * 1024;
inline constexpr std::size_t kMaxStreamBytes = 60 * 1024;
inline constexpr std::size_t kMaxNegotiationBytes = 32 * 1024;
// The largest HELLO is far below: 16 features of 32 bytes, a secret and a tag.
inline constexpr std::size_t kMaxHelloBytes = 1024;

// A DataChannel each; the fallback over the relay names them by these numbers.
enum class Lane : std::uint8_t { kControl = 0, kState = 1, kStream = 2 };

enum class FrameType : std::uint8_t {
  kBind = 0x01,
  kHello = 0x02,
  kReset = 0x03,
  kClose = 0x04,
  kPing = 0x05,
  kPong = 0x06,
  kAck = 0x07,
  kNegotiate = 0x08,
  kStateAck = 0x09,
  kRemember = 0x0A,
  kDataBinary = 0x10,
  kDataText = 0x11,
  kDataEvent = 0x12,
  kStateSet = 0x20,
  kStateDelete = 0x21,
  kStreamBinary = 0x30,
  kStreamText = 0x31,
  kStreamEvent = 0x32,
};
std::string_view ToString(FrameType type);

// Whose numbers `seq` and `ack` are.
inline constexpr std::uint16_t kNoChannel = 0;
inline constexpr std::uint16_t kCommandChannel = 1;
inline constexpr std::uint16_t kStateChannel = 2;
inline constexpr std::uint16_t kStreamChannel = 3;

struct FrameHeader {
  FrameType type = FrameType::kAck;
  std::uint16_t chan = kNoChannel;
  std::uint64_t seq = 0;
  std::uint64_t ack = 0;

  bool operator==(const FrameHeader&) const = default;
};

struct Frame {
  FrameHeader header;
  ByteSpan payload;  // of the bytes that were parsed
};

constexpr bool IsData(FrameType type) {
  return type >= FrameType::kDataBinary && type <= FrameType::kDataEvent;
}
constexpr bool IsStream(FrameType type) {
  return type >= FrameType::kStreamBinary && type <= FrameType::kStreamEvent;
}

void WriteHeader(std::span<std::uint8_t, kHeaderBytes> out, const FrameHeader& header);
// A copy of the message behind kHeaderBytes that are free for the header.
Bytes BehindHeader(ByteSpan message);
// A whole frame.
Bytes MakeFrame(const FrameHeader& header, ByteSpan payload);

// None: not a frame of this version that belongs on this lane, of an allowed size and with the
// numbers that its type has. Whoever sends such bytes does not keep the protocol.
std::optional<Frame> ParseFrame(Lane lane, ByteSpan bytes);

}  // namespace pairwire::delivery

#endif  // PAIRWIRE_PEER_DELIVERY_FRAME_H_

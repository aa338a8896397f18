// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/delivery/frame.h"

#include <algorithm>

#include "peer/base/byte_reader.h"

namespace pairwire::delivery {
namespace {

// Which of the header's numbers a type has; the others are zero.
enum class Numbers { kNone, kSeq, kAck, kSeqAndAck };

struct FrameForm {
  FrameType type;
  Lane lane;
  std::uint16_t chan;
  Numbers numbers;
  std::size_t min_payload;
  std::size_t max_payload;
  std::string_view name;
};

constexpr std::size_t kMaxState = 1 + kMaxStateKeyBytes + 1 + kMaxStateValueBytes;

constexpr FrameForm kForms[] = {
    {FrameType::kBind, Lane::kControl, kNoChannel, Numbers::kNone, 64, 64, "bind"},
    {FrameType::kHello, Lane::kControl, kNoChannel, Numbers::kNone, 1, kMaxHelloBytes, "hello"},
    {FrameType::kReset, Lane::kControl, kNoChannel, Numbers::kNone, 1, 1, "reset"},
    {FrameType::kClose, Lane::kControl, kNoChannel, Numbers::kNone, 1, 1, "close"},
    {FrameType::kPing, Lane::kControl, kNoChannel, Numbers::kNone, 12, 12, "ping"},
    {FrameType::kPong, Lane::kControl, kNoChannel, Numbers::kNone, 28, 28, "pong"},
    {FrameType::kAck, Lane::kControl, kCommandChannel, Numbers::kAck, 0, 0, "ack"},
    {FrameType::kNegotiate, Lane::kControl, kNoChannel, Numbers::kNone, 1, 1 + kMaxNegotiationBytes,
     "negotiate"},
    {FrameType::kStateAck, Lane::kControl, kStateChannel, Numbers::kNone, 9, 1 + 32 * 8,
     "state-ack"},
    {FrameType::kRemember, Lane::kControl, kNoChannel, Numbers::kNone, 34, 34 + 64, "remember"},
    {FrameType::kDataBinary, Lane::kControl, kCommandChannel, Numbers::kSeqAndAck, 0,
     kMaxCommandBytes, "data-binary"},
    {FrameType::kDataText, Lane::kControl, kCommandChannel, Numbers::kSeqAndAck, 0,
     kMaxCommandBytes, "data-text"},
    {FrameType::kDataEvent, Lane::kControl, kCommandChannel, Numbers::kSeqAndAck, 0,
     kMaxCommandBytes, "data-event"},
    {FrameType::kStateSet, Lane::kState, kStateChannel, Numbers::kSeq, 3, kMaxState, "state-set"},
    {FrameType::kStateDelete, Lane::kState, kStateChannel, Numbers::kSeq, 2, 1 + kMaxStateKeyBytes,
     "state-delete"},
    {FrameType::kStreamBinary, Lane::kStream, kStreamChannel, Numbers::kSeq, 0, kMaxStreamBytes,
     "stream-binary"},
    {FrameType::kStreamText, Lane::kStream, kStreamChannel, Numbers::kSeq, 0, kMaxStreamBytes,
     "stream-text"},
    {FrameType::kStreamEvent, Lane::kStream, kStreamChannel, Numbers::kSeq, 0, kMaxStreamBytes,
     "stream-event"},
};

const FrameForm* FormOf(std::uint8_t type) {
  const auto* const found = std::find_if(
      std::begin(kForms), std::end(kForms),
      [&](const FrameForm& form) { return static_cast<std::uint8_t>(form.type) == type; });
  return found == std::end(kForms) ? nullptr : found;
}

bool HasItsNumbers(const FrameForm& form, std::uint64_t seq, std::uint64_t ack) {
  const bool has_seq = form.numbers == Numbers::kSeq || form.numbers == Numbers::kSeqAndAck;
  const bool has_ack = form.numbers == Numbers::kAck || form.numbers == Numbers::kSeqAndAck;
  return (has_seq ? seq != 0 : seq == 0) && (has_ack || ack == 0);
}

template <typename T>
void PutNumber(std::uint8_t* out, T value) {
  for (std::size_t i = sizeof(T); i-- > 0;) {
    out[i] = static_cast<std::uint8_t>(value);
    value = static_cast<T>(value >> 8);
  }
}

}  // namespace

std::string_view ToString(FrameType type) {
  const FrameForm* const form = FormOf(static_cast<std::uint8_t>(type));
  return form != nullptr ? form->name : "unknown";
}

void WriteHeader(std::span<std::uint8_t, kHeaderBytes> out, const FrameHeader& header) {
  out[0] = kFrameVersion;
  out[1] = static_cast<std::uint8_t>(header.type);
  PutNumber(out.data() + 2, header.chan);
  PutNumber(out.data() + 4, header.seq);
  PutNumber(out.data() + 12, header.ack);
}

Bytes BehindHeader(ByteSpan message) {
  Bytes framed;
  framed.reserve(kHeaderBytes + message.size());
  framed.resize(kHeaderBytes);
  framed.insert(framed.end(), message.begin(), message.end());
  return framed;
}

Bytes MakeFrame(const FrameHeader& header, ByteSpan payload) {
  Bytes bytes(kHeaderBytes + payload.size());
  WriteHeader(std::span<std::uint8_t, kHeaderBytes>(bytes.data(), kHeaderBytes), header);
  std::copy(payload.begin(), payload.end(), bytes.begin() + kHeaderBytes);
  return bytes;
}

std::optional<Frame> ParseFrame(Lane lane, ByteSpan bytes) {
  ByteReader reader(bytes);
  std::uint8_t version = 0;
  std::uint8_t type = 0;
  Frame frame;
  if (!reader.ReadU8(version) || !reader.ReadU8(type) || !reader.ReadU16(frame.header.chan) ||
      !reader.ReadU64(frame.header.seq) || !reader.ReadU64(frame.header.ack)) {
    return std::nullopt;
  }
  const FrameForm* const form = version == kFrameVersion ? FormOf(type) : nullptr;
  if (form == nullptr || form->lane != lane || form->chan != frame.header.chan ||
      !HasItsNumbers(*form, frame.header.seq, frame.header.ack) ||
      reader.remaining() < form->min_payload || reader.remaining() > form->max_payload) {
    return std::nullopt;
  }
  frame.header.type = form->type;
  frame.payload = reader.rest();
  return frame;
}

}  // namespace pairwire::delivery

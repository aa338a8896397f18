// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/store/node_frame.h"

#include <cstdlib>
#include <utility>

namespace pairwire::relay {
namespace {

constexpr std::string_view kMagic = "PWNB";
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kAnswerNow = 1;

template <typename T>
void AppendNumber(T value, std::string& out) {
  for (std::size_t shift = sizeof(T) * 8; shift > 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> (shift - 8)) & 0xFF));
  }
}

void AppendField(std::string_view field, std::string& out) {
  if (field.size() > 0xFFFF) std::abort();
  AppendNumber(static_cast<std::uint16_t>(field.size()), out);
  out.append(field);
}

// Reads from the front; once it came too short, everything reads as zero and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
  T Number() {
    const std::string_view bytes = Take(sizeof(T));
    T value = 0;
    for (const char byte : bytes) {
      value = static_cast<T>((value << 7 << 1) | static_cast<std::uint8_t>(byte));
    }
    return value;
  }
  std::string_view Field() { return Take(Number<std::uint16_t>()); }
  std::string_view Take(std::size_t size) {
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::string_view rest() const { return rest_; }
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

bool ReadRuns(Reader& reader, NodeFrame& frame) {
  while (reader.ok() && !reader.rest().empty()) {
    if (frame.runs.size() == kMaxAckRuns) return false;
    NodeAckRun run;
    run.first = reader.Number<std::uint64_t>();
    run.count = reader.Number<std::uint32_t>();
    const auto result = reader.Number<std::uint8_t>();
    run.result = static_cast<NodeFrameResult>(result);
    const bool known =
        run.result == NodeFrameResult::kDelivered || run.result == NodeFrameResult::kNotHere;
    if (!reader.ok() || !known || run.count == 0 || run.first == 0) return false;
    frame.runs.push_back(run);
  }
  return true;
}

// False: malformed. `known` is false for a kind that we do not know.
bool ReadFrame(Reader& reader, NodeFrame& frame, bool& known) {
  const auto kind = reader.Number<std::uint8_t>();
  frame.kind = static_cast<NodeFrameKind>(kind);
  frame.seq = reader.Number<std::uint64_t>();
  known = true;
  switch (frame.kind) {
    case NodeFrameKind::kSignal:
      frame.epoch = reader.Number<std::uint64_t>();
      frame.answer_now = (reader.Number<std::uint8_t>() & kAnswerNow) != 0;
      frame.session_id = reader.Field();
      frame.from = reader.Field();
      frame.to = reader.Field();
      frame.text = reader.rest();
      return reader.ok() && frame.seq > 0;
    case NodeFrameKind::kAck:
      frame.of_incarnation = reader.Number<std::uint64_t>();
      frame.received_upto = reader.Number<std::uint64_t>();
      return ReadRuns(reader, frame) && reader.ok();
    case NodeFrameKind::kHandover:
      frame.epoch = reader.Number<std::uint64_t>();
      frame.session_id = reader.Field();
      frame.to = reader.Field();
      frame.id = reader.Field();
      frame.text = reader.rest();
      return reader.ok() && frame.seq > 0;
    case NodeFrameKind::kHandoverDone:
      frame.epoch = reader.Number<std::uint64_t>();
      frame.session_id = reader.Field();
      frame.to = reader.Field();
      frame.text = reader.rest();
      return reader.ok() && frame.seq > 0;
    case NodeFrameKind::kPing:
      return reader.ok();
  }
  known = false;
  return reader.ok();
}

}  // namespace

void AppendHeader(const NodePayloadHeader& header, std::string& out) {
  out.append(kMagic);
  AppendNumber(kVersion, out);
  AppendNumber(header.incarnation, out);
  AppendNumber(header.base, out);
  AppendField(header.node_id, out);
}

void AppendFrame(const NodeFrame& frame, std::string& out) {
  const std::size_t start = out.size();
  AppendNumber(std::uint32_t{0}, out);
  AppendNumber(static_cast<std::uint8_t>(frame.kind), out);
  AppendNumber(frame.seq, out);
  switch (frame.kind) {
    case NodeFrameKind::kSignal:
      AppendNumber(frame.epoch, out);
      AppendNumber(frame.answer_now ? kAnswerNow : std::uint8_t{0}, out);
      AppendField(frame.session_id, out);
      AppendField(frame.from, out);
      AppendField(frame.to, out);
      out.append(frame.text);
      break;
    case NodeFrameKind::kAck:
      AppendNumber(frame.of_incarnation, out);
      AppendNumber(frame.received_upto, out);
      for (const NodeAckRun& run : frame.runs) {
        AppendNumber(run.first, out);
        AppendNumber(run.count, out);
        AppendNumber(static_cast<std::uint8_t>(run.result), out);
      }
      break;
    case NodeFrameKind::kHandover:
      AppendNumber(frame.epoch, out);
      AppendField(frame.session_id, out);
      AppendField(frame.to, out);
      AppendField(frame.id, out);
      out.append(frame.text);
      break;
    case NodeFrameKind::kHandoverDone:
      AppendNumber(frame.epoch, out);
      AppendField(frame.session_id, out);
      AppendField(frame.to, out);
      out.append(frame.text);
      break;
    case NodeFrameKind::kPing:
      break;
  }
  std::string length;
  AppendNumber(static_cast<std::uint32_t>(out.size() - start - 4), length);
  out.replace(start, 4, length);
}

std::optional<NodePayload> ParseNodePayload(std::string_view bytes) {
  Reader reader(bytes);
  if (reader.Take(kMagic.size()) != kMagic) return std::nullopt;
  if (reader.Number<std::uint8_t>() != kVersion) return std::nullopt;
  NodePayload payload;
  payload.header.incarnation = reader.Number<std::uint64_t>();
  payload.header.base = reader.Number<std::uint64_t>();
  payload.header.node_id = std::string(reader.Field());
  if (payload.header.node_id.empty() || payload.header.base == 0) return std::nullopt;
  while (reader.ok() && !reader.rest().empty()) {
    Reader inside(reader.Take(reader.Number<std::uint32_t>()));
    if (!reader.ok()) return std::nullopt;
    NodeFrame frame;
    bool known = false;
    if (!ReadFrame(inside, frame, known)) return std::nullopt;
    if (known) payload.frames.push_back(std::move(frame));
  }
  if (!reader.ok()) return std::nullopt;
  return payload;
}

}  // namespace pairwire::relay

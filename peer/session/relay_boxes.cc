// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/relay_boxes.h"

#include <algorithm>
#include <utility>

namespace pairwire {

using delivery::FrameType;
using delivery::Lane;

namespace {

constexpr std::uint8_t kFrames = 1;
constexpr std::uint8_t kOver = 2;
constexpr std::size_t kBoxHeader = 9;
constexpr std::size_t kPartHeader = 3;
constexpr std::uint8_t kMore = 0x80;
// Lanes as the boxes name them.
constexpr std::uint8_t kControl = 0;
constexpr std::uint8_t kCommands = 1;
constexpr std::uint8_t kStates = 2;

void PutU32(Bytes& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

std::uint32_t GetU32(ByteSpan bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | bytes[3];
}

bool IsOf(const SharedBytes& frame, bool (*test)(FrameType)) {
  return frame->size() >= delivery::kHeaderBytes && test(static_cast<FrameType>((*frame)[1]));
}

bool IsAck(FrameType type) { return type == FrameType::kAck; }

}  // namespace

std::optional<RelayBox> ParseRelayBox(ByteSpan text) {
  if (text.size() < kBoxHeader || text.size() > kRelayBoxBytes) return std::nullopt;
  if (text[0] != kFrames && text[0] != kOver) return std::nullopt;
  RelayBox box;
  box.over = text[0] == kOver;
  box.link = GetU32(text.subspan(1));
  box.got = GetU32(text.subspan(5));
  box.parts = text.subspan(kBoxHeader);
  if (box.link == 0) return std::nullopt;
  return box;
}

// --- Out -----------------------------------------------------------------------------------------

RelayOutbox::RelayOutbox(std::uint32_t link, TimePoint now) : link_(link), filled_at_(now) {}

bool RelayOutbox::Queue(Lane lane, SharedBytes frame) {
  // The relay carries no streams.
  if (lane == Lane::kStream) return true;
  Waiting& to = lane == Lane::kState             ? states_
                : IsOf(frame, &delivery::IsData) ? commands_
                                                 : control_;
  // Acknowledgements are cumulative: of two that wait the newer one says it all.
  if (&to == &control_ && IsOf(frame, &IsAck) && to.frames.size() > 1 &&
      IsOf(to.frames.back(), &IsAck)) {
    to.frames.back() = std::move(frame);
    return true;
  }
  to.bytes += frame->size();
  to.frames.push_back(std::move(frame));
  return control_.bytes <= kMaxControl;
}

std::size_t RelayOutbox::Room(Lane lane) const {
  switch (lane) {
    case Lane::kControl:
      return commands_.bytes < kCommandWindow ? kCommandWindow - commands_.bytes : 0;
    case Lane::kState:
      return states_.bytes == 0 ? RelayInbox::kMaxStateFrame : 0;
    case Lane::kStream:
      return 0;
  }
  return 0;
}

bool RelayOutbox::OnConfirmed(std::uint32_t got) {
  if (got < confirmed_ || got > sent_) return false;
  confirmed_ = got;
  return true;
}

Bytes RelayOutbox::Begin(bool over) {
  Bytes box;
  box.push_back(over ? kOver : kFrames);
  PutU32(box, link_);
  PutU32(box, received_);
  told_ = received_;
  return box;
}

void RelayOutbox::Fill(Bytes& box, std::uint8_t lane, Waiting& from, std::size_t limit) const {
  while (!from.frames.empty() && box.size() + kPartHeader < limit) {
    const Bytes& frame = *from.frames.front();
    const std::size_t left = frame.size() - from.sent;
    const std::size_t length = std::min(left, limit - box.size() - kPartHeader);
    const bool more = length < left;
    box.push_back(static_cast<std::uint8_t>(more ? lane | kMore : lane));
    box.push_back(static_cast<std::uint8_t>(length >> 8));
    box.push_back(static_cast<std::uint8_t>(length));
    const auto begin = frame.begin() + static_cast<std::ptrdiff_t>(from.sent);
    box.insert(box.end(), begin, begin + static_cast<std::ptrdiff_t>(length));
    from.bytes -= length;
    from.sent += length;
    if (more) return;
    from.frames.pop_front();
    from.sent = 0;
  }
}

void RelayOutbox::Refill(TimePoint now) {
  const std::chrono::duration<double> passed = std::max(now, filled_at_) - filled_at_;
  filled_at_ = std::max(now, filled_at_);
  boxes_ = std::min<double>(kBoxBurst, boxes_ + passed.count() * kBoxesPerSecond);
  bytes_ = std::min<double>(kByteBurst, bytes_ + passed.count() * double{kBytesPerSecond});
}

RelayOutbox::TimePoint RelayOutbox::ReadyAt() const {
  const double boxes = std::max(0.0, 1 - boxes_) / kBoxesPerSecond;
  const double bytes = std::max(0.0, 1 - bytes_) / double{kBytesPerSecond};
  const std::chrono::duration<double> wait(std::max(boxes, bytes));
  // Not a moment too early: rounded up.
  return filled_at_ + std::chrono::ceil<Loop::Duration>(wait);
}

std::optional<Bytes> RelayOutbox::Next(TimePoint now) {
  if (!has_parts() && !owes()) return std::nullopt;
  Refill(now);
  if (ReadyAt() > now) return std::nullopt;
  Bytes box = Begin(false);
  if (has_parts()) {
    Fill(box, kControl, control_, kRelayBoxBytes);
    Waiting& first = states_first_ ? states_ : commands_;
    Waiting& second = states_first_ ? commands_ : states_;
    Fill(box, states_first_ ? kStates : kCommands, first, kRelayBoxBytes);
    Fill(box, states_first_ ? kCommands : kStates, second, kRelayBoxBytes);
    states_first_ = !states_first_;
    ++sent_;
  }
  boxes_ -= 1;
  bytes_ -= static_cast<double>((box.size() + 16 + 2) / 3 * 4 + kEnvelopeBytes);
  return box;
}

std::optional<RelayOutbox::TimePoint> RelayOutbox::deadline(TimePoint now) const {
  if (!has_parts() && !owes()) return std::nullopt;
  return std::max(now, ReadyAt());
}

Bytes RelayOutbox::Last() {
  Bytes box = Begin(true);
  Fill(box, kControl, control_, kRelayBoxBytes);
  return box;
}

// --- In ------------------------------------------------------------------------------------------

bool RelayInbox::Take(ByteSpan parts, const std::function<bool(Lane, ByteSpan)>& on_frame) {
  while (!parts.empty()) {
    if (parts.size() < kPartHeader) return false;
    const std::uint8_t lane = parts[0] & static_cast<std::uint8_t>(~kMore);
    const bool more = (parts[0] & kMore) != 0;
    const std::size_t length = std::size_t{parts[1]} << 8 | parts[2];
    if (lane > kStates || length == 0 || length > parts.size() - kPartHeader) return false;
    const ByteSpan bytes = parts.subspan(kPartHeader, length);
    parts = parts.subspan(kPartHeader + length);
    Bytes& partial = partial_[lane];
    constexpr std::array<std::size_t, 3> kMost = {kMaxControlFrame, kMaxCommandFrame,
                                                  kMaxStateFrame};
    if (partial.size() + length > kMost[lane]) return false;
    const Lane to = lane == kStates ? Lane::kState : Lane::kControl;
    if (more) {
      partial.insert(partial.end(), bytes.begin(), bytes.end());
    } else if (partial.empty()) {
      if (!on_frame(to, bytes)) return true;
    } else {
      partial.insert(partial.end(), bytes.begin(), bytes.end());
      const Bytes whole = std::exchange(partial, {});
      if (!on_frame(to, whole)) return true;
    }
  }
  return true;
}

}  // namespace pairwire

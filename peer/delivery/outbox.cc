// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/delivery/outbox.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <span>
#include <utility>

#include "peer/base/check.h"

namespace pairwire::delivery {

Outbox::Outbox(Limits limits, std::uint64_t first_seq)
    : limits_(limits), acked_(first_seq - 1), sent_(first_seq - 1) {
  PAIRWIRE_CHECK(first_seq > 0);
}

bool Outbox::HasRoomFor(std::size_t bytes) const {
  return items_.size() < limits_.messages && bytes_ + bytes + kHeaderBytes <= limits_.bytes;
}

Result<std::uint64_t> Outbox::Push(FrameType type, Bytes framed, std::uint64_t ack) {
  PAIRWIRE_CHECK(IsData(type) && framed.size() >= kHeaderBytes);
  const std::size_t size = framed.size() - kHeaderBytes;
  if (size > kMaxCommandBytes || framed.size() > limits_.bytes) {
    return Fail(Errc::kMessageTooLarge, "a message has at most 262,124 bytes");
  }
  if (!HasRoomFor(size)) {
    return Fail(Errc::kBufferFull, "too much is waiting for its acknowledgement");
  }
  const std::uint64_t last = acked_ + items_.size();
  if (last == std::numeric_limits<std::uint64_t>::max()) {
    return Fail(Errc::kLimitExceeded, "the numbers of this session are used up");
  }
  WriteHeader(std::span<std::uint8_t, kHeaderBytes>(framed.data(), kHeaderBytes),
              {type, kCommandChannel, last + 1, ack});
  bytes_ += framed.size();
  items_.push_back({last + 1, type, std::make_shared<const Bytes>(std::move(framed))});
  return last + 1;
}

const Outbox::Item* Outbox::Next() const {
  return next_ < items_.size() ? &items_[next_] : nullptr;
}

void Outbox::HandedOver() {
  PAIRWIRE_CHECK(next_ < items_.size());
  ++next_;
  sent_ = std::max(sent_, acked_ + next_);
}

Result<std::uint64_t> Outbox::OnAck(std::uint64_t up_to) {
  if (up_to > sent_) return Fail(Errc::kParseError, "what was never sent is acknowledged");
  std::uint64_t newly = 0;
  while (acked_ < up_to) {
    bytes_ -= items_.front().framed->size();
    items_.pop_front();
    ++acked_;
    ++newly;
    if (next_ > 0) --next_;
  }
  return newly;
}

Result<std::uint64_t> Outbox::Rewind(std::uint64_t peer_last) {
  auto newly = OnAck(peer_last);
  if (newly) next_ = 0;
  return newly;
}

LostMessages Outbox::unacked() const {
  if (items_.empty()) return {};
  return {acked_ + 1, acked_ + items_.size()};
}

}  // namespace pairwire::delivery

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/delivery/stream_queue.h"

#include <span>
#include <utility>

#include "peer/base/check.h"

namespace pairwire::delivery {

void StreamSender::DropOldest() {
  bytes_ -= waiting_.front().size();
  waiting_.pop_front();
  ++dropped_;
}

Result<void> StreamSender::Push(FrameType type, Bytes framed) {
  PAIRWIRE_CHECK(IsStream(type) && framed.size() >= kHeaderBytes);
  if (framed.size() - kHeaderBytes > kMaxStreamBytes) {
    return Fail(Errc::kMessageTooLarge, "a frame of a stream has at most 60 KiB");
  }
  WriteHeader(std::span<std::uint8_t, kHeaderBytes>(framed.data(), kHeaderBytes),
              {type, kStreamChannel, ++last_seq_, 0});
  while (!waiting_.empty() &&
         (waiting_.size() == kMaxFrames || bytes_ + framed.size() > kMaxBytes)) {
    DropOldest();
  }
  bytes_ += framed.size();
  waiting_.push_back(std::move(framed));
  return {};
}

std::optional<Bytes> StreamSender::Next(std::size_t room) {
  if (waiting_.empty()) return std::nullopt;
  while (waiting_.size() > 1 && bytes_ > room) DropOldest();
  Bytes frame = std::move(waiting_.front());
  bytes_ -= frame.size();
  waiting_.pop_front();
  return frame;
}

void StreamSender::DropAll() {
  while (!waiting_.empty()) DropOldest();
}

}  // namespace pairwire::delivery

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/delivery/inbox.h"

#include "peer/base/check.h"

namespace pairwire::delivery {

Inbox::Inbox(std::uint64_t first_seq)
    : taken_(first_seq - 1), delivered_(first_seq - 1), acked_(first_seq - 1) {
  PAIRWIRE_CHECK(first_seq > 0);
}

Inbox::Verdict Inbox::OnFrame(std::uint64_t seq) {
  if (seq <= taken_) return Verdict::kDuplicate;
  if (seq - taken_ != 1) return Verdict::kViolation;
  taken_ = seq;
  return Verdict::kDeliver;
}

void Inbox::Delivered(std::uint64_t seq, std::size_t bytes, TimePoint now) {
  if (seq <= delivered_ || seq > taken_) return;
  delivered_ = seq;
  bytes_ += bytes;
  if (!ack_due_) ack_due_ = now + kAckDelay;
}

std::optional<std::uint64_t> Inbox::AckToSend(TimePoint now, bool force) {
  if (acked_ == delivered_) return std::nullopt;
  const bool due =
      delivered_ - acked_ >= kAckMessages || bytes_ >= kAckBytes || (ack_due_ && now >= *ack_due_);
  if (!due && !force) return std::nullopt;
  acked_ = delivered_;
  bytes_ = 0;
  ack_due_.reset();
  return acked_;
}

}  // namespace pairwire::delivery

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/message_parts.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace pairwire::sctp {

std::optional<MessageKind> KindOf(Ppid ppid) {
  switch (ppid) {
    case Ppid::kString:
      return MessageKind{.is_text = true};
    case Ppid::kBinary:
      return MessageKind{};
    case Ppid::kStringPartial:
      return MessageKind{.is_text = true, .goes_on = true};
    case Ppid::kBinaryPartial:
      return MessageKind{.goes_on = true};
    case Ppid::kStringEmpty:
      return MessageKind{.is_text = true, .is_empty = true};
    case Ppid::kBinaryEmpty:
      return MessageKind{.is_empty = true};
    case Ppid::kDcep:
      break;
  }
  return std::nullopt;
}

Ppid PartialPpid(Ppid ppid) {
  return ppid == Ppid::kString ? Ppid::kStringPartial : Ppid::kBinaryPartial;
}

void GrowingBytes::Append(ByteSpan bytes, std::size_t largest) {
  if (bytes.empty()) return;
  const std::size_t size = size_ + bytes.size();
  if (size > capacity_) {
    capacity_ = std::max(size, std::min(std::max(size + size / 4, kLeast), largest));
    void* const moved = std::realloc(bytes_.get(), capacity_);
    if (moved == nullptr) throw std::bad_alloc();
    (void)bytes_.release();
    bytes_.reset(static_cast<std::uint8_t*>(moved));
  }
  std::memcpy(bytes_.get() + size_, bytes.data(), bytes.size());
  size_ = size;
}

MessageJoiner::Outcome MessageJoiner::Add(const MessageKind& kind, ByteSpan part) {
  if (kind.is_empty || is_text_.value_or(kind.is_text) != kind.is_text) return Outcome::kMalformed;
  if (part.size() > room_.largest_message - std::min(room_.largest_message, bytes_.size())) {
    return Outcome::kTooLarge;
  }
  if (part.size() > room_.all - std::min(room_.all, room_.used)) return Outcome::kTooMuch;
  is_text_ = kind.is_text;
  bytes_.Append(part, room_.largest_message);
  room_.used += part.size();
  return kind.goes_on ? Outcome::kGoesOn : Outcome::kEnded;
}

GrowingBytes MessageJoiner::Take() {
  room_.used -= bytes_.size();
  is_text_.reset();
  return std::exchange(bytes_, {});
}

bool PartsBudget::MayBegin(Id id, std::size_t size) {
  const auto found = shares_.find(id);
  const std::size_t share = found == shares_.end() ? 0 : found->second;
  const std::size_t more = size - std::min(size, share);
  const bool fits = used_ == share || used_ + more <= limit_;
  const bool is_next = waiting_.empty() || waiting_.front() == id;
  if (fits && is_next) {
    StopWaiting(id);
    return true;
  }
  if (std::find(waiting_.begin(), waiting_.end(), id) == waiting_.end()) waiting_.push_back(id);
  return false;
}

void PartsBudget::Begin(Id id, std::size_t size) {
  std::size_t& share = shares_[id];
  if (size <= share) return;
  used_ += size - share;
  share = size;
}

void PartsBudget::StopWaiting(Id id) { std::erase(waiting_, id); }

void PartsBudget::Release(Id id) {
  const auto found = shares_.find(id);
  if (found == shares_.end()) return;
  used_ -= found->second;
  shares_.erase(found);
}

}  // namespace pairwire::sctp

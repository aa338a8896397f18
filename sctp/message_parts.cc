// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/message_parts.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "peer/base/check.h"

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

void GrowingBytes::Reserve(std::size_t capacity) {
  void* const moved = std::realloc(bytes_.get(), capacity);
  if (moved == nullptr) throw std::bad_alloc();
  (void)bytes_.release();
  bytes_.reset(static_cast<std::uint8_t*>(moved));
  capacity_ = capacity;
}

void GrowingBytes::Append(ByteSpan bytes) {
  PAIRWIRE_CHECK(bytes.size() <= capacity_ - size_);
  if (bytes.empty()) return;
  std::memcpy(bytes_.get() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

MessageJoiner::Outcome MessageJoiner::Add(const MessageKind& kind, ByteSpan part) {
  if (kind.is_empty || is_text_.value_or(kind.is_text) != kind.is_text) return Outcome::kMalformed;
  if (part.size() > room_.largest_message - std::min(room_.largest_message, bytes_.size())) {
    return Outcome::kTooLarge;
  }
  if (part.size() > room_.all - std::min(room_.all, room_.used)) return Outcome::kTooMuch;
  is_text_ = kind.is_text;
  Grow(bytes_.size() + part.size());
  bytes_.Append(part);
  room_.used += part.size();
  return kind.goes_on ? Outcome::kGoesOn : Outcome::kEnded;
}

// By much, unless there is much already that nothing has come for.
void MessageJoiner::Grow(std::size_t size) {
  if (size <= bytes_.capacity()) return;
  const std::size_t others = room_.reserved - bytes_.capacity();
  const std::size_t unused = others - (room_.used - bytes_.size());
  std::size_t wanted = std::max(size, std::min(std::max(2 * size, kUsual), room_.largest_message));
  if (unused + wanted - size > room_.all / 8) wanted = size + size / 8;
  bytes_.Reserve(wanted);
  room_.reserved = others + wanted;
}

void MessageJoiner::GiveBack() {
  room_.used -= bytes_.size();
  room_.reserved -= bytes_.capacity();
}

GrowingBytes MessageJoiner::Take() {
  GiveBack();
  is_text_.reset();
  return std::exchange(bytes_, GrowingBytes());
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

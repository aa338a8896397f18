// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/store/code_book.h"

#include "signaling/protocol/code.h"

namespace pairwire::relay {

std::uint32_t CodeBook::NumberOf(std::string_view code) {
  if (code.empty() || code.size() > kMaxLength) return 0;
  std::uint32_t number = 1;
  for (const char c : code) {
    if (c < '0' || c > '9') return 0;
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return number;
}

std::string CodeBook::CodeOf(std::uint32_t number) {
  return number == 0 ? std::string() : std::to_string(number).substr(1);
}

int CodeBook::LengthToUse() const {
  // At 60 % the 32 draws all miss once in 10^7 times; beyond, guessing gets too easy as well.
  constexpr std::size_t kFullPercent = 60;
  std::size_t space = 10'000;
  for (int length = protocol::kMinCodeDigits; length < protocol::kMaxGrownCodeDigits; ++length) {
    if (used_by_length_[static_cast<std::size_t>(length)] * 100 < space * kFullPercent)
      return length;
    space *= 10;
  }
  return protocol::kMaxGrownCodeDigits;
}

std::optional<std::string> CodeBook::Take(MemorySession& session, bool plain,
                                          const CodeDraws& draws, TimePoint now) {
  Purge(now);
  if (codes_.size() >= max_codes_) return std::nullopt;
  const int length = plain ? protocol::kPlainCodeDigits : LengthToUse();
  for (const std::uint64_t draw : draws) {
    std::string code = protocol::CodeFromNumber(draw, length);
    if (!codes_.emplace(NumberOf(code), &session).second) continue;
    ++used_by_length_[code.size()];
    return code;
  }
  return std::nullopt;
}

MemorySession* CodeBook::Find(std::string_view code) const {
  const auto found = codes_.find(NumberOf(code));
  return found == codes_.end() ? nullptr : found->second;
}

void CodeBook::Release(std::uint32_t number, TimePoint now) {
  const auto found = codes_.find(number);
  if (found == codes_.end() || found->second == nullptr) return;
  found->second = nullptr;
  resting_.emplace_back(now + rest_, number);
}

void CodeBook::Purge(TimePoint now) {
  while (!resting_.empty() && resting_.front().first <= now) {
    --used_by_length_[CodeOf(resting_.front().second).size()];
    codes_.erase(resting_.front().second);
    resting_.pop_front();
  }
}

}  // namespace pairwire::relay

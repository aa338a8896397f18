// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/store/code_book.h"

#include "signaling/protocol/code.h"

namespace pairwire::relay {

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

std::optional<std::string> CodeBook::Take(const std::string& session_id, bool plain,
                                          const CodeDraws& draws, TimePoint now) {
  Purge(now);
  if (codes_.size() >= max_codes_) return std::nullopt;
  const int length = plain ? protocol::kPlainCodeDigits : LengthToUse();
  for (const std::uint64_t draw : draws) {
    std::string code = protocol::CodeFromNumber(draw, length);
    if (!codes_.emplace(code, session_id).second) continue;
    ++used_by_length_[code.size()];
    return code;
  }
  return std::nullopt;
}

const std::string* CodeBook::Find(const std::string& code) const {
  const auto found = codes_.find(code);
  return found == codes_.end() || found->second.empty() ? nullptr : &found->second;
}

void CodeBook::Release(const std::string& code, TimePoint now) {
  const auto found = codes_.find(code);
  if (found == codes_.end() || found->second.empty()) return;
  found->second.clear();
  resting_.emplace_back(now + rest_, code);
}

void CodeBook::Purge(TimePoint now) {
  while (!resting_.empty() && resting_.front().first <= now) {
    --used_by_length_[resting_.front().second.size()];
    codes_.erase(resting_.front().second);
    resting_.pop_front();
  }
}

}  // namespace pairwire::relay

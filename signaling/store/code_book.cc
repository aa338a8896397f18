// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/store/code_book.h"

#include <algorithm>

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

std::size_t CodeBook::PlaceOf(std::uint32_t number) const {
  const std::size_t mask = table_.size() - 1;
  // Knuth's multiplier: codes of one length lie close to one another. Of the product the upper half
  // is the mixed one.
  std::size_t at = (std::uint64_t{number} * 2654435769U >> 16) & mask;
  while (table_[at].number != 0 && table_[at].number != number) at = (at + 1) & mask;
  return at;
}

void CodeBook::Erase(std::uint32_t number) {
  const std::size_t mask = table_.size() - 1;
  std::size_t hole = PlaceOf(number);
  if (table_[hole].number == 0) return;
  table_[hole] = {};
  --used_;
  // Those behind it may have been pushed on by it.
  for (std::size_t at = (hole + 1) & mask; table_[at].number != 0; at = (at + 1) & mask) {
    const Entry moved = std::exchange(table_[at], {});
    table_[PlaceOf(moved.number)] = moved;
  }
  Resize();
}

void CodeBook::Resize() {
  std::size_t size = table_.size();
  if (4 * (used_ + 1) > 3 * size) {
    size *= 2;
  } else if (8 * used_ < size && size > kFewest) {
    size /= 4;
  } else {
    return;
  }
  const std::vector<Entry> old = std::exchange(table_, std::vector<Entry>(std::max(size, kFewest)));
  for (const Entry& entry : old) {
    if (entry.number != 0) table_[PlaceOf(entry.number)] = entry;
  }
}

std::optional<std::string> CodeBook::Take(MemorySession& session, bool plain,
                                          const CodeDraws& draws, TimePoint now) {
  Purge(now);
  if (used_ >= max_codes_) return std::nullopt;
  Resize();
  const int length = plain ? protocol::kPlainCodeDigits : LengthToUse();
  for (const std::uint64_t draw : draws) {
    std::string code = protocol::CodeFromNumber(draw, length);
    const std::uint32_t number = NumberOf(code);
    Entry& entry = table_[PlaceOf(number)];
    if (entry.number != 0) continue;
    entry = {number, &session};
    ++used_;
    ++used_by_length_[code.size()];
    return code;
  }
  return std::nullopt;
}

MemorySession* CodeBook::Find(std::string_view code) const {
  const std::uint32_t number = NumberOf(code);
  return number == 0 ? nullptr : table_[PlaceOf(number)].session;
}

void CodeBook::Release(std::uint32_t number, TimePoint now) {
  if (number == 0) return;
  Entry& entry = table_[PlaceOf(number)];
  if (entry.session == nullptr) return;
  entry.session = nullptr;
  resting_.emplace_back(now + rest_, number);
}

void CodeBook::Purge(TimePoint now) {
  while (!resting_.empty() && resting_.front().first <= now) {
    --used_by_length_[CodeOf(resting_.front().second).size()];
    Erase(resting_.front().second);
    resting_.pop_front();
  }
}

}  // namespace pairwire::relay

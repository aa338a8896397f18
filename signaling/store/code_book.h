// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// CodeBook: which code belongs to which session, and which codes rest. Codes are drawn at random;
// nothing is searched or listed. One flat table, so that codes that rest do not lie scattered over
// pages that could be given back.
#ifndef PAIRWIRE_SIGNALING_STORE_CODE_BOOK_H_
#define PAIRWIRE_SIGNALING_STORE_CODE_BOOK_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signaling/protocol/limits.h"
#include "signaling/store/store.h"

namespace pairwire::relay {

struct MemorySession;

class CodeBook {
 public:
  // A code as a number, with a 1 in front of its digits, so that none gets lost; never 0. 0 when it
  // is no code.
  static std::uint32_t NumberOf(std::string_view code);
  static std::string CodeOf(std::uint32_t number);

  CodeBook(std::size_t max_codes, std::chrono::milliseconds rest)
      : max_codes_(max_codes), rest_(rest) {}

  // A free code for `session`: the shortest length that is not filled beyond 60 %, resting codes
  // included. Nothing when the book is full.
  std::optional<std::string> Take(MemorySession& session, bool plain, const CodeDraws& draws,
                                  TimePoint now);
  // The session that has the code now, or null.
  MemorySession* Find(std::string_view code) const;
  // The code rests from now on.
  void Release(std::uint32_t number, TimePoint now);
  // Forgets codes that rested long enough.
  void Purge(TimePoint now);

  std::size_t resting() const { return resting_.size(); }

 private:
  static constexpr std::size_t kMaxLength = protocol::kPlainCodeDigits;

  struct Entry {
    std::uint32_t number = 0;          // 0: free
    MemorySession* session = nullptr;  // null: it rests
  };
  static constexpr std::size_t kFewest = 16;  // A power of two, as all sizes are.

  int LengthToUse() const;
  // Where the number stands, or would.
  std::size_t PlaceOf(std::uint32_t number) const;
  void Erase(std::uint32_t number);
  // More places if too many are taken, fewer if nearly none are.
  void Resize();

  std::size_t max_codes_;
  std::chrono::milliseconds rest_;
  // Open addressing with linear probing; at most three quarters full.
  std::vector<Entry> table_ = std::vector<Entry>(kFewest);
  std::size_t used_ = 0;
  std::deque<std::pair<TimePoint, std::uint32_t>> resting_;  // In order of the end of the rest.
  std::array<std::size_t, kMaxLength + 1> used_by_length_{};
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_CODE_BOOK_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// MeetBook: which meet, known by its SHA-256, belongs to which session of the memory store. A meet
// of 256 random bits needs no rest: whoever knows it is one of its two ends. Sessions without meets
// are not in it and cost nothing.
#ifndef PAIRWIRE_SIGNALING_STORE_MEET_BOOK_H_
#define PAIRWIRE_SIGNALING_STORE_MEET_BOOK_H_

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "signaling/store/store.h"

namespace pairwire::relay {

struct MemorySession;

class MeetBook {
 public:
  struct Found {
    MemorySession* session = nullptr;
    std::size_t index = 0;  // among the meets of its registration
  };

  // `max_meets`: of all sessions together.
  explicit MeetBook(std::size_t max_meets) : max_meets_(max_meets) {}

  bool HasRoom(std::size_t meets) const { return by_meet_.size() + meets <= max_meets_; }
  // The meets are nobody's; the session has none yet.
  void Add(MemorySession& session, std::vector<TokenHash> meets);
  std::optional<Found> Find(const TokenHash& meet) const;
  // Forgets all of the session's.
  void Release(const MemorySession& session);
  std::size_t size() const { return by_meet_.size(); }

 private:
  std::size_t max_meets_;
  // Ordered, since whoever chooses a name chooses its hash: no choice makes this slow.
  std::map<TokenHash, Found> by_meet_;
  std::map<const MemorySession*, std::vector<TokenHash>> by_session_;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_MEET_BOOK_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/store/meet_book.h"

#include <utility>

namespace pairwire::relay {

void MeetBook::Add(MemorySession& session, std::vector<TokenHash> meets) {
  if (meets.empty()) return;
  for (std::size_t i = 0; i < meets.size(); ++i) by_meet_[meets[i]] = {&session, i};
  by_session_[&session] = std::move(meets);
}

std::optional<MeetBook::Found> MeetBook::Find(const TokenHash& meet) const {
  const auto found = by_meet_.find(meet);
  if (found == by_meet_.end()) return std::nullopt;
  return found->second;
}

void MeetBook::Release(const MemorySession& session) {
  const auto found = by_session_.find(&session);
  if (found == by_session_.end()) return;
  for (const TokenHash& meet : found->second) by_meet_.erase(meet);
  by_session_.erase(found);
}

}  // namespace pairwire::relay

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One session as the memory store holds it. Inside this folder only.
#ifndef PAIRWIRE_SIGNALING_STORE_MEMORY_SESSION_H_
#define PAIRWIRE_SIGNALING_STORE_MEMORY_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "signaling/store/store.h"

namespace pairwire::relay {

struct MemorySession;

// What is to be done at a time: for a member of the session, (id empty) for the session, or
// (session null) for a node.
struct DueWork {
  MemorySession* session = nullptr;
  std::string id;
};
using DueQueue = std::multimap<TimePoint, DueWork>;
using DueHandle = std::optional<DueQueue::iterator>;

struct MemoryMember {
  std::string member_id;
  Role role = Role::kDisplay;
  std::string name;
  TokenHash token_hash{};
  std::optional<TokenHash> resume_hash;
  std::vector<TokenHash> unused_resume_hashes;
  Place place;
  bool announced = false;  // Counterparts were told that it is there.
  std::string left_notice;
  std::vector<KeptText> kept;
  std::size_t kept_bytes = 0;
  std::vector<KeptText> given;  // To the newest join.
  TimePoint given_until{};
  DueHandle due;
};

struct MemorySession {
  MemoryMember* FindById(std::string_view member_id) {
    for (MemoryMember& member : members) {
      if (member.member_id == member_id) return &member;
    }
    return nullptr;
  }
  MemoryMember* FindByHash(const TokenHash& hash) {
    MemoryMember* found = nullptr;
    for (MemoryMember& member : members) {
      if (SameHash(member.token_hash, hash)) found = &member;
    }
    return found;
  }
  // Not of a room.
  MemoryMember& display() { return members.front(); }
  // Whether the two may address each other.
  bool Counterparts(const MemoryMember& a, const MemoryMember& b) const {
    return room ? &a != &b : a.role != b.role;
  }
  Member Describe(const MemoryMember& member) const {
    return {session_id, member.member_id, member.role, member.name, display_id};
  }

  std::string session_id;
  std::string display_id;
  std::string design_id;
  std::string code;  // Empty: it can be entered no more.
  TimePoint code_expires{};
  int places_left = 0;
  bool room = false;
  bool paired = false;  // A room is, from its beginning.
  bool ended = false;
  std::vector<MemoryMember> members;  // The display first; it stays until the end.
  std::vector<SessionEvent> log;      // At most kMaxLoggedEvents. Most have none, so no deque.
  std::uint64_t last_event_id = 0;
  std::uint64_t watch_epoch = 0;
  std::uint64_t joins = 0;  // Of a room, so far.
  std::string watch_node;   // Where the display's stream or poll is, or was last.
  DueHandle due;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_MEMORY_SESSION_H_

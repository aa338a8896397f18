// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One session as the memory store holds it. Most sessions are displays that wait, so what only
// paired ones need (MemberExtra, the log) is made when it is needed: a waiting one takes some 400
// bytes. Inside this folder only.
#ifndef PAIRWIRE_SIGNALING_STORE_MEMORY_SESSION_H_
#define PAIRWIRE_SIGNALING_STORE_MEMORY_SESSION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/store/due_queue.h"
#include "signaling/store/store.h"
#include "signaling/store/text_row.h"

namespace pairwire::relay {

struct MemorySession;

// A node's id as a number (NodeNames); 0: none.
using NodeNumber = std::uint32_t;

// Whose due time it is.
enum class DueKind : std::uint8_t { kSession, kMember, kNode };
struct DueWork : DueItem {
  explicit DueWork(DueKind of) : kind(of) {}
  const DueKind kind;
};

// What a member has that was ever meant to have a socket.
struct MemberExtra {
  std::optional<TokenHash> resume_hash;
  std::vector<TokenHash> unused_resume_hashes;
  std::string left_notice;
  std::vector<KeptText> kept;
  std::size_t kept_bytes = 0;
  Given given;  // To the newest join.
  TimePoint given_until{};
};

struct MemoryMember : DueWork {
  MemoryMember(MemorySession& of, Role role_in_it, std::string_view id, std::string_view name_of_it)
      : DueWork(DueKind::kMember),
        role(role_in_it),
        session(of),
        texts(std::array{id, name_of_it}) {}

  std::string_view member_id() const { return texts.View(0); }
  std::string name() const { return texts.Text(1); }
  MemberExtra& extra() {
    if (!rare) rare = std::make_unique<MemberExtra>();
    return *rare;
  }
  std::string_view left_notice() const { return rare ? rare->left_notice : std::string_view(); }

  const Role role;
  bool announced = false;  // Counterparts were told that it is there.
  // Where its socket is; the epoch is that of its newest join.
  NodeNumber node = 0;
  std::uint32_t place_at_node = 0;  // in the store's list of the node's members
  std::uint32_t epoch = 0;
  MemorySession& session;
  TextRow<2> texts;  // id, name
  TokenHash token_hash{};
  std::unique_ptr<MemberExtra> rare;
};

// In the order of their coming; they do not move.
class MemberList {
 public:
  auto begin() { return list_.begin(); }
  auto end() { return list_.end(); }
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }
  MemoryMember& front() { return list_.front(); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  MemoryMember& Add(MemorySession& session, Role role, std::string_view id, std::string_view name) {
    auto last = list_.before_begin();
    for (auto at = list_.begin(); at != list_.end(); ++at) last = at;
    ++size_;
    return *list_.emplace_after(last, session, role, id, name);
  }
  void Remove(const MemoryMember& member) {
    list_.remove_if([&member](const MemoryMember& other) { return &other == &member; });
    --size_;
  }
  void Clear() {
    list_.clear();
    size_ = 0;
  }

 private:
  std::forward_list<MemoryMember> list_;
  std::uint32_t size_ = 0;
};

struct MemorySession : DueWork {
  MemorySession(std::string_view session_id, std::string_view display_id,
                std::string_view design_id)
      : DueWork(DueKind::kSession), texts(std::array{session_id, display_id, design_id}) {}

  std::string_view table_key() const { return texts.View(0); }
  std::string session_id() const { return texts.Text(0); }
  std::string display_id() const { return texts.Text(1); }

  MemoryMember* FindById(std::string_view member_id) {
    for (MemoryMember& member : members) {
      if (member.member_id() == member_id) return &member;
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
    return {session_id(), std::string(member.member_id()), member.role, member.name(),
            display_id()};
  }
  std::size_t logged() const { return log ? log->size() : 0; }

  bool room = false;
  bool paired = false;  // A room is, from its beginning.
  bool ended = false;
  std::uint32_t code = 0;  // As CodeBook numbers them. 0: it can be entered no more.
  int places_left = 0;
  NodeNumber watch_node = 0;  // Where the display's stream or poll is, or was last.
  MemorySession* next_in_table = nullptr;
  TextRow<3> texts;  // session, display and design
  TimePoint code_expires{};
  MemberList members;  // The display first; it stays until the end.
  std::uint32_t watch_epoch = 0;
  std::uint32_t joins = 0;  // Of a room, so far.
  std::uint64_t last_event_id = 0;
  std::unique_ptr<std::vector<SessionEvent>> log;  // At most kMaxLoggedEvents.
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_MEMORY_SESSION_H_

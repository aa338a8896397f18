// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Group: one controller, up to 64 displays: the same message to all of them, who has it, and frames
// that all show at the same moment. Not here: how the sessions come to be (session.h), files.
//
// Nobody waits for anybody. A member that does not keep up is *lagging*: messages pass it over,
// which ones is told, and what all have to acknowledge no longer waits for it. It is back in step
// when half of its room is free again; states make it whole by themselves.
//
// A move-only handle, callable from any thread, also from inside any callback. Callbacks run on the
// Network's loop thread, one at a time, with no lock held, and must not block. After the handle's
// destructor returned no callback of it starts. The Network outlives the handle's use. Calls from
// other threads wait for their turn on the loop.
#ifndef PAIRWIRE_GROUP_H_
#define PAIRWIRE_GROUP_H_

#include <pairwire/bytes.h>
#include <pairwire/events.h>
#include <pairwire/network.h>
#include <pairwire/result.h>
#include <pairwire/session.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire {

// 1, 2, 3… in the order of Add; never used again within a group.
using MemberId = std::uint64_t;

struct GroupOptions {
  static constexpr std::size_t kMaxMembers = 64;

  // What a member may have unacknowledged before it is lagging; at most 4 MiB, which is the
  // session's own bound. 64 frozen members hold 64 times as much.
  std::size_t outbox_bytes = 1024 * 1024;
};

struct GroupMember {
  MemberId id = 0;
  std::string name;  // PeerInfo::name
  SessionState state = SessionState::kConnected;
  bool lagging = false;
  MessageId acked = 0;       // the group's newest message that it has
  MessageRange missed;       // since it is lagging
  std::size_t messages = 0;  // sent to it, not acknowledged
  std::size_t bytes = 0;
  SessionPath path;
  std::optional<SharedClock> clock;         // as Session::clock
  std::chrono::microseconds round_trip{0};  // as SessionStats::round_trip
};

// Message ids are the group's: 1, 2, 3… in the order of Send.
struct GroupEvents {
  // As SessionEvents has them, with the member. A command's id is the number that its sender gave.
  std::function<void(MemberId, const Command&)> on_message = nullptr;
  std::function<void(MemberId, const Event&)> on_event = nullptr;
  std::function<void(MemberId, std::string_view key, const std::optional<Message>&)>
      on_state_value = nullptr;
  // The member has all messages up to and with this one, but those it missed.
  std::function<void(MessageId, MemberId)> on_acked = nullptr;
  // Every member has it but those of `missing`: it passed them over, or they are gone, or they were
  // lagging before they acknowledged it. Once for each message, in the order of Send; also when the
  // group is empty.
  std::function<void(MessageId, const std::vector<MemberId>& missing)> on_acked_by_all = nullptr;
  // These messages were not sent to the member. Told when it is back in step or leaves; at once
  // for one that was too large for it.
  std::function<void(MemberId, MessageRange)> on_missed = nullptr;
  std::function<void(MemberId, bool lagging)> on_lagging = nullptr;
  std::function<void(MemberId, SessionState, std::string_view why)> on_member_state = nullptr;
  // Its session is over; it is no member any more.
  std::function<void(MemberId, const ClosedReport&)> on_member_closed = nullptr;
};

class Group {
 public:
  // kInvalidArgument: outbox_bytes is 0 or more than 4 MiB. kClosed: the network is closing.
  static Result<Group> Create(Network& network, GroupOptions options, GroupEvents events);
  Group();  // An empty handle: every call answers kClosed.
  Group(Group&&) noexcept;
  Group& operator=(Group&&) noexcept;
  ~Group();  // Closes its sessions, as ~Session.

  // The session's handlers are the group's from now on. It gets the states that were set, and the
  // messages that are sent from now on.
  //   kLimitExceeded    64 are members
  //   kUnsupported      plain form (PeerInfo::session_layer is false)
  //   kInvalidArgument  an empty handle, or a session of another Network
  //   kClosed           the session is closing or closed
  // After an error the session is closed, as its handle is gone.
  [[nodiscard]] Result<MemberId> Add(Session session);
  // Gives the session back; what arrives waits until Subscribe. An empty handle: no such member.
  Session Remove(MemberId member);

  // One command to all members, encoded once, all in one turn of the loop. Never waits.
  // kMessageTooLarge: over 256 KiB.
  [[nodiscard]] Result<MessageId> Send(std::string_view text);
  [[nodiscard]] Result<MessageId> Send(ByteSpan data);
  // As its class says; the id is 0 for states, which later members get, too, and for streams.
  [[nodiscard]] Result<MessageId> Send(const Event& event);

  // The newest value of `key` reaches all members, also those that are added later. Bounds as
  // Session::SetState; kLimitExceeded also when a member's session has no room for one more key: it
  // goes without, the others have it.
  [[nodiscard]] Result<void> SetState(std::string_view key, ByteSpan value);
  [[nodiscard]] Result<void> SetState(std::string_view key, std::string_view text);
  [[nodiscard]] Result<void> ClearState(std::string_view key);

  // One frame of at most 60 KiB (else kMessageTooLarge) that any member may lose.
  [[nodiscard]] Result<void> SendStream(ByteSpan frame);

  // A frame that all members show at the same moment, which is chosen here: now, and as long as the
  // slowest path takes, at least 5 ms and at most 0.5 s. Answers that moment, in microseconds of
  // this process's std::chrono::steady_clock. present_at is overwritten. Moments never go back.
  // kInvalidArgument: as EventToJson.
  Result<std::uint64_t> Present(events::AnimationFrame frame);

  // By id.
  std::vector<GroupMember> Members() const;

 private:
  class Impl;
  explicit Group(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_GROUP_H_

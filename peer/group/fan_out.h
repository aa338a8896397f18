// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// FanOut: one message to every member of a group, and who of them has it. Not here: how a member
// carries it (a session does), what it means, and who may be a member.
//
// Nobody waits for anybody. A member whose room is used up is *lagging*: from then on it is passed
// over, what it misses is named, and acknowledgements of all no longer wait for it, until it has
// room again:
//
//   in step -- its session is full, or it has too much unacknowledged here --> lagging
//   lagging -- its session has room, and half of the room here is free ------> in step
//   either  -- its session is over: any other error of its Send -------------> gone
//
// A group numbers its messages 1, 2, 3…; each member numbers them anew, as its session carries
// other things as well. Everything here runs on one loop, and no event is called from inside a
// method: all of a turn come at its end, and from them every method and the destructor may be
// called.
#ifndef PAIRWIRE_PEER_GROUP_FAN_OUT_H_
#define PAIRWIRE_PEER_GROUP_FAN_OUT_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "peer/base/loop.h"
#include "peer/base/task_safety.h"

namespace pairwire::group {

using MessageId = std::uint64_t;  // 0: none
using MemberId = std::uint64_t;   // never used again within a group

enum class MessageKind : std::uint8_t { kBinary, kText, kEvent };

// How a member takes messages: a session; tests give fakes.
class MemberSink {
 public:
  virtual ~MemberSink() = default;
  // Takes a copy of `payload` and returns at once. The member's own number of the message, each
  // larger than the one before. kBufferFull: not taken, FanOut::OnRoom follows. kMessageTooLarge:
  // not taken, others may be. Else the member is gone. Must not call the FanOut.
  virtual Result<MessageId> Send(MessageKind kind, ByteSpan payload) = 0;
};

struct FanOutLimits {
  std::size_t members = 64;
  // What a member may have unacknowledged: 64 frozen members hold 64 MiB together.
  std::size_t outbox_bytes = 1024 * 1024;
  std::size_t outbox_messages = 4096;
  // Messages of the group that wait for the acknowledgement of all.
  std::size_t outstanding = 4096;
};

// Messages of the group, both ends included; 0, 0: none.
struct MessageRange {
  MessageId first = 0;
  MessageId last = 0;
  bool operator==(const MessageRange&) const = default;
};

struct MemberState {
  MemberId id = 0;
  bool lagging = false;
  bool gone = false;
  MessageId acked = 0;       // the newest message of the group that it has acknowledged
  MessageRange missed;       // since it is lagging; grows until it is back
  std::size_t messages = 0;  // sent to it, not yet acknowledged
  std::size_t bytes = 0;
};

class FanOut {
 public:
  struct Events {
    // The member has all messages of the group up to and with this one, but those it missed.
    std::function<void(MessageId, MemberId)> on_acked = nullptr;
    // All members have it, but those of `missing`: it passed them over, or they are gone, or they
    // were lagging before they acknowledged it. Once for each message, in the order of Send; also
    // when nobody was there.
    std::function<void(MessageId, const std::vector<MemberId>& missing)> on_acked_by_all = nullptr;
    // These messages were not sent to the member: told when it is back or removed, so that the
    // application can make it whole; at once for one that was too large for it.
    std::function<void(MemberId, MessageRange)> on_missed = nullptr;
    // Lagging, or back. Of one that is gone its session tells.
    std::function<void(MemberId, bool lagging)> on_lagging = nullptr;
  };

  FanOut(Loop& loop, FanOutLimits limits, Events events);

  FanOut(const FanOut&) = delete;
  FanOut& operator=(const FanOut&) = delete;

  // `sink` stays until Remove. It gets what is sent from now on. kLimitExceeded: too many members.
  Result<MemberId> Add(MemberSink& sink);
  // What it has not acknowledged no longer counts. Unknown ids are ignored, here and below: a
  // session may still tell of a member that has just gone.
  void Remove(MemberId member);

  // To all members, in the order in which they were added.
  MessageId Send(MessageKind kind, ByteSpan payload);

  // The member's own number: it has all of its messages up to and with this one.
  void OnAcked(MemberId member, MessageId theirs);
  // There is room again after kBufferFull.
  void OnRoom(MemberId member);

  std::vector<MemberState> Members() const;
  std::size_t member_count() const { return members_.size(); }
  MessageId last_sent() const { return last_sent_; }

 private:
  struct Waiting {
    MessageId theirs = 0;
    MessageId ours = 0;
    std::size_t bytes = 0;
    bool counts = false;  // whether the acknowledgement of all waits for it
  };
  struct Member {
    MemberSink* sink = nullptr;
    bool lagging = false;
    bool session_full = false;  // until OnRoom
    bool gone = false;
    MessageId acked = 0;
    MessageId acked_told = 0;
    MessageRange missed;
    std::deque<Waiting> waiting;
    std::size_t bytes = 0;
  };
  // One message that not all have acknowledged, or that was not told yet.
  struct Outstanding {
    std::size_t waits_for = 0;
    std::vector<MemberId> missing;
  };

  bool HasRoom(const Member& member, std::size_t bytes) const;
  void SendTo(MemberId id, Member& member, MessageKind kind, ByteSpan payload);
  void Miss(MemberId id, Member& member);
  void StartLagging(MemberId id, Member& member);
  void MaybeStopLagging(MemberId id, Member& member);
  void StopWaitingFor(MemberId id, Member& member);
  void BoundOutstanding();
  void TellMissed(MemberId id, MessageRange range);
  Outstanding& OutstandingOf(MessageId id);
  void TellLater();
  void Tell();

  Loop& loop_;
  const FanOutLimits limits_;
  const Events events_;
  std::map<MemberId, Member> members_;
  MemberId last_member_ = 0;
  MessageId last_sent_ = 0;
  std::deque<Outstanding> outstanding_;  // the last is last_sent_
  // To be told at the end of the turn.
  std::vector<std::pair<MemberId, MessageRange>> missed_;
  std::vector<std::pair<MemberId, bool>> lagging_;
  bool telling_ = false;
  TaskSafety safety_;
};

}  // namespace pairwire::group

#endif  // PAIRWIRE_PEER_GROUP_FAN_OUT_H_

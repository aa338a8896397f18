// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// GroupCore: what is behind the Group handle: the members' sessions, FanOut over them, the states
// that later members get, and the moments of frames. Loop only. Not here: who has which message
// (peer/group), sessions.
//
// The handle owns it and lets it go from the loop's own frame, after Stop: it outlives every
// callback that is under way.
#ifndef PAIRWIRE_PEER_SESSION_GROUP_CORE_H_
#define PAIRWIRE_PEER_SESSION_GROUP_CORE_H_

#include <pairwire/group.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "peer/base/loop.h"
#include "peer/base/task_safety.h"
#include "peer/group/fan_out.h"
#include "peer/session/session_impl.h"

namespace pairwire {

class GroupCore {
 public:
  // What a path's usual way may take beyond its fastest: a member that stood still does not make
  // everybody else's frames late.
  static constexpr std::chrono::milliseconds kMaxJitter{50};
  // A lead that is not needed any more goes by an eighth of the time, so that frames keep about
  // their distances; one that is needed comes at once.
  static constexpr std::int64_t kLeadFalls = 8;

  static std::shared_ptr<GroupCore> Make(Loop& loop, GroupOptions options, GroupEvents events);
  GroupCore(Loop& loop, GroupOptions options, GroupEvents events);

  Result<MemberId> Add(Session session);
  Session Remove(MemberId id);
  Result<MessageId> Send(group::MessageKind kind, ByteSpan message);
  Result<MessageId> Send(const Event& event);
  Result<void> SetState(std::string_view key, bool is_text, ByteSpan value);
  Result<void> ClearState(std::string_view key);
  Result<void> SendStream(ByteSpan frame);
  Result<std::uint64_t> Present(events::AnimationFrame frame);
  std::vector<GroupMember> Members() const;
  // No callback starts any more; the sessions close.
  void Stop();

 private:
  using SessionImpl = SessionFactory::Impl;

  struct Member final : group::MemberSink {
    Result<group::MessageId> Send(group::MessageKind kind, ByteSpan payload) override;

    Session session;  // also the owner of impl
    std::shared_ptr<SessionImpl> impl;
    std::function<void()> when_room;
  };
  struct State {
    bool is_text = false;
    bool is_event = false;
    Bytes value;  // an event: its JSON
  };

  group::FanOut::Events FanOutEvents();
  void Subscribe(MemberId id);
  void OnClosed(MemberId id, const ClosedReport& report);
  Result<void> KeepAndGive(std::string_view key, State state);
  static Result<void> Give(const Member& member, std::string_view key, const State& state);
  void SendToAll(const EncodedEvent& event);
  std::int64_t LeadUs(std::int64_t now_us);
  // Calls a handler of the application's, if there is one and nobody has stopped us.
  template <typename Handler, typename... Args>
  void Tell(Handler GroupEvents::*handler, Args&&... args) {
    const auto events = events_;
    if (!stopped_ && (*events).*handler) ((*events).*handler)(std::forward<Args>(args)...);
  }

  Loop& loop_;
  const std::shared_ptr<const GroupEvents> events_;
  std::weak_ptr<GroupCore> self_;
  bool stopped_ = false;
  std::map<MemberId, std::unique_ptr<Member>> members_;
  group::FanOut fan_out_;
  std::map<std::string, State, std::less<>> states_;
  std::size_t state_bytes_ = 0;
  std::int64_t lead_us_ = 0;
  std::int64_t lead_at_us_ = 0;
  TaskSafety safety_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_GROUP_CORE_H_

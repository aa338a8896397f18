// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Session::Impl: the life of a Session after it was connected: delivery to the application, and
// closing with everything that was sent.
//
//   kOpen --Close, handle gone--> kClosing (draining, at most 5 s) --> kClosed
//     +----- the other end closed it, or the connection is lost ----------^
#ifndef PAIRWIRE_PEER_SESSION_SESSION_IMPL_H_
#define PAIRWIRE_PEER_SESSION_SESSION_IMPL_H_

#include <pairwire/session.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "peer/base/loop.h"
#include "peer/connection/loop_link.h"
#include "peer/session/peer_link.h"

namespace pairwire {

enum class SessionState { kOpen, kClosing, kClosed };
std::string_view ToString(SessionState state);

struct Session::Impl {
  static constexpr std::chrono::seconds kCloseTimeout{5};

  Impl(std::shared_ptr<LoopLink> link_to_loop, Loop& on_loop, std::unique_ptr<PeerLink> peer_link,
       std::string name);

  // Loop only.
  void Subscribe(SessionEvents handlers);
  void StartClose();
  void Detach();  // the handle is gone: no callback starts any more

  // Any thread: constant, and the handles inside are callable from anywhere.
  const std::shared_ptr<LoopLink> to_loop;
  const std::unique_ptr<PeerLink> link;
  const std::string peer_name;
  const SessionPath path;

  // Loop only. While closing, the deadline's timer owns the Impl, so that it lives on without a
  // handle and goes with the loop at the latest.
  Loop& loop;
  std::weak_ptr<Impl> self;
  std::function<void()> on_over;  // for who handed the Session out; called after on_closed

 private:
  void ListenToLink();
  void OnEnded(std::optional<Error> error);
  void Finish(std::optional<Error> error);
  void TellClosed(const std::optional<Error>& error);
  void SetState(SessionState state, std::string_view reason);

  SessionState state_ = SessionState::kOpen;
  bool detached_ = false;
  SessionEvents events_;
  bool subscribed_ = false;
  std::optional<std::optional<Error>> untold_end_;  // it ended before Subscribe
  TimerId close_timer_ = 0;
};

class SessionFactory {
 public:
  // Loop only. `on_over` runs on the loop once the Session has closed.
  static Session Make(std::shared_ptr<LoopLink> to_loop, Loop& loop, std::unique_ptr<PeerLink> link,
                      std::string peer_name, std::function<void()> on_over);
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_SESSION_IMPL_H_

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The Session handle and its loop side.
#include <utility>

#include "peer/base/log.h"
#include "peer/session/session_impl.h"

namespace pairwire {
namespace {

SessionPath PathOf(PeerLink& link) {
  const std::optional<SelectedCandidatePair> pair = link.connection().selected_candidate_pair();
  if (!pair) return {};
  return {pair->relayed, pair->local, pair->remote};
}

}  // namespace

std::string_view ToString(SessionState state) {
  switch (state) {
    case SessionState::kOpen:
      return "open";
    case SessionState::kClosing:
      return "closing";
    case SessionState::kClosed:
      return "closed";
  }
  return "unknown";
}

Session::Impl::Impl(std::shared_ptr<LoopLink> link_to_loop, Loop& on_loop,
                    std::unique_ptr<PeerLink> peer_link, std::string name)
    : to_loop(std::move(link_to_loop)),
      link(std::move(peer_link)),
      peer_name(std::move(name)),
      path(PathOf(*link)),
      loop(on_loop) {
  ListenToLink();
}

// Before Subscribe only the end is listened to; channels and messages wait.
void Session::Impl::ListenToLink() {
  PeerLinkEvents on;
  on.on_ended = [this](std::optional<Error> error) { OnEnded(std::move(error)); };
  if (subscribed_ && !detached_) {
    on.on_message = events_.on_message;
    on.on_buffered_amount_low = events_.on_buffered_amount_low;
    on.on_data_channel = events_.on_data_channel;
    // Without a handler a further channel has nobody to keep its handle, which closes it.
    if (!on.on_data_channel) on.on_data_channel = [](DataChannel) {};
  }
  link->SetEvents(std::move(on));
}

void Session::Impl::Subscribe(SessionEvents handlers) {
  if (detached_) return;
  const auto keep = self.lock();
  events_ = std::move(handlers);
  subscribed_ = true;
  ListenToLink();
  if (detached_) return;
  link->ResumeMessages();
  if (untold_end_) TellClosed(*std::exchange(untold_end_, std::nullopt));
}

void Session::Impl::StartClose() {
  if (state_ != SessionState::kOpen) return;
  SetState(SessionState::kClosing, "closing");
  close_timer_ = loop.ScheduleAt(loop.Now() + kCloseTimeout, [keep = self.lock()] {
    keep->close_timer_ = 0;
    keep->Finish(Error{Errc::kTimedOut, "not everything that was sent arrived within 5 s"});
  });
  link->channel().Close();
}

void Session::Impl::Detach() {
  detached_ = true;
  events_ = {};
  // Whoever reads no more must not hold up the other end's window while we drain.
  ListenToLink();
  link->ResumeMessages();
  StartClose();
}

void Session::Impl::OnEnded(std::optional<Error> error) { Finish(std::move(error)); }

void Session::Impl::Finish(std::optional<Error> error) {
  if (state_ == SessionState::kClosed) return;
  const auto keep = self.lock();  // the timer may be the last owner
  SetState(SessionState::kClosed, error ? ToString(error->code) : "closed in order");
  if (close_timer_ != 0) loop.CancelTimer(std::exchange(close_timer_, 0));
  link->connection().Close();
  const auto over = std::exchange(on_over, nullptr);
  if (subscribed_) {
    TellClosed(error);
  } else {
    untold_end_ = std::move(error);
  }
  if (over) over();
}

void Session::Impl::TellClosed(const std::optional<Error>& error) {
  const auto on_closed = std::exchange(events_, {}).on_closed;
  if (on_closed && !detached_) on_closed(error);
}

void Session::Impl::SetState(SessionState state, std::string_view reason) {
  if (LogWanted(LogLevel::kInfo)) {
    Log(LogLevel::kInfo, "session[" + std::string(ToString(state_)) + "]: " + std::string(reason) +
                             " -> " + std::string(ToString(state)));
  }
  state_ = state;
}

Session SessionFactory::Make(std::shared_ptr<LoopLink> to_loop, Loop& loop,
                             std::unique_ptr<PeerLink> link, std::string peer_name,
                             std::function<void()> on_over) {
  auto impl = std::make_shared<Session::Impl>(std::move(to_loop), loop, std::move(link),
                                              std::move(peer_name));
  impl->self = impl;
  impl->on_over = std::move(on_over);
  return Session(std::move(impl));
}

Session::Session() = default;
Session::Session(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;

Session& Session::operator=(Session&& other) noexcept {
  Session old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

Session::~Session() {
  if (!impl_) return;
  impl_->to_loop->RunAndWait([this](NetworkCore&) { impl_->Detach(); });
}

void Session::Subscribe(SessionEvents events) {
  if (!impl_) return;
  impl_->to_loop->Post([impl = impl_, events = std::move(events)](NetworkCore&) mutable {
    impl->Subscribe(std::move(events));
  });
}

Result<void> Session::Send(std::string_view text) {
  if (!impl_) return Fail(Errc::kClosed, "an empty handle");
  return impl_->link->channel().Send(text);
}

Result<void> Session::Send(ByteSpan data) {
  if (!impl_) return Fail(Errc::kClosed, "an empty handle");
  return impl_->link->channel().Send(data);
}

std::size_t Session::buffered_amount() const {
  return impl_ ? impl_->link->channel().buffered_amount() : 0;
}

void Session::SetBufferedAmountLowThreshold(std::size_t bytes) {
  if (impl_) impl_->link->channel().SetBufferedAmountLowThreshold(bytes);
}

DataChannel Session::CreateDataChannel(std::string_view label, DataChannelInit init) {
  if (!impl_) return {};
  return impl_->link->connection().CreateDataChannel(label, std::move(init));
}

void Session::Close() {
  if (!impl_) return;
  impl_->to_loop->Post([impl = impl_](NetworkCore&) { impl->StartClose(); });
}

SessionPath Session::path() const { return impl_ ? impl_->path : SessionPath{}; }

const std::string& Session::peer_name() const {
  static const std::string kEmpty;
  return impl_ ? impl_->peer_name : kEmpty;
}

}  // namespace pairwire

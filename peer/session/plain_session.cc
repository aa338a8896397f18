// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/plain_session.h"

#include <utility>

#include "peer/base/log.h"

namespace pairwire {
namespace {

tl::unexpected<Error> NeedsTheSessionLayer() {
  return Fail(Errc::kUnsupported, "the other end has no session layer");
}

}  // namespace

std::shared_ptr<PlainSession> PlainSession::Make(std::shared_ptr<LoopLink> to_loop, Loop& loop,
                                                 PairedEnd paired, SessionHooks hooks) {
  auto session =
      std::make_shared<PlainSession>(std::move(to_loop), loop, std::move(paired), std::move(hooks));
  session->self_ = session;
  loop.Post(session->safety_.Wrap([plain = session.get()] {
    const auto keep = plain->self_.lock();
    if (plain->detached_ || plain->state_ == SessionState::kClosed) return;
    plain->connected_told_ = true;
    const auto on_connected = std::exchange(plain->hooks_.on_connected, nullptr);
    if (on_connected) on_connected();
  }));
  return session;
}

PlainSession::PlainSession(std::shared_ptr<LoopLink> link_to_loop, Loop& loop, PairedEnd paired,
                           SessionHooks hooks)
    : Impl(std::move(link_to_loop)),
      link_(std::move(paired.link)),
      peer_(std::move(paired.peer)),
      path_(PathOf(*link_)),
      loop_(loop),
      hooks_(std::move(hooks)) {
  ListenToLink();
}

// Before Subscribe only the end is listened to; channels and messages wait.
void PlainSession::ListenToLink() {
  PeerLinkEvents on;
  on.on_ended = [this](std::optional<Error> error) { Finish(std::move(error)); };
  if (subscribed_ && !detached_) {
    on.on_message = [this](const Message& message) { OnMessage(message); };
    on.on_buffered_amount_low = events_->on_buffered_amount_low;
    on.on_data_channel = events_->on_data_channel;
    // Without a handler a further channel has nobody to keep its handle, which closes it.
    if (!on.on_data_channel) on.on_data_channel = [](DataChannel) {};
  }
  link_->SetEvents(std::move(on));
}

void PlainSession::OnMessage(const Message& message) {
  received_.fetch_add(1, std::memory_order_relaxed);
  const auto events = events_;
  Command command;
  command.data = message.data;
  command.is_text = message.is_text;
  if (events->on_message) events->on_message(command);
}

void PlainSession::Subscribe(SessionEvents handlers) {
  if (detached_) return;
  const auto keep = self_.lock();
  events_ = std::make_shared<const SessionEvents>(std::move(handlers));
  subscribed_ = true;
  ListenToLink();
  if (detached_) return;
  link_->ResumeMessages();
  if (untold_end_) TellClosed(*std::exchange(untold_end_, std::nullopt));
}

void PlainSession::StartClose() {
  if (state_ != SessionState::kConnected) return;
  const auto keep = self_.lock();
  close_timer_ = loop_.ScheduleAt(loop_.Now() + kCloseTimeout, [keep] {
    keep->close_timer_ = 0;
    keep->Finish(Error{Errc::kTimedOut, "not everything that was sent arrived within 5 s"});
  });
  link_->channel().Close();
  SetState(SessionState::kClosing, "closing");
}

void PlainSession::Detach() {
  detached_ = true;
  if (!connected_told_) hooks_ = {};
  events_ = std::make_shared<const SessionEvents>();
  // Whoever reads no more must not hold up the other end's window while we drain.
  ListenToLink();
  link_->ResumeMessages();
  StartClose();
}

void PlainSession::Finish(std::optional<Error> error) {
  if (state_ == SessionState::kClosed) return;
  const auto keep = self_.lock();  // the timer may be the last owner
  if (close_timer_ != 0) loop_.CancelTimer(std::exchange(close_timer_, 0));
  SetState(SessionState::kClosed, error ? ToString(error->code) : "closed in order");
  link_->connection().Close();
  const auto over = std::exchange(hooks_, {}).on_over;
  const std::optional<Error> why = error;
  if (subscribed_) {
    TellClosed(error);
  } else {
    untold_end_ = std::move(error);
  }
  if (over) over(why);
}

void PlainSession::TellClosed(const std::optional<Error>& error) {
  const auto events = std::exchange(events_, std::make_shared<const SessionEvents>());
  if (!events->on_closed || detached_) return;
  ClosedReport report;
  report.error = error;
  events->on_closed(report);
}

void PlainSession::SetState(SessionState state, std::string_view reason) {
  if (LogWanted(LogLevel::kInfo)) {
    Log(LogLevel::kInfo, "session[" + std::string(ToString(state_)) + "]: " + std::string(reason) +
                             " -> " + std::string(ToString(state)));
  }
  state_ = state;
  TellWatchers();
  const auto events = events_;
  if (events->on_state) events->on_state(state, reason);
}

Result<MessageId> PlainSession::Send(ByteSpan data, bool is_text) {
  const Result<void> sent =
      is_text ? link_->channel().Send(AsText(data)) : link_->channel().Send(data);
  if (!sent) return tl::unexpected(sent.error());
  return sent_.fetch_add(1, std::memory_order_relaxed) + 1;
}

Result<MessageId> PlainSession::Send(const Event&) { return NeedsTheSessionLayer(); }

Result<MessageId> PlainSession::SendEncoded(const EncodedEvent&) { return NeedsTheSessionLayer(); }

Result<void> PlainSession::SetState(std::string_view, ByteSpan, bool) {
  return NeedsTheSessionLayer();
}

Result<void> PlainSession::ClearState(std::string_view) { return NeedsTheSessionLayer(); }

Result<void> PlainSession::SendStream(ByteSpan) { return NeedsTheSessionLayer(); }

std::size_t PlainSession::buffered_amount() const { return link_->channel().buffered_amount(); }

void PlainSession::SetBufferedAmountLowThreshold(std::size_t bytes) {
  link_->channel().SetBufferedAmountLowThreshold(bytes);
}

void PlainSession::WhenWritable(std::size_t bytes, std::function<void(Result<void>)> done) {
  link_->channel().WhenWritable(bytes, std::move(done));
}

DataChannel PlainSession::CreateDataChannel(std::string_view label, DataChannelInit init) {
  return link_->connection().CreateDataChannel(label, std::move(init));
}

SessionStats PlainSession::stats() const {
  SessionStats stats;
  stats.sent = sent_.load(std::memory_order_relaxed);
  stats.received = received_.load(std::memory_order_relaxed);
  stats.outbox_bytes = buffered_amount();
  return stats;
}

}  // namespace pairwire

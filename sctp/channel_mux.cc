// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/channel_mux.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "peer/base/check.h"
#include "peer/base/log.h"
#include "sctp/channel_mux_impl.h"

namespace pairwire::sctp {
namespace {

// How long the other end may take to answer our reset with its own (RFC 8831 section 6.7). Then the
// channel is reported closed, but its number stays taken. Some stacks answer only when they close,
// too.
constexpr std::chrono::seconds kAnswerTimeout{10};

}  // namespace

std::string_view ToString(ChannelState state) {
  switch (state) {
    case ChannelState::kOpening:
      return "opening";
    case ChannelState::kOpen:
      return "open";
    case ChannelState::kClosing:
      return "closing";
  }
  return "?";
}

ChannelMux::ChannelMux(Loop& loop, ChannelMuxOptions options, ChannelMuxEvents& events)
    : impl_(std::make_unique<Impl>(loop, options, events)) {}

ChannelMux::~ChannelMux() = default;

Result<void> ChannelMux::Start(const AssociationFactory& make, bool dtls_client,
                               std::size_t remote_max_message_size, bool remote_is_ours) {
  return impl_->Start(make, dtls_client, remote_max_message_size, remote_is_ours);
}

void ChannelMux::ReceivePacket(ByteSpan packet) { impl_->ReceivePacket(packet); }
void ChannelMux::BeginBatch(std::size_t packets) { impl_->BeginBatch(packets); }
void ChannelMux::EndBatch() { impl_->EndBatch(); }
void ChannelMux::OnPathChanged() { impl_->OnPathChanged(); }
void ChannelMux::OnPacketTooLarge(std::size_t size) { impl_->OnPacketTooLarge(size); }

Result<ChannelId> ChannelMux::Open(const ChannelOptions& options) { return impl_->Open(options); }

Result<void> ChannelMux::Send(ChannelId id, ByteSpan data, bool is_text) {
  return impl_->Send(id, data, is_text);
}

Result<void> ChannelMux::SendOwned(ChannelId id, Payload& data, bool is_text) {
  return impl_->SendOwned(id, data, is_text);
}

void ChannelMux::PauseReceiving(ChannelId id) { impl_->PauseReceiving(id); }
void ChannelMux::ResumeReceiving(ChannelId id) { impl_->ResumeReceiving(id); }
void ChannelMux::Close(ChannelId id) { impl_->Close(id); }
void ChannelMux::CloseAll() { impl_->CloseAll(); }

std::optional<StreamId> ChannelMux::stream_of(ChannelId id) const { return impl_->stream_of(id); }

std::size_t ChannelMux::buffered_amount(ChannelId id) const { return impl_->buffered_amount(id); }

std::size_t ChannelMux::total_buffered_amount() const { return impl_->total_buffered_amount(); }

std::size_t ChannelMux::queued_messages() const { return impl_->queued_messages(); }

ChannelMuxStats ChannelMux::stats() const { return impl_->stats(); }

// --- The mux
// ---------------------------------------------------------------------------------------

ChannelMux::Impl::Impl(Loop& loop, const ChannelMuxOptions& options, ChannelMuxEvents& events)
    : loop_(loop),
      options_(options),
      events_(events),
      parts_room_{options.max_message_size,
                  options.max_message_size + std::max(options.max_reassembly, kAllSideBySide)},
      early_(options.max_early_bytes),
      early_timer_(loop, [this] { OnEarlyTimeout(); }),
      expiry_timer_(loop, [this] { OnExpiryTimeout(); }),
      answer_timer_(loop, [this] { OnAnswerTimeout(); }) {}

void ChannelMux::Impl::ReceivePacket(ByteSpan packet) {
  if (association_) association_->ReceivePacket(packet);
}

void ChannelMux::Impl::BeginBatch(std::size_t packets) {
  if (association_) association_->BeginBatch(packets);
}

void ChannelMux::Impl::EndBatch() {
  if (association_) association_->EndBatch();
}

void ChannelMux::Impl::Close(ChannelId id) {
  Channel* const channel = Find(id);
  if (channel == nullptr) return;
  DropReceived(*channel);
  if (over_ || (!channel->announced && channel->buffered == 0)) {
    // Nobody but us knows of it, or nobody is there to be told. With messages that Send took behind
    // the OPEN, both still go.
    Finish(*channel);
  } else if (channel->state != ChannelState::kClosing) {
    StartClosing(*channel, "Close");
  } else {
    FinishIfDelivered(*channel);
  }
}

void ChannelMux::Impl::CloseAll() {
  if (closing_all_) return;
  closing_all_ = true;
  if (over_) return;
  std::vector<ChannelId> ids;
  for (const auto& [id, channel] : channels_) {
    if (channel->visible) ids.push_back(id);
  }
  for (const ChannelId id : ids) Close(id);
  if (!association_) {
    over_ = true;
    Queue([this] { events_.OnMuxState(AssociationState::kClosed, {}); });
  } else if (!connected_) {
    association_->Close();
  } else {
    CloseAssociationIfDone();
  }
}

void ChannelMux::Impl::CloseAssociationIfDone() {
  if (closing_all_ && connected_ && visible_channels_ == 0) association_->Close();
}

std::optional<StreamId> ChannelMux::Impl::stream_of(ChannelId id) const {
  const Channel* const channel = Find(id);
  return channel == nullptr ? std::nullopt : channel->stream;
}

std::size_t ChannelMux::Impl::buffered_amount(ChannelId id) const {
  const Channel* const channel = Find(id);
  return channel == nullptr ? 0 : channel->buffered;
}

ChannelMuxStats ChannelMux::Impl::stats() const {
  ChannelMuxStats stats;
  if (association_) stats.association = association_->stats();
  stats.channels_opened = channels_opened_;
  stats.channels_closed = channels_closed_;
  for (const auto& [id, channel] : channels_) {
    if (!channel->visible) continue;
    stats.channels.push_back({.channel = id,
                              .stream = channel->stream,
                              .state = channel->state,
                              .label = channel->options.label,
                              .protocol = channel->options.protocol,
                              .messages_sent = channel->messages_sent,
                              .bytes_sent = channel->bytes_sent,
                              .messages_received = channel->messages_received,
                              .bytes_received = channel->bytes_received,
                              .messages_expired = channel->messages_expired});
  }
  return stats;
}

// --- Life of a channel
// -----------------------------------------------------------------------------

Channel* ChannelMux::Impl::Find(ChannelId id) const {
  const auto found = channels_.find(id);
  return found == channels_.end() ? nullptr : found->second.get();
}

Channel* ChannelMux::Impl::FindByStream(StreamId stream) const {
  const auto found = by_stream_.find(ToInt(stream));
  return found == by_stream_.end() ? nullptr : found->second;
}

Channel& ChannelMux::Impl::Add(ChannelState state, bool visible) {
  auto channel = std::make_unique<Channel>();
  channel->id = next_id_++;
  channel->state = state;
  channel->visible = visible;
  if (visible) ++visible_channels_;
  if (visible && state == ChannelState::kOpen) ++channels_opened_;
  Channel& added = *channel;
  channels_.emplace(added.id, std::move(channel));
  return added;
}

void ChannelMux::Impl::Attach(Channel& channel, StreamId stream) {
  channel.stream = stream;
  by_stream_[ToInt(stream)] = &channel;
}

void ChannelMux::Impl::Detach(Channel& channel) {
  if (!channel.stream) return;
  by_stream_.erase(ToInt(*channel.stream));
  if (stream_ids_) stream_ids_->Release(*channel.stream);
  channel.stream.reset();
  ReleaseParts(channel);
}

void ChannelMux::Impl::SetState(Channel& channel, ChannelState state, std::string_view reason) {
  if (LogWanted(LogLevel::kDebug)) {
    Log(LogLevel::kDebug, "channel" + std::to_string(channel.id) + "[" +
                              std::string(ToString(channel.state)) + "] -> " +
                              std::string(ToString(state)) + ": " + std::string(reason));
  }
  if (channel.state == ChannelState::kOpen && state != channel.state) ++channels_closed_;
  if (state == ChannelState::kOpen && state != channel.state) ++channels_opened_;
  channel.state = state;
}

void ChannelMux::Impl::StartClosing(Channel& channel, std::string_view reason) {
  SetState(channel, ChannelState::kClosing, reason);
  channel.joiner.reset();  // What comes now is discarded, so its end never comes.
  if (channel.send_queue.empty()) RequestReset(channel);
}

void ChannelMux::Impl::CloseForError(Channel& channel, Error error) {
  if (!channel.error) channel.error = std::move(error);
  // What the other end does not understand is not worth draining for.
  DropSendQueue(channel);
  if (channel.state != ChannelState::kClosing) {
    StartClosing(channel, channel.error->detail);
  } else {
    RequestReset(channel);
  }
}

void ChannelMux::Impl::RequestReset(Channel& channel) {
  if (channel.reset_requested || channel.outgoing_reset || !connected_) return;
  channel.reset_requested = true;
  // A refusal means that the association is going down, and that ends the channel, too.
  (void)association_->ResetStreams({&*channel.stream, 1});
}

void ChannelMux::Impl::FinishIfReset(Channel& channel) {
  if (!channel.outgoing_reset) return;
  if (!channel.incoming_reset) {
    WaitForAnswer(channel);
    return;
  }
  Detach(channel);
  FinishIfDelivered(channel);
}

void ChannelMux::Impl::FinishIfDelivered(Channel& channel) {
  const bool ended = over_ || (channel.outgoing_reset && channel.incoming_reset);
  if (ended && channel.receive_queue.empty()) Finish(channel);
}

void ChannelMux::Impl::Finish(Channel& channel) {
  Detach(channel);
  DropReceived(channel);
  Hide(channel);
  attributed_bytes_ -= channel.in_flight + channel.dcep_in_flight;
  channels_.erase(channel.id);
}

void ChannelMux::Impl::Hide(Channel& channel) {
  DropSendQueue(channel);
  SetBuffered(channel, 0);  // what is in flight no longer counts for anybody
  if (!channel.visible) return;
  channel.visible = false;
  --visible_channels_;
  Queue([this, id = channel.id, error = channel.error] { events_.OnChannelClosed(id, error); });
  CloseAssociationIfDone();
}

void ChannelMux::Impl::WaitForAnswer(const Channel& channel) {
  if (!channel.visible) return;
  // Those that were answered need no deadline any more.
  while (!answer_deadlines_.empty() && Find(answer_deadlines_.front().second) == nullptr) {
    answer_deadlines_.pop_front();
  }
  answer_deadlines_.emplace_back(loop_.Now() + kAnswerTimeout, channel.id);
  if (!answer_timer_.active()) answer_timer_.StartAt(answer_deadlines_.front().first);
}

void ChannelMux::Impl::OnAnswerTimeout() {
  while (!answer_deadlines_.empty() && answer_deadlines_.front().first <= loop_.Now()) {
    Channel* const channel = Find(answer_deadlines_.front().second);
    answer_deadlines_.pop_front();
    if (channel != nullptr) Hide(*channel);
  }
  if (!answer_deadlines_.empty()) answer_timer_.StartAt(answer_deadlines_.front().first);
  RunEvents();
}

// --- Events
// ----------------------------------------------------------------------------------------

void ChannelMux::Impl::Queue(Task event) {
  event_queue_.push_back(std::move(event));
  if (std::exchange(events_posted_, true)) return;
  loop_.Post(safety_.Wrap([this] {
    events_posted_ = false;
    RunEvents();
  }));
}

bool ChannelMux::Impl::RunEvents() {
  const auto alive = safety_.Watch();
  while (!event_queue_.empty()) {
    Task event = std::move(event_queue_.front());
    event_queue_.pop_front();
    event();
    if (!*alive) return false;
  }
  return true;
}

}  // namespace pairwire::sctp

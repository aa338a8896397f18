// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The channels' half of PeerConnectionCore: handles on one side, the ChannelMux on the other.
#include <utility>
#include <vector>

#include "peer/connection/peer_connection_core.h"
#include "sctp/channel_options.h"

namespace pairwire {
namespace {

// Messages that a mailbox keeps room for while it is empty.
constexpr std::size_t kKeptMailbox = 1024;

// RFC 8831 section 6.4.
struct PriorityNumber {
  DataChannelPriority priority;
  std::uint16_t number;
};
constexpr PriorityNumber kPriorities[] = {{DataChannelPriority::kVeryLow, 128},
                                          {DataChannelPriority::kLow, 256},
                                          {DataChannelPriority::kMedium, 512},
                                          {DataChannelPriority::kHigh, 1024}};

std::uint16_t ToNumber(DataChannelPriority priority) {
  for (const auto& entry : kPriorities) {
    if (entry.priority == priority) return entry.number;
  }
  return kPriorities[1].number;
}

// RFC 8832 section 5.1 lets any number be announced: the least that is not below it.
DataChannelPriority ToPriority(std::uint16_t number) {
  for (const auto& entry : kPriorities) {
    if (number <= entry.number) return entry.priority;
  }
  return DataChannelPriority::kHigh;
}

sctp::ChannelOptions ToChannelOptions(const ChannelImpl& channel) {
  return {.label = channel.label,
          .protocol = channel.init.protocol,
          .ordered = channel.init.ordered,
          .max_retransmits = channel.init.max_retransmits,
          .max_life_time = channel.init.max_packet_life_time,
          .negotiated = channel.init.negotiated,
          .id = channel.init.id,
          .priority = ToNumber(channel.init.priority)};
}

DataChannelInit ToInit(const sctp::ChannelOptions& options) {
  return {.ordered = options.ordered,
          .max_retransmits = options.max_retransmits,
          .max_packet_life_time = options.max_life_time,
          .negotiated = false,
          .id = options.id,
          .priority = ToPriority(options.priority),
          .protocol = options.protocol};
}

}  // namespace

void PeerConnectionCore::OpenChannel(const std::shared_ptr<ChannelImpl>& channel) {
  if (phase_ != Phase::kOpen) {
    FinishChannel(channel, Error{Errc::kClosed, "the connection is closed"});
    return;
  }
  const auto id = stack_->channels().Open(ToChannelOptions(*channel));
  if (!id) {
    FinishChannel(channel, id.error());
    return;
  }
  channel->core = this;
  channel->mux_id = *id;
  channels_.emplace(*id, channel);
  // Until Subscribe, what comes waits in the mux.
  stack_->channels().PauseReceiving(*id);
  negotiation_->SetWantsData(true);
  UpdateNegotiationNeeded();
}

std::shared_ptr<ChannelImpl> PeerConnectionCore::FindChannel(sctp::ChannelId id) {
  const auto found = channels_.find(id);
  return found == channels_.end() ? nullptr : found->second;
}

void PeerConnectionCore::OnChannelIncoming(sctp::ChannelId id,
                                           const sctp::ChannelOptions& options) {
  if (phase_ != Phase::kOpen || detached_) {
    stack_->channels().Close(id);
    return;
  }
  auto channel = std::make_shared<ChannelImpl>(shared_->link, shared_->id, shared_->budget,
                                               options.label, ToInit(options));
  channel->core = this;
  channel->mux_id = id;
  channels_.emplace(id, channel);
  AnnounceOpen(*channel);
  // Without a handler the handle goes at once, which closes the channel.
  DataChannel handle = DataChannelFactory::Make(std::move(channel));
  if (events_.on_data_channel) events_.on_data_channel(std::move(handle));
}

void PeerConnectionCore::OnChannelOpen(sctp::ChannelId id) {
  const auto channel = FindChannel(id);
  if (channel) AnnounceOpen(*channel);
}

void PeerConnectionCore::AnnounceOpen(ChannelImpl& channel) {
  if (const auto stream = stack_->channels().stream_of(*channel.mux_id)) {
    channel.stream_id.store(sctp::ToInt(*stream), std::memory_order_relaxed);
  }
  auto expected = DataChannelState::kConnecting;
  channel.state.compare_exchange_strong(expected, DataChannelState::kOpen);
  writable_.Check();
  if (expected != DataChannelState::kConnecting) return;  // open already, or the app closed it
  if (channel.subscribed && !channel.detached && !channel.open_announced) {
    channel.open_announced = true;
    if (channel.events.on_open) channel.events.on_open();
  }
}

void PeerConnectionCore::ChannelSubscribed(const std::shared_ptr<ChannelImpl>& channel) {
  channel->subscribed = true;
  if (channel->state.load(std::memory_order_acquire) == DataChannelState::kOpen &&
      !channel->open_announced) {
    channel->open_announced = true;
    if (channel->events.on_open) channel->events.on_open();
  }
  if (channel->core != nullptr && !channel->paused_by_user && phase_ != Phase::kEnded) {
    stack_->channels().ResumeReceiving(*channel->mux_id);
  }
  if (channel->unannounced_close && !channel->detached) {
    const auto error = *std::exchange(channel->unannounced_close, std::nullopt);
    if (channel->events.on_closed) channel->events.on_closed(error);
  }
}

void PeerConnectionCore::PauseChannel(ChannelImpl& channel, bool paused) {
  channel.paused_by_user = paused;
  if (channel.core == nullptr || !channel.subscribed || phase_ == Phase::kEnded) return;
  if (paused) {
    stack_->channels().PauseReceiving(*channel.mux_id);
  } else {
    stack_->channels().ResumeReceiving(*channel.mux_id);
  }
}

Result<void> PeerConnectionCore::CheckSendNow(ChannelImpl& channel) {
  if (channel.has_mail.load(std::memory_order_relaxed)) DrainMailbox(channel);
  if (channel.core == nullptr || phase_ == Phase::kEnded || channel.failure) {
    return Fail(Errc::kClosed, "the channel is closing or closed");
  }
  return {};
}

Result<void> PeerConnectionCore::SendNow(ChannelImpl& channel, ByteSpan data, bool is_text) {
  if (auto may = CheckSendNow(channel); !may) return may;
  auto sent = stack_->channels().Send(*channel.mux_id, data, is_text);
  PublishWaiting();
  return sent;
}

Result<void> PeerConnectionCore::SendNow(ChannelImpl& channel, sctp::Payload& data, bool is_text) {
  if (auto may = CheckSendNow(channel); !may) return may;
  auto sent = stack_->channels().SendOwned(*channel.mux_id, data, is_text);
  PublishWaiting();
  return sent;
}

void PeerConnectionCore::PublishWaiting() {
  shared_->budget->in_mux.store(stack_->channels().queued_messages(), std::memory_order_relaxed);
}

void PeerConnectionCore::DrainMailbox(ChannelImpl& channel) {
  {
    const std::lock_guard lock(channel.mailbox_mutex);
    // The emptied one of last time: its memory is used again.
    channel.mailbox.swap(channel.drained);
    channel.has_mail.store(false, std::memory_order_relaxed);
  }
  for (auto& message : channel.drained) {
    const std::size_t cost = std::max<std::size_t>(message.data.size(), 1);
    if (channel.core == nullptr || phase_ == Phase::kEnded || channel.failure) {
      channel.Release(cost);
      continue;
    }
    const auto sent = stack_->channels().SendOwned(*channel.mux_id, message.data, message.is_text);
    if (sent) continue;
    channel.Release(cost);
    // kClosed: the channel closed meanwhile, and on_closed tells. Anything else was promised by
    // Send and can not be kept: no gap without a word, so the channel ends with that reason.
    if (sent.error().code != Errc::kClosed) {
      channel.failure = sent.error();
      channel.state.store(DataChannelState::kClosing, std::memory_order_release);
      stack_->channels().Close(*channel.mux_id);
    }
  }
  if (stack_) PublishWaiting();
  channel.budget->in_mailboxes.fetch_sub(channel.drained.size(), std::memory_order_relaxed);
  channel.drained.clear();
  // A burst of once must not keep its memory for ever.
  if (channel.drained.capacity() > kKeptMailbox) channel.drained.shrink_to_fit();
}

void PeerConnectionCore::WaitUntilWritable(const std::shared_ptr<ChannelImpl>& channel,
                                           std::size_t bytes, WritableQueue::Done done) {
  if (channel->detached) {
    done(Fail(Errc::kCancelled, "the handle was destroyed"));
    return;
  }
  writable_.Add(channel, bytes, std::move(done));
}

void PeerConnectionCore::CloseChannel(ChannelImpl& channel) {
  if (channel.core == nullptr || phase_ == Phase::kEnded) return;
  DrainMailbox(channel);
  stack_->channels().Close(*channel.mux_id);
}

void PeerConnectionCore::DetachChannel(const std::shared_ptr<ChannelImpl>& channel) {
  channel->detached = true;
  writable_.Abandon(*channel, Error{Errc::kCancelled, "the handle was destroyed"});
  if (channel->core == nullptr) return;
  channel->state.store(DataChannelState::kClosing, std::memory_order_release);
  if (phase_ == Phase::kEnded) return;
  // What waits for a reader that is gone must not hold up the others.
  stack_->channels().ResumeReceiving(*channel->mux_id);
  CloseChannel(*channel);
}

void PeerConnectionCore::OnChannelMessage(sctp::ChannelId id, ByteSpan data, bool is_text) {
  const auto channel = FindChannel(id);
  if (!channel || channel->detached || !channel->events.on_message) return;
  channel->events.on_message(Message{data, is_text});
}

void PeerConnectionCore::OnChannelBufferedAmount(sctp::ChannelId id, std::size_t bytes) {
  const auto found = channels_.find(id);
  if (found == channels_.end()) return;
  auto& channel = *found->second;
  // Growth was counted by Send already; only what left counts here.
  const std::size_t before = std::exchange(channel.mux_amount, bytes);
  if (bytes >= before) return;
  if (channel.Release(before - bytes)) PostBufferedAmountLow(found->second);
  PublishWaiting();
  writable_.Check();
}

void PeerConnectionCore::PostBufferedAmountLow(const std::shared_ptr<ChannelImpl>& channel) {
  network_.loop().Post(safety_.Wrap([channel] {
    if (!channel->detached && channel->core != nullptr && channel->events.on_buffered_amount_low) {
      channel->events.on_buffered_amount_low();
    }
  }));
}

void PeerConnectionCore::OnChannelClosed(sctp::ChannelId id, const std::optional<Error>& error) {
  const auto found = channels_.find(id);
  if (found == channels_.end()) return;
  const auto channel = found->second;
  channels_.erase(found);
  FinishChannel(channel, error);
}

// Once for each channel. The budget gets back what was not acknowledged.
void PeerConnectionCore::FinishChannel(const std::shared_ptr<ChannelImpl>& channel,
                                       const std::optional<Error>& error) {
  const std::optional<Error> reason = channel->failure ? channel->failure : error;
  channel->state.store(DataChannelState::kClosed, std::memory_order_release);
  channel->core = nullptr;
  DrainMailbox(*channel);
  channel->Release(std::exchange(channel->mux_amount, 0));
  writable_.Abandon(*channel, reason.value_or(Error{Errc::kClosed, "the channel is closed"}));
  if (channel->detached) return;
  if (!channel->subscribed) {
    channel->unannounced_close = reason;
  } else if (channel->events.on_closed) {
    channel->events.on_closed(reason);
  }
}

}  // namespace pairwire

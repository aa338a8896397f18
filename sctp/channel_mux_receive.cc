// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The receiving half of the mux: messages, DCEP, stream resets and states from the association.
// Everything here comes from the other end, which is authenticated but not trusted.
#include <utility>
#include <vector>

#include "peer/base/log.h"
#include "sctp/channel_mux_impl.h"

namespace pairwire::sctp {
namespace {

// What a waiting message costs beside its bytes; so that a flood of tiny ones is bounded, too.
constexpr std::size_t kReceivedMessageCost = 64;

}  // namespace

// --- States and resets
// -----------------------------------------------------------------------------

void ChannelMux::Impl::OnSctpState(AssociationState state, const Error& error) {
  if (over_) return;
  Queue([this, state, error] { events_.OnMuxState(state, error); });
  if (state == AssociationState::kConnected) {
    connected_ = true;
    OpenAllNegotiated();
    Pump();
    CloseAssociationIfDone();
  } else if (state == AssociationState::kClosed || state == AssociationState::kFailed) {
    EndAll(state, error);
  }
  RunEvents();
}

void ChannelMux::Impl::EndAll(AssociationState state, const Error& error) {
  over_ = true;
  connected_ = false;
  early_.Clear();
  std::vector<Channel*> all;
  for (const auto& [id, channel] : channels_) all.push_back(channel.get());
  for (Channel* const channel : all) {
    if (state == AssociationState::kFailed && !channel->error) channel->error = error;
    DropSendQueue(*channel);
    SetState(*channel, ChannelState::kClosing, "the association is over");
    // Messages that wait for a paused channel are delivered first: they were acknowledged to the
    // sender.
    FinishIfDelivered(*channel);
  }
}

void ChannelMux::Impl::OnSctpIncomingStreamsReset(std::span<const StreamId> streams) {
  for (const StreamId stream : streams) {
    Channel* const channel = FindByStream(stream);
    if (channel == nullptr) {
      // The other end closed a negotiated channel that we never had: it waits for our half.
      if (!early_.Take(stream).empty()) Refuse(stream, "reset by the other end", true);
      continue;
    }
    if (channel->incoming_reset) continue;
    channel->incoming_reset = true;
    if (channel->state == ChannelState::kOpening) {
      channel->error = Error{Errc::kClosed, "the other end refused the channel"};
    }
    // The other end closed: send what waits, then reset our direction, too (RFC 8831 section 6.7).
    if (channel->state != ChannelState::kClosing) StartClosing(*channel, "reset by the other end");
    FinishIfReset(*channel);
  }
  RunEvents();
}

void ChannelMux::Impl::OnSctpOutgoingStreamsReset(std::span<const StreamId> streams) {
  for (const StreamId stream : streams) {
    Channel* const channel = FindByStream(stream);
    if (channel == nullptr) continue;
    if (std::exchange(channel->stream_busy, false)) {
      MakeReady(*channel);  // It was the previous channel's reset.
      continue;
    }
    channel->outgoing_reset = true;
    // RFC 6525 section 4.2: the other end may ask for our direction to be reset.
    if (channel->state != ChannelState::kClosing) {
      DropSendQueue(*channel);
      StartClosing(*channel, "reset at the other end's wish");
    }
    FinishIfReset(*channel);
  }
  Pump();
  RunEvents();
}

// --- Messages
// --------------------------------------------------------------------------------------

void ChannelMux::Impl::OnSctpMessage(StreamId stream, Ppid ppid, ByteSpan data) {
  if (!connected_) return;
  if (ppid == Ppid::kDcep) {
    HandleDcep(stream, data);
    Pump();
    RunEvents();
    return;
  }
  Channel* const channel = FindByStream(stream);
  if (channel == nullptr) {
    HandleEarly(stream, ppid, data);
  } else if (channel->state == ChannelState::kClosing) {
    // W3C: messages of a channel that is closing are discarded. After the other end's reset it is
    // the stream's next channel that they are for.
    if (channel->incoming_reset) HandleEarly(stream, ppid, data);
  } else {
    const ChannelId id = channel->id;
    // The other end answers the OPEN before it sends; an ACK that we did not see does not matter.
    if (channel->state == ChannelState::kOpening) MarkOpen(*channel);
    if (const auto kind = KindOf(ppid)) {
      Deliver(id, kind->is_empty ? ByteSpan{} : data, kind->is_text);
      return;
    }
    CloseForError(*channel, {Errc::kParseError, "message with an unknown PPID"});
  }
  RunEvents();
}

std::optional<ChannelMux::Impl::MessageKind> ChannelMux::Impl::KindOf(Ppid ppid) {
  switch (ppid) {
    case Ppid::kString:
      return MessageKind{.is_text = true, .is_empty = false};
    case Ppid::kBinary:
      return MessageKind{.is_text = false, .is_empty = false};
    case Ppid::kStringEmpty:
      return MessageKind{.is_text = true, .is_empty = true};
    case Ppid::kBinaryEmpty:
      return MessageKind{.is_text = false, .is_empty = true};
    case Ppid::kDcep:
      break;
  }
  return std::nullopt;
}

// --- Delivery
// --------------------------------------------------------------------------------------

void ChannelMux::Impl::Deliver(ChannelId id, ByteSpan data, bool is_text) {
  if (!RunEvents()) return;
  Channel* const channel = Find(id);
  if (channel == nullptr || !channel->visible) return;
  if (channel->paused || !channel->receive_queue.empty()) {
    channel->receive_queue.push_back({Bytes(data.begin(), data.end()), is_text});
    AddReceived(data.size());
    return;
  }
  CountReceived(*channel, data.size());
  const auto alive = safety_.Watch();
  events_.OnChannelMessage(id, data, is_text);
  if (*alive) RunEvents();
}

void ChannelMux::Impl::PauseReceiving(ChannelId id) {
  if (Channel* const channel = Find(id)) channel->paused = true;
}

void ChannelMux::Impl::ResumeReceiving(ChannelId id) {
  Channel* const channel = Find(id);
  if (channel == nullptr) return;
  channel->paused = false;
  if (!channel->receive_queue.empty()) QueueDelivery(*channel);
}

void ChannelMux::Impl::QueueDelivery(Channel& channel) {
  if (std::exchange(channel.delivery_queued, true)) return;
  Queue([this, id = channel.id] { DeliverQueued(id); });
}

void ChannelMux::Impl::DeliverQueued(ChannelId id) {
  Channel* channel = Find(id);
  if (channel == nullptr) return;
  channel->delivery_queued = false;
  const auto alive = safety_.Watch();
  while (!channel->paused && !channel->receive_queue.empty()) {
    const IncomingMessage message = std::move(channel->receive_queue.front());
    channel->receive_queue.pop_front();
    SubtractReceived(message.data.size());
    CountReceived(*channel, message.data.size());
    events_.OnChannelMessage(id, message.data, message.is_text);
    if (!*alive) return;
    channel = Find(id);
    if (channel == nullptr) return;
  }
  if (channel->state == ChannelState::kClosing) FinishIfDelivered(*channel);
}

void ChannelMux::Impl::CountReceived(Channel& channel, std::size_t bytes) {
  ++channel.messages_received;
  channel.bytes_received += bytes;
}

void ChannelMux::Impl::DropReceived(Channel& channel) {
  for (std::size_t i = 0; i < channel.receive_queue.size(); ++i) {
    SubtractReceived(channel.receive_queue[i].data.size());
  }
  channel.receive_queue.clear();
}

void ChannelMux::Impl::AddReceived(std::size_t bytes) {
  received_bytes_ += bytes + kReceivedMessageCost;
  if (association_paused_ || received_bytes_ <= options_.max_receive_buffer) return;
  association_paused_ = true;
  association_->PauseReceiving();
}

void ChannelMux::Impl::SubtractReceived(std::size_t bytes) {
  received_bytes_ -= bytes + kReceivedMessageCost;
  // Half, so that the window opens by a good piece and not by a message.
  if (!association_paused_ || received_bytes_ > options_.max_receive_buffer / 2) return;
  association_paused_ = false;
  association_->ResumeReceiving();
}

}  // namespace pairwire::sctp

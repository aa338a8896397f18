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
    if (channel == nullptr || channel->incoming_reset) continue;
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
    // OPEN comes first: channels are ordered until the ACK (RFC 8832 section 6).
    Refuse(stream, "data before OPEN");
  } else if (channel->state == ChannelState::kClosing) {
    // W3C: messages of a channel that is closing are discarded.
  } else {
    const ChannelId id = channel->id;
    // The other end answers the OPEN before it sends; an ACK that we did not see does not matter.
    if (channel->state == ChannelState::kOpening) MarkOpen(*channel);
    switch (ppid) {
      case Ppid::kString:
      case Ppid::kBinary:
        Deliver(id, data, ppid == Ppid::kString);
        return;
      case Ppid::kStringEmpty:
      case Ppid::kBinaryEmpty:
        Deliver(id, {}, ppid == Ppid::kStringEmpty);
        return;
      case Ppid::kDcep:
        return;
    }
    CloseForError(*channel, {Errc::kParseError, "message with an unknown PPID"});
  }
  RunEvents();
}

void ChannelMux::Impl::HandleDcep(StreamId stream, ByteSpan data) {
  const auto message = DecodeDcep(data);
  if (!message) {
    if (Channel* const channel = FindByStream(stream)) {
      if (channel->state != ChannelState::kClosing) CloseForError(*channel, message.error());
    } else {
      Refuse(stream, message.error().detail);
    }
  } else if (const auto* open = std::get_if<DcepOpen>(&*message)) {
    HandleOpen(stream, *open);
  } else {
    HandleAck(stream);
  }
}

void ChannelMux::Impl::HandleOpen(StreamId stream, const DcepOpen& open) {
  bool stream_busy = false;
  if (Channel* const old = FindByStream(stream)) {
    if (old->state != ChannelState::kClosing) {
      CloseForError(*old, {Errc::kParseError, "a second OPEN on the stream of an open channel"});
      return;
    }
    // Closing: this is the stream's next channel if both directions were reset. The other end knows
    // that our reset arrived, else it would not use the number again; we may still wait to hear of
    // it.
    const bool reset_both_ways = old->incoming_reset && old->reset_requested;
    if (!reset_both_ways || stream_ids_->IsOurs(stream)) return;
    stream_busy = !old->outgoing_reset;
    old->outgoing_reset = true;
    Detach(*old);
    FinishIfDelivered(*old);
  }
  if (closing_all_) return Refuse(stream, "closing");
  if (visible_channels_ >= options_.max_channels) return Refuse(stream, "too many channels");
  // Wrong parity, or 65535.
  if (!stream_ids_->Take(stream))
    return Refuse(stream, "OPEN on a stream number that is not theirs");
  Channel& channel = Add(ChannelState::kOpen, true);
  Attach(channel, stream);
  channel.announced = true;
  channel.paused = true;
  channel.stream_busy = stream_busy;
  Queue([this, id = channel.id, label = open.label, protocol = open.protocol] {
    events_.OnChannelIncoming(id, label, protocol);
  });
  Queue([this, id = channel.id] { AnnounceOpen(id); });
  Enqueue(channel, {Ppid::kDcep, EncodeDcepAck(), false});
}

void ChannelMux::Impl::HandleAck(StreamId stream) {
  Channel* const channel = FindByStream(stream);
  // A second ACK, or one for a channel that is closing, changes nothing.
  if (channel != nullptr && channel->state == ChannelState::kOpening) MarkOpen(*channel);
}

void ChannelMux::Impl::AnnounceOpen(ChannelId id) {
  // It may have been closed by the event before.
  const Channel* const channel = Find(id);
  if (channel != nullptr && channel->state == ChannelState::kOpen) events_.OnChannelOpen(id);
}

void ChannelMux::Impl::MarkOpen(Channel& channel) {
  SetState(channel, ChannelState::kOpen, "acknowledged");
  Queue([this, id = channel.id] { AnnounceOpen(id); });
}

void ChannelMux::Impl::Refuse(StreamId stream, std::string_view reason) {
  if (LogWanted(LogLevel::kInfo)) {
    Log(LogLevel::kInfo,
        "channels: stream " + std::to_string(ToInt(stream)) + " refused: " + std::string(reason));
  }
  // A stand-in until the other end has reset its direction: it swallows what comes, once. Not for
  // numbers that are ours to give: those we may need.
  if (stream_ids_->Take(stream)) {
    Channel& channel = Add(ChannelState::kClosing, false);
    channel.announced = true;
    Attach(channel, stream);
    RequestReset(channel);
  } else {
    (void)association_->ResetStreams({&stream, 1});
  }
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
    events_.OnChannelMessage(id, message.data, message.is_text);
    if (!*alive) return;
    channel = Find(id);
    if (channel == nullptr) return;
  }
  if (channel->state == ChannelState::kClosing) FinishIfDelivered(*channel);
}

void ChannelMux::Impl::DropReceived(Channel& channel) {
  for (const IncomingMessage& message : channel.receive_queue)
    SubtractReceived(message.data.size());
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

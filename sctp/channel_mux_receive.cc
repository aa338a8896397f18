// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The receiving half of the mux: messages, DCEP, stream resets and states from the association.
// Everything here comes from the other end, which is authenticated but not trusted.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "peer/base/log.h"
#include "sctp/channel_mux_impl.h"

namespace pairwire::sctp {
namespace {

// What a waiting message costs beside its bytes; so that a flood of tiny ones is bounded, too.
constexpr std::size_t kReceivedMessageCost = 64;

// Messages that Send took and that the association never had as a whole.
bool HasUnsent(const Channel& channel) {
  for (std::size_t i = 0; i < channel.send_queue.size(); ++i) {
    if (channel.send_queue[i].counts) return true;
  }
  return false;
}

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
    if (state == AssociationState::kClosed && !channel->error && HasUnsent(*channel)) {
      channel->error = Error{Errc::kClosed, "the other end closed before everything was sent"};
    }
    DropSendQueue(*channel);
    SetState(*channel, ChannelState::kClosing, "the association is over");
    // Messages that wait for a paused channel are delivered first: they were acknowledged to the
    // sender.
    FinishIfDelivered(*channel);
  }
}

void ChannelMux::Impl::OnSctpStalled(StallCause cause) {
  Queue([this, cause] { events_.OnMuxStalled(cause); });
  RunEvents();
}

void ChannelMux::Impl::OnSctpResumed() {
  Queue([this] { events_.OnMuxResumed(); });
  RunEvents();
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
    ReleaseParts(*channel);
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

void ChannelMux::Impl::OnSctpMessage(StreamId stream, Ppid ppid, bool ordered, ByteSpan data) {
  if (!connected_) return;
  if (ppid == Ppid::kDcep) {
    HandleDcep(stream, data);
    Pump();
    RunEvents();
    return;
  }
  Channel* const channel = FindByStream(stream);
  if (channel == nullptr) {
    HandleEarly(stream, ppid, ordered, data);
  } else if (channel->state == ChannelState::kClosing) {
    // W3C: messages of a channel that is closing are discarded. After the other end's reset it is
    // the stream's next channel that they are for.
    if (channel->incoming_reset) HandleEarly(stream, ppid, ordered, data);
  } else {
    const ChannelId id = channel->id;
    // The other end answers the OPEN before it sends; an ACK that we did not see does not matter.
    if (channel->state == ChannelState::kOpening) MarkOpen(*channel);
    if (const auto whole = Complete(*channel, ppid, ordered, data)) {
      Deliver(id, *whole);
      return;
    }
  }
  RunEvents();
}

std::optional<ChannelMux::Impl::Whole> ChannelMux::Impl::Complete(Channel& channel, Ppid ppid,
                                                                  bool ordered, ByteSpan data) {
  const auto kind = KindOf(ppid);
  if (!kind) {
    CloseForError(channel, {Errc::kParseError, "message with an unknown PPID"});
    return std::nullopt;
  }
  const bool is_part = kind->goes_on || (ordered && channel.joiner);
  if (!is_part) return Whole{kind->is_text, kind->is_empty ? ByteSpan() : data};
  // A stranger's parts of a channel that gives up might be those of two messages.
  const bool limited = channel.options.max_retransmits || channel.options.max_life_time;
  if (!ordered || (limited && !remote_is_ours_)) {
    CloseForError(channel, {Errc::kParseError, "a message in parts that may get lost"});
    return std::nullopt;
  }
  if (!channel.joiner) channel.joiner = std::make_unique<MessageJoiner>(parts_room_);
  switch (channel.joiner->Add(*kind, data)) {
    case MessageJoiner::Outcome::kGoesOn:
      break;
    case MessageJoiner::Outcome::kEnded: {
      GrowingBytes joined = channel.joiner->Take();
      channel.joiner.reset();
      return Whole{kind->is_text, {}, std::move(joined)};
    }
    case MessageJoiner::Outcome::kMalformed:
      CloseForError(channel, {Errc::kParseError, "another message inside one in parts"});
      break;
    case MessageJoiner::Outcome::kTooLarge:
      association_->Abort({Errc::kMessageTooLarge, "the other end sent a message of more than " +
                                                       std::to_string(options_.max_message_size) +
                                                       " bytes, in parts"});
      break;
    case MessageJoiner::Outcome::kTooMuch:
      association_->Abort(
          {Errc::kLimitExceeded, "the other end has begun too many messages at one time"});
      break;
  }
  return std::nullopt;
}

// --- Delivery
// --------------------------------------------------------------------------------------

void ChannelMux::Impl::Deliver(ChannelId id, const Whole& message) {
  if (!RunEvents()) return;
  Channel* const channel = Find(id);
  if (channel == nullptr || !channel->visible) return;
  if (channel->paused || !channel->receive_queue.empty()) {
    QueueReceived(*channel, message);
    return;
  }
  const ByteSpan data = message.view();
  CountReceived(*channel, data.size());
  const auto alive = safety_.Watch();
  events_.OnChannelMessage(id, data, message.is_text);
  if (*alive) RunEvents();
}

void ChannelMux::Impl::QueueReceived(Channel& channel, const Whole& message) {
  const ByteSpan data = message.view();
  channel.receive_queue.push_back({Bytes(data.begin(), data.end()), message.is_text});
  AddReceived(data.size());
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

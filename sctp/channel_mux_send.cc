// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The sending half of the mux: messages go straight to the association while it has room, else wait
// in their channel's queue, and the queues take turns, a message each.
#include <algorithm>
#include <vector>

#include "sctp/channel_mux_impl.h"

namespace pairwire::sctp {
namespace {

// Messages in all send queues. Many tiny ones would need far more memory than max_buffered_amount
// says.
constexpr std::size_t kMaxQueuedMessages = 65'536;

// RFC 8831 section 6.6: an empty message is one zero byte with a PPID of its own.
constexpr std::uint8_t kEmptyMessage[] = {0};

Ppid ToPpid(bool is_text, bool is_empty) {
  if (is_text) return is_empty ? Ppid::kStringEmpty : Ppid::kString;
  return is_empty ? Ppid::kBinaryEmpty : Ppid::kBinary;
}

}  // namespace

Result<void> ChannelMux::Impl::CheckCanSend(const Channel* channel, ByteSpan data) const {
  if (channel == nullptr || !channel->visible || channel->state == ChannelState::kClosing ||
      over_) {
    return Fail(Errc::kClosed, "the channel is closed or closing");
  }
  if (!connected_) return Fail(Errc::kInvalidState, "the connection is not up yet");
  if (remote_max_message_size_ != 0 && data.size() > remote_max_message_size_) {
    return Fail(Errc::kMessageTooLarge, "the other end takes messages of up to " +
                                            std::to_string(remote_max_message_size_) + " bytes");
  }
  if (data.size() > options_.max_buffered_amount ||
      total_buffered_ > options_.max_buffered_amount - data.size()) {
    return Fail(Errc::kBufferFull, std::to_string(total_buffered_) + " bytes are waiting");
  }
  if (queued_messages_ >= kMaxQueuedMessages) {
    return Fail(Errc::kBufferFull, std::to_string(queued_messages_) + " messages are waiting");
  }
  return {};
}

Result<void> ChannelMux::Impl::Send(ChannelId id, ByteSpan data, bool is_text) {
  Channel* const channel = Find(id);
  if (auto can_send = CheckCanSend(channel, data); !can_send) return can_send;
  const Ppid ppid = ToPpid(is_text, data.empty());
  const ByteSpan wire = data.empty() ? ByteSpan(kEmptyMessage) : data;
  // Straight through when nobody waits: no copy, no queue.
  if (!blocked_ && ready_.empty() && channel->send_queue.empty() && !channel->stream_busy) {
    const auto sent = association_->Send(*channel->stream, ppid, wire);
    if (sent) {
      AddInFlight(*channel, wire.size(), true);
      SetBuffered(*channel, channel->buffered + wire.size());
      return {};
    }
    if (sent.error().code != Errc::kBufferFull) return sent;
    blocked_ = true;
  }
  Enqueue(*channel, {ppid, Bytes(wire.begin(), wire.end()), true});
  SetBuffered(*channel, channel->buffered + wire.size());
  Pump();
  return {};
}

void ChannelMux::Impl::Enqueue(Channel& channel, OutgoingMessage message) {
  channel.send_queue.push_back(std::move(message));
  ++queued_messages_;
  MakeReady(channel);
}

void ChannelMux::Impl::MakeReady(Channel& channel) {
  if (channel.in_ready_list || channel.stream_busy || channel.send_queue.empty()) return;
  channel.in_ready_list = true;
  ready_.push_back(channel.id);
}

void ChannelMux::Impl::Pump() {
  if (!connected_ || blocked_) return;
  std::size_t waiting_for_streams = 0;
  while (ready_.size() > waiting_for_streams) {
    const ChannelId id = ready_.front();
    Channel* const channel = Find(id);
    if (channel == nullptr || channel->send_queue.empty()) {
      ready_.pop_front();
      if (channel != nullptr) channel->in_ready_list = false;
      continue;
    }
    bool waits_for_stream = false;
    if (!PumpOne(*channel, waits_for_stream)) {
      blocked_ = true;
      return;
    }
    // To the back, so that each channel has its turn. PumpOne may have ended the channel.
    ready_.pop_front();
    ready_.push_back(id);
    waiting_for_streams = waits_for_stream ? waiting_for_streams + 1 : 0;
  }
}

bool ChannelMux::Impl::PumpOne(Channel& channel, bool& waits_for_stream) {
  OutgoingMessage& message = channel.send_queue.front();
  const auto sent = association_->Send(*channel.stream, message.ppid, message.data);
  if (!sent && sent.error().code == Errc::kBufferFull) {
    // Either there is no room, for nobody, or the table of streams has to grow, which blocks nobody
    // else.
    waits_for_stream = ToInt(*channel.stream) >= association_->stream_count();
    return waits_for_stream;
  }
  if (!sent) {
    channel.error = sent.error();
    if (channel.announced) {
      CloseForError(channel, sent.error());
    } else {
      Finish(channel);
    }
    return true;
  }
  AddInFlight(channel, message.data.size(), message.counts);
  channel.announced = true;  // The first message of ours is the OPEN.
  channel.send_queue.pop_front();
  --queued_messages_;
  if (channel.send_queue.empty() && channel.state == ChannelState::kClosing) RequestReset(channel);
  return true;
}

void ChannelMux::Impl::AddInFlight(const Channel& channel, std::size_t bytes, bool counts) {
  in_flight_bytes_ += bytes;
  if (!in_flight_.empty() && in_flight_.back().id == channel.id &&
      in_flight_.back().counts == counts) {
    in_flight_.back().bytes += bytes;
  } else {
    in_flight_.push_back({channel.id, bytes, counts});
  }
}

void ChannelMux::Impl::DropSendQueue(Channel& channel) {
  std::size_t dropped = 0;
  for (const OutgoingMessage& message : channel.send_queue) {
    if (message.counts) dropped += message.data.size();
  }
  queued_messages_ -= channel.send_queue.size();
  channel.send_queue.clear();
  SetBuffered(channel, channel.buffered - dropped);
}

void ChannelMux::Impl::SetBuffered(Channel& channel, std::size_t bytes) {
  if (bytes == channel.buffered) return;
  total_buffered_ = total_buffered_ - channel.buffered + bytes;
  channel.buffered = bytes;
  if (channel.visible) events_.OnChannelBufferedAmount(channel.id, bytes);
}

void ChannelMux::Impl::OnSctpAcknowledged(std::size_t unacknowledged_bytes) {
  // The association says how much, not whose: the oldest bytes count first. Over all channels the
  // sum is exact, and each channel is at 0 when everything is acknowledged.
  std::size_t acknowledged = in_flight_bytes_ - std::min(in_flight_bytes_, unacknowledged_bytes);
  std::map<ChannelId, std::size_t> by_channel;
  in_flight_bytes_ -= acknowledged;
  while (acknowledged > 0) {
    InFlight& oldest = in_flight_.front();
    const std::size_t part = std::min(acknowledged, oldest.bytes);
    if (oldest.counts) by_channel[oldest.id] += part;
    acknowledged -= part;
    oldest.bytes -= part;
    if (oldest.bytes == 0) in_flight_.pop_front();
  }
  for (const auto& [id, bytes] : by_channel) {
    Channel* const channel = Find(id);
    if (channel != nullptr)
      SetBuffered(*channel, channel->buffered - std::min(channel->buffered, bytes));
  }
  blocked_ = false;
  Pump();
  RunEvents();
}

}  // namespace pairwire::sctp

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The sending half of the mux: messages go straight to the association while it has room, else wait
// in their channel's queue, and the queues take turns, a message each.
#include <algorithm>
#include <chrono>
#include <vector>

#include "sctp/channel_mux_impl.h"

namespace pairwire::sctp {
namespace {

// Messages in all send queues. Many tiny ones would need far more memory than max_buffered_amount
// says.
constexpr std::size_t kMaxQueuedMessages = 65'536;

// usrsctp sends everything once, however old it is. So while nothing is acknowledged for so long,
// messages with a life time wait here, where they can still be dropped.
constexpr std::chrono::milliseconds kStalled{1'000};

// Messages that expire within so long of each other are dropped together.
constexpr std::chrono::milliseconds kExpiryGrain{10};

// RFC 8831 section 6.6: an empty message is one zero byte with a PPID of its own.
constexpr std::uint8_t kEmptyMessage[] = {0};

Ppid ToPpid(bool is_text, bool is_empty) {
  if (is_text) return is_empty ? Ppid::kStringEmpty : Ppid::kString;
  return is_empty ? Ppid::kBinaryEmpty : Ppid::kBinary;
}

// What the user sent; an empty message has a byte on the wire.
std::size_t SizeOf(const OutgoingMessage& message) {
  const bool is_empty = message.ppid == Ppid::kStringEmpty || message.ppid == Ppid::kBinaryEmpty;
  return is_empty ? 0 : message.data.size();
}

}  // namespace

Result<void> ChannelMux::Impl::CheckMessageSize(std::size_t size) const {
  if (remote_max_message_size_ == 0 || size <= remote_max_message_size_) return {};
  return Fail(Errc::kMessageTooLarge, "the other end takes messages of up to " +
                                          std::to_string(remote_max_message_size_) + " bytes");
}

Result<void> ChannelMux::Impl::CheckCanSend(const Channel* channel, ByteSpan data) const {
  if (channel == nullptr || !channel->visible || channel->state == ChannelState::kClosing ||
      over_) {
    return Fail(Errc::kClosed, "the channel is closed or closing");
  }
  if (!connected_) return Fail(Errc::kInvalidState, "the connection is not up yet");
  if (auto fits = CheckMessageSize(data.size()); !fits) return fits;
  if (data.size() > options_.max_buffered_amount ||
      total_buffered_ > options_.max_buffered_amount - data.size()) {
    return Fail(Errc::kBufferFull, std::to_string(total_buffered_) + " bytes are waiting");
  }
  if (queued_messages_ >= kMaxQueuedMessages) {
    return Fail(Errc::kBufferFull, std::to_string(queued_messages_) + " messages are waiting");
  }
  return {};
}

Delivery ChannelMux::Impl::DeliveryOf(const Channel& channel,
                                      const OutgoingMessage* message) const {
  if (message != nullptr && !message->counts) return {};  // DCEP: RFC 8832 section 6
  Delivery delivery = channel.options.delivery();
  // RFC 8832 section 6: in order until the other end has answered, so that nothing overtakes OPEN.
  if (!channel.settled) delivery.ordered = true;
  if (message != nullptr && message->expires) {
    delivery.max_life_time =
        std::max(std::chrono::milliseconds(0),
                 std::chrono::ceil<std::chrono::milliseconds>(*message->expires - loop_.Now()));
  }
  return delivery;
}

bool ChannelMux::Impl::MayGo(const Channel& channel) const {
  return !channel.options.max_life_time || in_flight_bytes_ == 0 ||
         loop_.Now() - last_progress_ < kStalled;
}

Result<void> ChannelMux::Impl::Send(ChannelId id, ByteSpan data, bool is_text) {
  Channel* const channel = Find(id);
  if (auto can_send = CheckCanSend(channel, data); !can_send) return can_send;
  const Ppid ppid = ToPpid(is_text, data.empty());
  const ByteSpan wire = data.empty() ? ByteSpan(kEmptyMessage) : data;
  // Straight through when nobody waits: no copy, no queue.
  if (!blocked_ && ready_.empty() && channel->send_queue.empty() && !channel->stream_busy &&
      MayGo(*channel)) {
    const auto sent =
        association_->Send(*channel->stream, ppid, wire, DeliveryOf(*channel, nullptr));
    if (sent) {
      AddInFlight(*channel, wire.size(), true);
      CountSent(*channel, data.size());
      SetBuffered(*channel, channel->buffered + wire.size());
      return {};
    }
    if (sent.error().code != Errc::kBufferFull) return sent;
    blocked_ = true;
  }
  OutgoingMessage message{.ppid = ppid, .data = Bytes(wire.begin(), wire.end())};
  if (channel->options.max_life_time) {
    message.expires = loop_.Now() + *channel->options.max_life_time;
    if (!expiry_timer_.active()) expiry_timer_.StartAt(*message.expires + kExpiryGrain);
  }
  Enqueue(*channel, std::move(message));
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
  std::size_t waiting = 0;
  while (ready_.size() > waiting) {
    const ChannelId id = ready_.front();
    Channel* const channel = Find(id);
    if (channel != nullptr) DropExpired(*channel);
    if (channel == nullptr || channel->send_queue.empty()) {
      ready_.pop_front();
      if (channel != nullptr) channel->in_ready_list = false;
      continue;
    }
    bool waits = false;
    if (!PumpOne(*channel, waits)) {
      blocked_ = true;
      return;
    }
    // To the back, so that each channel has its turn. PumpOne may have ended the channel.
    ready_.pop_front();
    ready_.push_back(id);
    waiting = waits ? waiting + 1 : 0;
  }
}

bool ChannelMux::Impl::PumpOne(Channel& channel, bool& waits) {
  OutgoingMessage& message = channel.send_queue.front();
  if (!MayGo(channel)) return waits = true;
  // An OPEN may have been queued before the other end's limit was known.
  auto sent = CheckMessageSize(message.data.size());
  if (sent) {
    sent = association_->Send(*channel.stream, message.ppid, message.data,
                              DeliveryOf(channel, &message));
  }
  if (!sent && sent.error().code == Errc::kBufferFull) {
    // Either there is no room, for nobody, or the table of streams has to grow, which blocks nobody
    // else.
    waits = ToInt(*channel.stream) >= association_->stream_count();
    return waits;
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
  if (message.counts) CountSent(channel, SizeOf(message));
  channel.send_queue.pop_front();
  --queued_messages_;
  if (channel.send_queue.empty() && channel.state == ChannelState::kClosing) RequestReset(channel);
  return true;
}

void ChannelMux::Impl::DropExpired(Channel& channel) {
  const auto now = loop_.Now();
  const std::size_t before = channel.send_queue.size();
  // All messages of a channel live equally long: the first expires first.
  while (!channel.send_queue.empty() && channel.send_queue.front().expires &&
         *channel.send_queue.front().expires < now) {
    const std::size_t size = channel.send_queue.front().data.size();
    channel.send_queue.pop_front();
    --queued_messages_;
    ++channel.messages_expired;
    SetBuffered(channel, channel.buffered - size);
  }
  if (before == channel.send_queue.size() || !channel.send_queue.empty()) return;
  if (channel.state == ChannelState::kClosing) RequestReset(channel);
}

void ChannelMux::Impl::OnExpiryTimeout() {
  std::optional<Loop::TimePoint> next;
  for (const auto& [id, channel] : channels_) {
    if (!channel->options.max_life_time) continue;
    DropExpired(*channel);
    if (channel->send_queue.empty()) continue;
    // Behind an OPEN that waits, the messages expire when it is gone.
    const auto expires = channel->send_queue.front().expires.value_or(loop_.Now());
    if (!next || expires < *next) next = expires;
  }
  if (next) expiry_timer_.StartAt(std::max(*next, loop_.Now()) + kExpiryGrain);
  RunEvents();
}

void ChannelMux::Impl::CountSent(Channel& channel, std::size_t bytes) {
  ++channel.messages_sent;
  channel.bytes_sent += bytes;
}

void ChannelMux::Impl::AddInFlight(const Channel& channel, std::size_t bytes, bool counts) {
  if (in_flight_bytes_ == 0) last_progress_ = loop_.Now();
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
  if (acknowledged > 0) last_progress_ = loop_.Now();
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

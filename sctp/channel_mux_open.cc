// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How channels come to be: ours, the other end's (DCEP, RFC 8832), negotiated ones, and what comes
// on a stream before its channel.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "peer/base/check.h"
#include "peer/base/log.h"
#include "sctp/channel_mux_impl.h"

namespace pairwire::sctp {
namespace {

// Stream numbers of one parity without 65535 (RFC 8832 section 6).
constexpr std::size_t kMaxOwnChannels = 32'767;

}  // namespace

Result<void> ChannelMux::Impl::Start(const AssociationFactory& make, bool dtls_client,
                                     std::size_t remote_max_message_size, bool remote_is_ours) {
  PAIRWIRE_CHECK(loop_.IsCurrent());
  if (association_ || over_) return Fail(Errc::kInvalidState, "started or closed before");
  remote_max_message_size_ = remote_max_message_size;
  remote_is_ours_ = remote_is_ours;
  large_parts_ = PartsBudget(remote_max_message_size);
  stream_ids_.emplace(dtls_client);
  // Negotiated numbers first: the others take what is left.
  std::uint32_t streams = 0;
  for (const auto& [number, channel] : by_stream_) {
    stream_ids_->Reserve(StreamId{number});
    streams = std::max<std::uint32_t>(streams, number + 1U);
  }
  for (auto& [id, channel] : channels_) {
    if (channel->stream) continue;
    const auto stream = stream_ids_->Allocate();
    PAIRWIRE_CHECK(stream);  // Open keeps to max_channels.
    Attach(*channel, *stream);
    streams = std::max<std::uint32_t>(streams, ToInt(*stream) + 1U);
  }
  association_ = make(*this);
  auto connected = association_->Connect(static_cast<std::uint16_t>(streams));
  if (!connected) {
    over_ = true;
    association_.reset();
  }
  return connected;
}

// --- Ours
// ----------------------------------------------------------------------------------------

Result<ChannelId> ChannelMux::Impl::Open(const ChannelOptions& options) {
  if (over_ || closing_all_) return Fail(Errc::kClosed, "the connection is closed or closing");
  if (auto valid = CheckChannelOptions(options); !valid) return tl::unexpected(valid.error());
  if (visible_channels_ >= std::min(options_.max_channels, kMaxOwnChannels)) {
    return Fail(Errc::kLimitExceeded,
                std::to_string(visible_channels_) + " channels are open already");
  }
  return options.negotiated ? OpenNegotiated(options) : OpenInBand(options);
}

Result<ChannelId> ChannelMux::Impl::OpenInBand(const ChannelOptions& options) {
  auto message = EncodeDcepOpen(ToDcepOpen(options));
  if (!message) return tl::unexpected(message.error());
  if (auto fits = CheckMessageSize(message->size()); !fits) return tl::unexpected(fits.error());
  std::optional<StreamId> stream;
  if (stream_ids_) {
    stream = stream_ids_->Allocate();
    if (!stream) return Fail(Errc::kLimitExceeded, "all stream numbers are in use");
  }
  Channel& channel = Add(ChannelState::kOpening, true);
  const ChannelId id = channel.id;
  channel.options = options;
  if (stream) Attach(channel, *stream);
  Enqueue(channel, {.ppid = Ppid::kDcep, .data = Payload(std::move(*message)), .counts = false});
  Pump();
  return id;
}

Result<ChannelId> ChannelMux::Impl::OpenNegotiated(const ChannelOptions& options) {
  const StreamId stream{*options.id};
  if (by_stream_.contains(ToInt(stream))) {
    return Fail(Errc::kInvalidState, "id " + std::to_string(*options.id) + " is in use");
  }
  if (stream_ids_) stream_ids_->Reserve(stream);
  Channel& channel = Add(ChannelState::kOpening, true);
  channel.options = options;
  Attach(channel, stream);
  if (connected_) OpenWithoutAsking(channel);
  return channel.id;
}

void ChannelMux::Impl::OpenWithoutAsking(Channel& channel) {
  channel.announced = true;  // The other end may know it.
  channel.settled = true;
  SetState(channel, ChannelState::kOpen, "negotiated");
  Queue([this, id = channel.id] { AnnounceOpen(id); });
  DeliverEarly(channel);
}

void ChannelMux::Impl::OpenAllNegotiated() {
  for (const auto& [id, channel] : channels_) {
    if (channel->options.negotiated && channel->state == ChannelState::kOpening) {
      OpenWithoutAsking(*channel);
    }
  }
}

// --- The other end's
// ---------------------------------------------------------------------------------------

void ChannelMux::Impl::HandleDcep(StreamId stream, ByteSpan data) {
  const auto message = DecodeDcep(data, options_.max_incoming_label);
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
      CloseForError(*old, {Errc::kParseError, "an OPEN on the stream of an open channel"});
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
  if (!TakeOpenTurn()) return Refuse(stream, "too many OPENs in a short time");
  // Wrong parity, or 65535.
  if (!stream_ids_->Take(stream))
    return Refuse(stream, "OPEN on a stream number that is not theirs");
  Channel& channel = Add(ChannelState::kOpen, true);
  Attach(channel, stream);
  channel.options = FromDcepOpen(open, stream);
  channel.announced = true;
  channel.settled = true;
  channel.paused = true;
  channel.stream_busy = stream_busy;
  Queue([this, id = channel.id, options = channel.options] {
    events_.OnChannelIncoming(id, options);
  });
  Queue([this, id = channel.id] { AnnounceOpen(id); });
  Enqueue(channel, {.ppid = Ppid::kDcep, .data = Payload(EncodeDcepAck()), .counts = false});
  // Ends that send unordered at once have their messages overtake the OPEN.
  DeliverEarly(channel);
}

// A leaky bucket: `opens_due_` runs ahead of the clock by one interval for each OPEN, and by no
// more than max_channels of them.
bool ChannelMux::Impl::TakeOpenTurn() {
  const auto rate =
      static_cast<std::int64_t>(std::max<std::size_t>(options_.max_opens_per_second, 1));
  const Loop::Duration interval = Loop::Duration(std::chrono::seconds(1)) / rate;
  const auto now = loop_.Now();
  const auto due = std::max(opens_due_, now) + interval;
  if (due - now > interval * static_cast<std::int64_t>(options_.max_channels)) return false;
  opens_due_ = due;
  return true;
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
  channel.settled = true;
  SetState(channel, ChannelState::kOpen, "acknowledged");
  Queue([this, id = channel.id] { AnnounceOpen(id); });
}

void ChannelMux::Impl::Refuse(StreamId stream, std::string_view reason, bool already_reset) {
  if (LogWanted(LogLevel::kInfo)) {
    Log(LogLevel::kInfo,
        "channels: stream " + std::to_string(ToInt(stream)) + " refused: " + std::string(reason));
  }
  early_.Take(stream);
  // A stand-in until the other end has reset its direction: it swallows what comes, once. Not for
  // numbers that are ours to give: those we may need.
  if (stream_ids_->Take(stream)) {
    Channel& channel = Add(ChannelState::kClosing, false);
    channel.announced = true;
    channel.incoming_reset = already_reset;
    Attach(channel, stream);
    RequestReset(channel);
  } else {
    (void)association_->ResetStreams({&stream, 1});
  }
}

// --- Before the channel
// ------------------------------------------------------------------------------------

void ChannelMux::Impl::HandleEarly(StreamId stream, Ppid ppid, bool ordered, ByteSpan data) {
  if (!early_.Add(stream, ppid, ordered, data, loop_.Now())) {
    // For the stream's next channel, while its last one is still closing here: that one waits for
    // our own reset, and nobody may be told no for it.
    if (FindByStream(stream) == nullptr) Refuse(stream, "data without a channel");
    return;
  }
  if (!early_timer_.active()) early_timer_.Start(kEarlyMessageTimeout);
}

void ChannelMux::Impl::OnEarlyTimeout() {
  while (const auto stream = early_.FindOld(loop_.Now() - kEarlyMessageTimeout)) {
    if (FindByStream(*stream) == nullptr) {
      Refuse(*stream, "data without a channel");
    } else {
      early_.Take(*stream);
    }
  }
  if (const auto oldest = early_.Oldest()) early_timer_.StartAt(*oldest + kEarlyMessageTimeout);
  RunEvents();
}

void ChannelMux::Impl::DeliverEarly(Channel& channel) {
  auto messages = early_.Take(*channel.stream);
  if (messages.empty()) return;
  for (auto& message : messages) {
    const auto whole = Complete(channel, message.ppid, message.ordered, message.data);
    if (channel.state == ChannelState::kClosing) break;
    if (whole) QueueReceived(channel, *whole);
  }
  if (!channel.receive_queue.empty()) QueueDelivery(channel);
}

}  // namespace pairwire::sctp

// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The sending half of the mux: messages go straight to the association while it has use for them,
// else wait in their channel's queue, and the queues share what it takes by their priorities
// (send_scheduler.h). Little is handed over ahead of what the path takes, because that order can
// not be changed any more. Large messages go piece by piece; with RFC 8260 the pieces of several
// are mixed, without it each must end before anything else goes, unless the other end is ours: then
// they are messages of their own (message_parts.h).
#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "sctp/channel_mux_impl.h"

namespace pairwire::sctp {
namespace {

// Up to this size a message is handed over whole: 64 KiB are 1 ms of 500 Mbit/s. And 1 KiB more, so
// that a header before 64 KiB, as sessions have one, does not double the number of SCTP messages
// and have the other end put them together.
constexpr std::size_t kLargestWhole = 65 * 1024;
// The others in pieces, or parts, of this size. Beside parts of twice the size small messages wait
// a quarter longer (ChannelMuxInterleavingTest); smaller parts cost more processor time a byte
// (bench/micro/channel_bench.cc).
constexpr std::size_t kPiece = 32 * 1024;
// The last part may have more, as a short one costs as much as a long one.
constexpr std::size_t kLargestLastPart = 48 * 1024;

// With RFC 8260. usrsctp must not begin to deliver such a message in parts
// (usrsctp_association.cc), nor can it be made an ordered one: usrsctp mixes up the numbers of both
// when it gives up.
constexpr std::size_t kLargestUnorderedLimited = 256 * 1024;

// With RFC 8260 messages up to the first size are mixed with each other, up to the second in all;
// of larger ones one is under way at a time. So the other end needs little to keep unfinished ones,
// and reads only one message in parts: usrsctp 0.9.5 counts such reads in eight bits, and loses
// sight of a message at the 256th while another is before it.
constexpr std::size_t kLargestMixed = 256 * 1024;
constexpr std::size_t kAllMixed = 1024 * 1024;

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

bool IsEmpty(Ppid ppid) { return ppid == Ppid::kStringEmpty || ppid == Ppid::kBinaryEmpty; }

}  // namespace

Result<void> ChannelMux::Impl::CheckMessageSize(std::size_t size) const {
  if (remote_max_message_size_ == 0 || size <= remote_max_message_size_) return {};
  return Fail(Errc::kMessageTooLarge, "the other end takes messages of up to " +
                                          std::to_string(remote_max_message_size_) + " bytes");
}

Result<void> ChannelMux::Impl::CheckCanSend(const Channel* channel, std::size_t size) const {
  if (channel == nullptr || !channel->visible || channel->state == ChannelState::kClosing ||
      over_) {
    return Fail(Errc::kClosed, "the channel is closed or closing");
  }
  if (!connected_) return Fail(Errc::kInvalidState, "the connection is not up yet");
  if (auto fits = CheckMessageSize(size); !fits) return fits;
  const auto& how = channel->options;
  if (size > kLargestUnorderedLimited && !how.ordered &&
      (how.max_retransmits || how.max_life_time) && association_->interleaves()) {
    return Fail(Errc::kMessageTooLarge, "unordered messages with a limit may have " +
                                            std::to_string(kLargestUnorderedLimited) + " bytes");
  }
  if (size > options_.max_buffered_amount) {
    return Fail(Errc::kMessageTooLarge,
                "max_buffered_amount is " + std::to_string(options_.max_buffered_amount));
  }
  if (total_buffered_ > options_.max_buffered_amount - size) {
    return Fail(Errc::kBufferFull, std::to_string(total_buffered_) + " bytes are waiting");
  }
  if (queued_messages_ >= options_.max_queued_messages) {
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

bool ChannelMux::Impl::HasRoom() const {
  return in_flight_bytes_ + in_flight_overhead_ < association_->useful_backlog();
}

Result<void> ChannelMux::Impl::Send(ChannelId id, ByteSpan data, bool is_text) {
  Channel* const channel = Find(id);
  if (auto can_send = CheckCanSend(channel, data.size()); !can_send) return can_send;
  if (auto sent = SendStraight(*channel, data, is_text)) return *sent;
  Wait(*channel, Payload(Bytes(data.begin(), data.end())), is_text);
  return {};
}

Result<void> ChannelMux::Impl::SendOwned(ChannelId id, Payload& data, bool is_text) {
  Channel* const channel = Find(id);
  if (auto can_send = CheckCanSend(channel, data.size()); !can_send) return can_send;
  if (auto sent = SendStraight(*channel, data.view(), is_text)) return *sent;
  Wait(*channel, std::move(data), is_text);
  return {};
}

std::optional<Result<void>> ChannelMux::Impl::SendStraight(Channel& channel, ByteSpan data,
                                                           bool is_text) {
  if (blocked_ || !scheduler_.empty() || channel.stream_busy || data.size() > kLargestWhole ||
      !HasRoom() || !MayGo(channel)) {
    return std::nullopt;
  }
  const ByteSpan wire = data.empty() ? ByteSpan(kEmptyMessage) : data;
  auto sent = association_->Send(*channel.stream, ToPpid(is_text, data.empty()), wire,
                                 DeliveryOf(channel, nullptr));
  if (!sent && sent.error().code == Errc::kBufferFull) return std::nullopt;
  if (!sent) return sent;
  AddInFlight(channel, wire.size(), true);
  CountSent(channel, data.size());
  SetBuffered(channel, channel.buffered + wire.size());
  return sent;
}

void ChannelMux::Impl::Wait(Channel& channel, Payload data, bool is_text) {
  OutgoingMessage message{.ppid = ToPpid(is_text, data.size() == 0), .data = std::move(data)};
  if (message.data.size() == 0) message.data = Payload(Bytes(1));
  if (channel.options.max_life_time) {
    message.expires = loop_.Now() + *channel.options.max_life_time;
    if (!expiry_timer_.active()) expiry_timer_.StartAt(*message.expires + kExpiryGrain);
  }
  const std::size_t size = message.data.size();
  Enqueue(channel, std::move(message));
  SetBuffered(channel, channel.buffered + size);
  Pump();
}

void ChannelMux::Impl::Enqueue(Channel& channel, OutgoingMessage message) {
  channel.send_queue.push_back(std::move(message));
  ++queued_messages_;
  MakeReady(channel);
}

void ChannelMux::Impl::MakeReady(Channel& channel) {
  if (channel.in_ready_list || channel.stream_busy || channel.send_queue.empty()) return;
  channel.in_ready_list = true;
  scheduler_.Add(channel.id, channel.options.priority);
}

void ChannelMux::Impl::Pump() {
  if (!connected_ || blocked_) return;
  std::size_t waiting = 0;  // one after the other, without one that could send
  while (HasRoom() && waiting < scheduler_.size()) {
    Channel* const channel = Find(*scheduler_.Front());
    if (channel == nullptr) {
      scheduler_.Drop();
      continue;
    }
    DropExpired(*channel);
    if (channel->send_queue.empty()) {
      if (scheduler_.Retire()) {
        channel->in_ready_list = false;
      } else {
        ++waiting;
      }
      continue;
    }
    const Progress progress = PumpOne(*channel);
    switch (progress.step) {
      case Step::kSent:
        waiting = 0;
        scheduler_.Charge(progress.bytes, progress.must_go_on);
        break;
      case Step::kWaits:
        ++waiting;
        scheduler_.Defer();
        break;
      case Step::kFull:
        blocked_ = true;
        return;
      case Step::kEnded:  // the channel may be gone
        scheduler_.Drop();
        break;
    }
  }
  FeedBegun();
}

// Whatever the backlog is: see Association::stands_still.
void ChannelMux::Impl::FeedBegun() {
  if (begun_.empty() || !association_->stands_still()) return;
  for (const ChannelId id : std::vector<ChannelId>(begun_)) {
    Channel* const channel = Find(id);
    if (channel == nullptr) continue;
    if (PumpOne(*channel).step == Step::kFull) return;
    if (!association_->stands_still()) return;
  }
}

bool ChannelMux::Impl::MayBegin(const OutgoingMessage& message) const {
  if (!association_->interleaves()) return true;  // it is the only one anyhow
  const std::size_t size = message.data.size();
  return size > kLargestMixed ? !large_begun_ : begun_bytes_ + size <= kAllMixed;
}

void ChannelMux::Impl::Begin(const Channel& channel, const OutgoingMessage& message) {
  begun_.push_back(channel.id);
  if (message.data.size() > kLargestMixed) {
    large_begun_ = true;
  } else {
    begun_bytes_ += message.data.size();
  }
}

void ChannelMux::Impl::End(const Channel& channel, const OutgoingMessage& message) {
  std::erase(begun_, channel.id);
  if (message.data.size() > kLargestMixed) {
    large_begun_ = false;
  } else {
    begun_bytes_ -= message.data.size();
  }
}

ChannelMux::Impl::Progress ChannelMux::Impl::PumpOne(Channel& channel) {
  OutgoingMessage& message = channel.send_queue.front();
  const std::size_t size = message.data.size();
  const Carriage carriage = CarriageOf(channel, message);
  if (message.begun == 0 && !MayGo(channel)) return {Step::kWaits};
  Result<std::size_t> sent;
  // An OPEN may have been queued before the other end's limit was known.
  if (auto fits = CheckMessageSize(size); !fits) {
    sent = tl::unexpected(fits.error());
  } else if (message.begun == 0 && carriage == Carriage::kPieces && !MayBegin(message)) {
    return {Step::kWaits};
  } else if (message.begun == 0 && carriage == Carriage::kParts &&
             !BudgetOf(message).MayBegin(channel.id, size)) {
    return {Step::kWaits};
  } else {
    sent = HandOver(channel, message, carriage);
  }
  if (!sent && sent.error().code == Errc::kBufferFull) {
    // Either there is no room, for nobody, or the table of streams has to grow, which does not hold
    // up an SCTP message that has begun.
    const bool in_middle = message.begun != 0 && carriage == Carriage::kPieces;
    const bool streams = ToInt(*channel.stream) >= association_->stream_count() ||
                         (association_->adding_streams() && !in_middle);
    return {streams ? Step::kWaits : Step::kFull};
  }
  if (!sent) {
    channel.in_ready_list = false;
    channel.error = sent.error();
    if (channel.announced) {
      CloseForError(channel, sent.error());
    } else {
      Finish(channel);
    }
    return {Step::kEnded};
  }
  channel.announced = true;  // The first message of ours is the OPEN.
  AddInFlight(channel, *sent, message.counts);
  if (carriage == Carriage::kPieces && message.begun == 0) Begin(channel, message);
  if (carriage == Carriage::kParts) {
    if (message.begun == 0) BudgetOf(message).Begin(channel.id, size);
    message.in_parts = true;
    channel.parts_end = channel.handed_over;
  }
  message.begun += *sent;
  if (message.begun < size) {
    return {Step::kSent, *sent, carriage == Carriage::kPieces && !association_->interleaves()};
  }
  if (carriage == Carriage::kPieces) End(channel, message);
  FinishMessage(channel);
  return {Step::kSent, *sent};
}

ChannelMux::Impl::Carriage ChannelMux::Impl::CarriageOf(const Channel& channel,
                                                        const OutgoingMessage& message) const {
  if (message.data.size() <= kLargestWhole) return Carriage::kWhole;
  // Parts of a message that is given up would be put together with those of the next one.
  const auto& how = channel.options;
  const bool reliable = message.counts && !how.max_retransmits && !how.max_life_time;
  return reliable && remote_is_ours_ && !association_->interleaves() ? Carriage::kParts
                                                                     : Carriage::kPieces;
}

Result<std::size_t> ChannelMux::Impl::HandOver(const Channel& channel,
                                               const OutgoingMessage& message, Carriage carriage) {
  const StreamId stream = *channel.stream;
  const ByteSpan rest = message.data.view().subspan(message.begun);
  if (carriage == Carriage::kPieces) {
    const ByteSpan piece = rest.first(std::min(rest.size(), kPiece));
    return association_->SendPiece(stream, message.ppid, piece, piece.size() == rest.size(),
                                   DeliveryOf(channel, &message));
  }
  ByteSpan part = rest;
  Ppid ppid = message.ppid;
  Delivery delivery = DeliveryOf(channel, &message);
  if (carriage == Carriage::kParts) {
    delivery = {};  // in order, whatever the channel is
    if (rest.size() > kLargestLastPart) {
      part = rest.first(association_->FullPackets(kPiece));
      ppid = PartialPpid(ppid);
    }
  }
  if (auto taken = association_->Send(stream, ppid, part, delivery); !taken) {
    return tl::unexpected(taken.error());
  }
  return part.size();
}

PartsBudget& ChannelMux::Impl::BudgetOf(const OutgoingMessage& message) {
  return message.data.size() > kSideBySide ? large_parts_ : small_parts_;
}

void ChannelMux::Impl::FinishMessage(Channel& channel) {
  const OutgoingMessage& message = channel.send_queue.front();
  if (message.counts) CountSent(channel, IsEmpty(message.ppid) ? 0 : message.data.size());
  channel.send_queue.pop_front();
  --queued_messages_;
  if (channel.send_queue.empty() && channel.state == ChannelState::kClosing) RequestReset(channel);
}

void ChannelMux::Impl::DropExpired(Channel& channel) {
  const auto now = loop_.Now();
  const std::size_t before = channel.send_queue.size();
  // All messages of a channel live equally long: the first expires first.
  while (!channel.send_queue.empty() && channel.send_queue.front().begun == 0 &&
         channel.send_queue.front().expires && *channel.send_queue.front().expires < now) {
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

void ChannelMux::Impl::DropSendQueue(Channel& channel) {
  std::size_t dropped = 0;
  // What the association has a piece of must go on: it could not send anything else on the stream.
  // A message in parts need not: the other end drops it when the stream is reset.
  const bool keep = !over_ && !channel.send_queue.empty() && channel.send_queue.front().begun > 0 &&
                    !channel.send_queue.front().in_parts;
  StopParts(channel);
  while (channel.send_queue.size() > (keep ? 1 : 0)) {
    const OutgoingMessage& message = channel.send_queue.back();
    if (message.counts) dropped += message.data.size() - message.begun;
    if (message.begun > 0 && !message.in_parts) End(channel, message);
    channel.send_queue.pop_back();
    --queued_messages_;
  }
  SetBuffered(channel, channel.buffered - std::min(channel.buffered, dropped));
}

}  // namespace pairwire::sctp

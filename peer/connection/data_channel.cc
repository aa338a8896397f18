// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The DataChannel handle: checks on the caller's thread, work posted to the loop.
#include <pairwire/data_channel.h>

#include <algorithm>
#include <string>
#include <utility>

#include "peer/connection/data_channel_impl.h"
#include "peer/connection/network_core.h"
#include "peer/connection/peer_connection_core.h"

namespace pairwire {
namespace {

// An empty message travels as one byte (RFC 8831 section 6.6), so it costs one here too.
std::size_t CostOf(std::size_t size) { return std::max<std::size_t>(size, 1); }

}  // namespace

std::string_view ToString(DataChannelState state) {
  switch (state) {
    case DataChannelState::kConnecting:
      return "connecting";
    case DataChannelState::kOpen:
      return "open";
    case DataChannelState::kClosing:
      return "closing";
    case DataChannelState::kClosed:
      return "closed";
  }
  return "closed";
}

Result<void> SendBudget::Take(std::size_t cost) {
  if (cost > max_buffered_amount) {
    return Fail(Errc::kMessageTooLarge,
                "max_buffered_amount is " + std::to_string(max_buffered_amount));
  }
  const std::size_t before = buffered.fetch_add(cost, std::memory_order_relaxed);
  if (before + cost > max_buffered_amount) {
    buffered.fetch_sub(cost, std::memory_order_relaxed);
    return Fail(Errc::kBufferFull, std::to_string(before) + " bytes are waiting");
  }
  return {};
}

// Takes the message into account, or says why it cannot be sent.
Result<void> DataChannel::Impl::Accept(std::size_t cost) {
  switch (state.load(std::memory_order_acquire)) {
    case DataChannelState::kConnecting:
      return Fail(Errc::kInvalidState, "the channel is not open yet");
    case DataChannelState::kOpen:
      break;
    case DataChannelState::kClosing:
    case DataChannelState::kClosed:
      return Fail(Errc::kClosed, "the channel is closing or closed");
  }
  const std::size_t limit = budget->max_message_size.load(std::memory_order_relaxed);
  if (limit != 0 && cost > limit) {
    return Fail(Errc::kMessageTooLarge, "the message has " + std::to_string(cost) +
                                            " bytes, the other end takes " + std::to_string(limit));
  }
  const std::size_t waiting = budget->waiting_messages();
  if (waiting >= SendBudget::kMaxWaitingMessages) {
    return Fail(Errc::kBufferFull, std::to_string(waiting) + " messages are waiting");
  }
  if (auto taken = budget->Take(cost); !taken) return taken;
  buffered.fetch_add(cost, std::memory_order_relaxed);
  return {};
}

Result<void> DataChannel::Impl::Send(const std::shared_ptr<Impl>& self, ByteSpan data,
                                     bool is_text) {
  const std::size_t cost = CostOf(data.size());
  if (auto accepted = self->Accept(cost); !accepted) return accepted;
  if (!self->link->IsCurrent()) {
    return self->Mail(self, sctp::Payload(Bytes(data.begin(), data.end())), is_text);
  }
  auto sent = self->core == nullptr ? Fail(Errc::kClosed, "the channel is closed")
                                    : self->core->SendNow(*self, data, is_text);
  if (!sent) self->Return(cost);
  return sent;
}

Result<void> DataChannel::Impl::Send(const std::shared_ptr<Impl>& self, sctp::Payload& data,
                                     bool is_text) {
  const std::size_t cost = CostOf(data.size());
  if (auto accepted = self->Accept(cost); !accepted) return accepted;
  if (!self->link->IsCurrent()) return self->Mail(self, std::move(data), is_text);
  auto sent = self->core == nullptr ? Fail(Errc::kClosed, "the channel is closed")
                                    : self->core->SendNow(*self, data, is_text);
  if (!sent) self->Return(cost);
  return sent;
}

Result<void> DataChannel::Impl::Mail(const std::shared_ptr<Impl>& self, sctp::Payload data,
                                     bool is_text) {
  bool first;
  {
    const std::lock_guard lock(mailbox_mutex);
    first = mailbox.empty();
    mailbox.push_back({std::move(data), is_text});
    budget->in_mailboxes.fetch_add(1, std::memory_order_relaxed);
    has_mail.store(true, std::memory_order_relaxed);
  }
  if (first && !link->Post([self](NetworkCore& network) {
        if (auto* peer = network.Find(self->peer_id)) peer->DrainMailbox(*self);
      })) {
    state.store(DataChannelState::kClosed, std::memory_order_release);
    return Fail(Errc::kClosed, "the network is gone");
  }
  return {};
}

void DataChannel::Impl::Return(std::size_t cost) {
  budget->GiveBack(cost);
  buffered.fetch_sub(cost, std::memory_order_relaxed);
}

bool DataChannel::Impl::Release(std::size_t bytes) {
  budget->GiveBack(bytes);
  const std::size_t before = buffered.fetch_sub(bytes, std::memory_order_relaxed);
  const std::size_t threshold = low_threshold.load(std::memory_order_relaxed);
  return before > threshold && before - bytes <= threshold;
}

DataChannel DataChannelFactory::Make(std::shared_ptr<DataChannel::Impl> impl) {
  return DataChannel(std::move(impl));
}

DataChannel::DataChannel() = default;
DataChannel::DataChannel(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
DataChannel::DataChannel(DataChannel&&) noexcept = default;

DataChannel& DataChannel::operator=(DataChannel&& other) noexcept {
  DataChannel old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

DataChannel::~DataChannel() {
  if (!impl_) return;
  impl_->link->RunAndWait([&](NetworkCore& network) {
    if (auto* peer = network.Find(impl_->peer_id)) {
      peer->DetachChannel(impl_);
    } else {
      impl_->detached = true;
      impl_->events = {};
    }
  });
}

void DataChannel::Subscribe(DataChannelEvents events) {
  if (!impl_) return;
  impl_->link->Post([impl = impl_, events = std::move(events)](NetworkCore& network) mutable {
    if (impl->detached) return;
    impl->events = std::move(events);
    if (auto* peer = network.Find(impl->peer_id)) peer->ChannelSubscribed(impl);
  });
}

Result<void> DataChannel::Send(std::string_view text) {
  if (!impl_) return Fail(Errc::kClosed, "an empty handle");
  return Impl::Send(impl_, AsBytes(text), true);
}

Result<void> DataChannel::Send(ByteSpan data) {
  if (!impl_) return Fail(Errc::kClosed, "an empty handle");
  return Impl::Send(impl_, data, false);
}

Result<void> DataChannel::Send(Bytes&& data) {
  if (!impl_) return Fail(Errc::kClosed, "an empty handle");
  sctp::Payload payload(std::move(data));
  auto sent = Impl::Send(impl_, payload, false);
  if (!sent) data = payload.TakeOwn();
  return sent;
}

Result<void> DataChannel::Send(SharedBytes data) {
  if (!impl_) return Fail(Errc::kClosed, "an empty handle");
  if (!data) return Fail(Errc::kInvalidArgument, "no bytes");
  sctp::Payload payload(std::move(data));
  return Impl::Send(impl_, payload, false);
}

Result<void> DataChannel::SendGathered(std::span<const ByteSpan> parts) {
  Bytes whole;
  std::size_t size = 0;
  for (const ByteSpan part : parts) size += part.size();
  whole.reserve(size);
  for (const ByteSpan part : parts) whole.insert(whole.end(), part.begin(), part.end());
  return Send(std::move(whole));
}

void DataChannel::WhenWritable(std::size_t bytes, std::function<void(Result<void>)> done) {
  // `done` may destroy this handle before Post returns.
  const auto impl = impl_;
  if (!impl) {
    done(Fail(Errc::kClosed, "an empty handle"));
    return;
  }
  const bool posted = impl->link->Post([impl, bytes, done](NetworkCore& network) mutable {
    if (auto* peer = network.Find(impl->peer_id)) {
      peer->WaitUntilWritable(impl, bytes, std::move(done));
    } else {
      done(Fail(Errc::kClosed, "the connection is gone"));
    }
  });
  if (!posted) done(Fail(Errc::kClosed, "the network is gone"));
}

std::size_t DataChannel::buffered_amount() const {
  return impl_ ? impl_->buffered.load(std::memory_order_relaxed) : 0;
}

void DataChannel::SetBufferedAmountLowThreshold(std::size_t bytes) {
  if (impl_) impl_->low_threshold.store(bytes, std::memory_order_relaxed);
}

void DataChannel::PauseReceiving() {
  if (!impl_) return;
  impl_->link->Post([impl = impl_](NetworkCore& network) {
    if (auto* peer = network.Find(impl->peer_id)) peer->PauseChannel(*impl, true);
  });
}

void DataChannel::ResumeReceiving() {
  if (!impl_) return;
  impl_->link->Post([impl = impl_](NetworkCore& network) {
    if (auto* peer = network.Find(impl->peer_id)) peer->PauseChannel(*impl, false);
  });
}

void DataChannel::Close() {
  if (!impl_) return;
  DataChannelState expected = DataChannelState::kOpen;
  if (!impl_->state.compare_exchange_strong(expected, DataChannelState::kClosing)) {
    expected = DataChannelState::kConnecting;
    if (!impl_->state.compare_exchange_strong(expected, DataChannelState::kClosing)) return;
  }
  impl_->link->Post([impl = impl_](NetworkCore& network) {
    if (auto* peer = network.Find(impl->peer_id)) peer->CloseChannel(*impl);
  });
}

DataChannelState DataChannel::state() const {
  return impl_ ? impl_->state.load(std::memory_order_acquire) : DataChannelState::kClosed;
}

const std::string& DataChannel::label() const {
  static const std::string kEmpty;
  return impl_ ? impl_->label : kEmpty;
}

const std::string& DataChannel::protocol() const {
  static const std::string kEmpty;
  return impl_ ? impl_->init.protocol : kEmpty;
}

bool DataChannel::ordered() const { return !impl_ || impl_->init.ordered; }

std::optional<std::uint16_t> DataChannel::max_retransmits() const {
  return impl_ ? impl_->init.max_retransmits : std::nullopt;
}

std::optional<std::chrono::milliseconds> DataChannel::max_packet_life_time() const {
  return impl_ ? impl_->init.max_packet_life_time : std::nullopt;
}

DataChannelPriority DataChannel::priority() const {
  return impl_ ? impl_->init.priority : DataChannelPriority::kLow;
}

bool DataChannel::negotiated() const { return impl_ && impl_->init.negotiated; }

std::optional<std::uint16_t> DataChannel::id() const {
  const int id = impl_ ? impl_->stream_id.load(std::memory_order_relaxed) : -1;
  if (id < 0) return std::nullopt;
  return static_cast<std::uint16_t>(id);
}

}  // namespace pairwire

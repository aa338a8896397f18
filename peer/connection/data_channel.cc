// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The DataChannel handle: checks on the caller's thread, work posted to the loop.
#include <pairwire/data_channel.h>

#include "peer/connection/data_channel_impl.h"
#include "peer/connection/network_core.h"
#include "peer/connection/peer_connection_core.h"

namespace pairwire {

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

Result<void> DataChannel::Impl::Send(const std::shared_ptr<Impl>& self, ByteSpan data,
                                     bool is_text) {
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
  if (limit != 0 && data.size() > limit) {
    return Fail(Errc::kMessageTooLarge, "the message has " + std::to_string(data.size()) +
                                            " bytes, the other end takes " + std::to_string(limit));
  }
  // An empty message travels as one byte (RFC 8831 section 6.6), so it costs one here too.
  const std::size_t cost = std::max<std::size_t>(data.size(), 1);
  const std::size_t before = budget->buffered.fetch_add(cost, std::memory_order_relaxed);
  if (before + cost > budget->max_buffered_amount) {
    budget->buffered.fetch_sub(cost, std::memory_order_relaxed);
    return Fail(Errc::kBufferFull, std::to_string(before) + " bytes are waiting");
  }
  buffered.fetch_add(cost, std::memory_order_relaxed);

  bool first;
  {
    const std::lock_guard lock(mailbox_mutex);
    first = mailbox.empty();
    mailbox.push_back({Bytes(data.begin(), data.end()), is_text});
  }
  if (first && !link->Post([self](NetworkCore& network) {
        if (auto* peer = network.Find(self->peer_id)) peer->DrainMailbox(*self);
      })) {
    state.store(DataChannelState::kClosed, std::memory_order_release);
    return Fail(Errc::kClosed, "the network is gone");
  }
  return {};
}

bool DataChannel::Impl::Release(std::size_t bytes) {
  budget->buffered.fetch_sub(bytes, std::memory_order_relaxed);
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
  return impl_->Send(impl_, AsBytes(text), true);
}

Result<void> DataChannel::Send(ByteSpan data) {
  if (!impl_) return Fail(Errc::kClosed, "an empty handle");
  return impl_->Send(impl_, data, false);
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

bool DataChannel::negotiated() const { return impl_ && impl_->init.negotiated; }

std::optional<std::uint16_t> DataChannel::id() const {
  const int id = impl_ ? impl_->stream_id.load(std::memory_order_relaxed) : -1;
  if (id < 0) return std::nullopt;
  return static_cast<std::uint16_t>(id);
}

}  // namespace pairwire

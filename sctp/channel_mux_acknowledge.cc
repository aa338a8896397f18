// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the mux has sent and the other end has not acknowledged: whose bytes they are, and what an
// acknowledgement sets free.
#include <algorithm>
#include <limits>

#include "sctp/channel_mux_impl.h"

namespace pairwire::sctp {
namespace {

// What usrsctp needs to keep a message, about; counted only to bound how many tiny ones it has.
constexpr std::size_t kMessageOverhead = 64;

// Channel::parts_end of a message that ends by the stream's reset.
constexpr std::uint64_t kAtReset = std::numeric_limits<std::uint64_t>::max();

}  // namespace

void ChannelMux::Impl::AddInFlight(Channel& channel, std::size_t bytes, bool counts) {
  if (in_flight_bytes_ == 0) last_progress_ = loop_.Now();
  in_flight_bytes_ += bytes;
  in_flight_overhead_ += kMessageOverhead;
  attributed_bytes_ += bytes;
  (counts ? channel.in_flight : channel.dcep_in_flight) += bytes;
  if (counts) channel.handed_over += bytes;
}

void ChannelMux::Impl::SubtractInFlight(Channel& channel, std::size_t bytes) {
  const std::size_t dcep = std::min(channel.dcep_in_flight, bytes);
  const std::size_t user = std::min(channel.in_flight, bytes - dcep);
  channel.dcep_in_flight -= dcep;
  channel.in_flight -= user;
  attributed_bytes_ -= dcep + user;
  SetBuffered(channel, channel.buffered - std::min(channel.buffered, user));
  const bool in_middle = !channel.send_queue.empty() && channel.send_queue.front().in_parts;
  if (!in_middle && channel.handed_over - channel.in_flight >= channel.parts_end) {
    ReleaseParts(channel);
  }
}

void ChannelMux::Impl::ReleaseParts(Channel& channel) {
  if (channel.parts_end == 0) return;
  channel.parts_end = 0;
  small_parts_.Release(channel.id);
  large_parts_.Release(channel.id);
}

void ChannelMux::Impl::StopParts(Channel& channel) {
  small_parts_.StopWaiting(channel.id);
  large_parts_.StopWaiting(channel.id);
  if (!channel.send_queue.empty() && channel.send_queue.front().in_parts) {
    channel.parts_end = kAtReset;
  }
}

void ChannelMux::Impl::SetBuffered(Channel& channel, std::size_t bytes) {
  if (bytes == channel.buffered) return;
  total_buffered_ = total_buffered_ - channel.buffered + bytes;
  channel.buffered = bytes;
  if (channel.visible) events_.OnChannelBufferedAmount(channel.id, bytes);
}

void ChannelMux::Impl::OnSctpAcknowledged(std::size_t unacknowledged_bytes) {
  if (unacknowledged_bytes < in_flight_bytes_) {
    last_progress_ = loop_.Now();
    // In proportion: it is an estimate.
    in_flight_overhead_ = static_cast<std::size_t>(std::uint64_t{in_flight_overhead_} *
                                                   unacknowledged_bytes / in_flight_bytes_);
    in_flight_bytes_ = unacknowledged_bytes;
  }
  for (const StreamBytes& part : association_->acknowledged()) {
    if (Channel* const channel = FindByStream(part.stream)) SubtractInFlight(*channel, part.bytes);
  }
  // What was given up unsent belongs to channels that give up; what is left then, to streams that
  // have had another channel meanwhile.
  if (attributed_bytes_ > unacknowledged_bytes) AttributeRest(unacknowledged_bytes, true);
  if (attributed_bytes_ > unacknowledged_bytes) AttributeRest(unacknowledged_bytes, false);
  blocked_ = false;
  Pump();
  RunEvents();
}

void ChannelMux::Impl::AttributeRest(std::size_t unacknowledged, bool limited_only) {
  for (const auto& [id, channel] : channels_) {
    const bool limited = channel->options.max_retransmits || channel->options.max_life_time;
    if (limited_only && !limited) continue;
    SubtractInFlight(*channel, attributed_bytes_ - unacknowledged);
    if (attributed_bytes_ <= unacknowledged) return;
  }
}

}  // namespace pairwire::sctp

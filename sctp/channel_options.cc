// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/channel_options.h"

#include <algorithm>

namespace pairwire::sctp {
namespace {

// W3C RTCDataChannelInit: both limits are an unsigned short.
constexpr std::uint32_t kMaxReliability = 65'535;

// RFC 8832 section 6: 65535 is reserved, an association has at most 65535 streams.
constexpr std::uint16_t kLastStream = 65'534;

}  // namespace

Result<void> CheckChannelOptions(const ChannelOptions& options) {
  if (options.max_retransmits && options.max_life_time) {
    return Fail(Errc::kInvalidArgument, "retransmits and life time cannot both be limited");
  }
  if (options.max_life_time &&
      (options.max_life_time->count() < 0 || options.max_life_time->count() > kMaxReliability)) {
    return Fail(Errc::kInvalidArgument, "a life time is 0 to 65535 ms");
  }
  if (options.negotiated != options.id.has_value()) {
    return Fail(Errc::kInvalidArgument, options.negotiated
                                            ? "a negotiated channel needs an id"
                                            : "only a negotiated channel may choose its id");
  }
  if (options.id && *options.id > kLastStream) {
    return Fail(Errc::kInvalidArgument, "a channel's id is 0 to 65534");
  }
  if (options.label.size() > kMaxLabelLength || options.protocol.size() > kMaxLabelLength) {
    return Fail(Errc::kLimitExceeded,
                "label and protocol may have " + std::to_string(kMaxLabelLength) + " bytes each");
  }
  return {};
}

DcepOpen ToDcepOpen(const ChannelOptions& options) {
  DcepOpen open;
  open.priority = options.priority;
  open.label = options.label;
  open.protocol = options.protocol;
  if (options.max_retransmits) {
    open.type = options.ordered ? DcepChannelType::kLimitedRetransmits
                                : DcepChannelType::kLimitedRetransmitsUnordered;
    open.reliability = *options.max_retransmits;
  } else if (options.max_life_time) {
    open.type = options.ordered ? DcepChannelType::kLimitedLifetime
                                : DcepChannelType::kLimitedLifetimeUnordered;
    open.reliability = static_cast<std::uint32_t>(options.max_life_time->count());
  } else {
    open.type = options.ordered ? DcepChannelType::kReliable : DcepChannelType::kReliableUnordered;
  }
  return open;
}

ChannelOptions FromDcepOpen(const DcepOpen& open, StreamId stream) {
  ChannelOptions options;
  options.label = open.label;
  options.protocol = open.protocol;
  options.priority = open.priority;
  options.id = ToInt(stream);
  const auto limit = static_cast<std::uint16_t>(std::min(open.reliability, kMaxReliability));
  switch (open.type) {
    case DcepChannelType::kReliableUnordered:
      options.ordered = false;
      break;
    case DcepChannelType::kReliable:
      break;
    case DcepChannelType::kLimitedRetransmitsUnordered:
      options.ordered = false;
      options.max_retransmits = limit;
      break;
    case DcepChannelType::kLimitedRetransmits:
      options.max_retransmits = limit;
      break;
    case DcepChannelType::kLimitedLifetimeUnordered:
      options.ordered = false;
      options.max_life_time = std::chrono::milliseconds(limit);
      break;
    case DcepChannelType::kLimitedLifetime:
      options.max_life_time = std::chrono::milliseconds(limit);
      break;
  }
  return options;
}

}  // namespace pairwire::sctp

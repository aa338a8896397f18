// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ChannelOptions: how a DataChannel is made and what it promises (W3C RTCDataChannelInit), and the
// way from and to a DCEP OPEN (RFC 8832 section 5.1). Values only.
#ifndef PAIRWIRE_SCTP_CHANNEL_OPTIONS_H_
#define PAIRWIRE_SCTP_CHANNEL_OPTIONS_H_

#include <pairwire/result.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "sctp/association.h"
#include "sctp/dcep.h"

namespace pairwire::sctp {

struct ChannelOptions {
  // UTF-8 as the maker says, not checked; at most kMaxLabelLength bytes each.
  std::string label = {};
  std::string protocol = {};

  // Of each message (association.h: Delivery). At most one of the two limits.
  bool ordered = true;
  std::optional<std::uint16_t> max_retransmits = std::nullopt;
  std::optional<std::chrono::milliseconds> max_life_time = std::nullopt;  // 0..65535

  // True: both ends make the channel with the same `id` (0..65534), nothing is announced in-band.
  // False: `id` is empty, a number is chosen; in OnChannelIncoming it is the number.
  bool negotiated = false;
  std::optional<std::uint16_t> id = std::nullopt;

  // RFC 8831 section 6.4, RFC 8832 section 5.1: the share of what the path takes, in proportion to
  // other channels' (send_scheduler.h).
  std::uint16_t priority = 256;

  Delivery delivery() const { return {ordered, max_retransmits, max_life_time}; }

  bool operator==(const ChannelOptions&) const = default;
};

// kInvalidArgument: both limits, a life time out of range, an id without negotiated or the reverse,
// id 65535. kLimitExceeded: label or protocol over kMaxLabelLength.
Result<void> CheckChannelOptions(const ChannelOptions& options);

DcepOpen ToDcepOpen(const ChannelOptions& options);

// Limits over what W3C can say (65535) become 65535.
ChannelOptions FromDcepOpen(const DcepOpen& open, StreamId stream);

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_CHANNEL_OPTIONS_H_

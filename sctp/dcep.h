// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DCEP, the two messages by which a DataChannel is opened (RFC 8832 section 5): OPEN and ACK, from
// and to bytes. No state, no streams: channel_mux decides what they mean.
#ifndef PAIRWIRE_SCTP_DCEP_H_
#define PAIRWIRE_SCTP_DCEP_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "sctp/types.h"

namespace pairwire::sctp {

// RFC 8832 section 5.1. The high bit says unordered.
enum class DcepChannelType : std::uint8_t {
  kReliable = 0x00,
  kReliableUnordered = 0x80,
  kLimitedRetransmits = 0x01,
  kLimitedRetransmitsUnordered = 0x81,
  kLimitedLifetime = 0x02,
  kLimitedLifetimeUnordered = 0x82,
};

struct DcepOpen {
  DcepChannelType type = DcepChannelType::kReliable;
  std::uint16_t priority = 256;   // RFC 8831 section 6.4: "normal".
  std::uint32_t reliability = 0;  // Retransmits or milliseconds; ignored for reliable types.
  std::string label = {};
  std::string protocol = {};

  bool operator==(const DcepOpen&) const = default;
};

struct DcepAck {
  bool operator==(const DcepAck&) const = default;
};

using DcepMessage = std::variant<DcepOpen, DcepAck>;

// kLimitExceeded: label or protocol over kMaxLabelLength.
Result<Bytes> EncodeDcepOpen(const DcepOpen& open);
Bytes EncodeDcepAck();

// kParseError: unknown message or channel type, or lengths that do not add up to the message's own.
// kLimitExceeded: label or protocol over `max_label`. One byte past an ACK is an error, too.
Result<DcepMessage> DecodeDcep(ByteSpan message, std::size_t max_label = kMaxLabelLength);

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_DCEP_H_
